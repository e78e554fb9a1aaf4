// Answers so far, so that a set of items can be left and gone on with: .pupil/items/NAME.json,
// written after every answer.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "course/work_folder.h"

namespace pupil::course {

struct ItemState {
  std::int64_t attempt = 1;  ///< shuffles anew each time
  bool finished = false;
  std::string sha256{};                          ///< of the items' file; another one begins anew
  std::map<std::string, std::string> answers{};  ///< by the item's id, as typed
};

/// The state of the set `name`; an empty one when there is none or it is damaged.
ItemState read_item_state(const WorkFolder& folder, const std::string& name);
void write_item_state(const WorkFolder& folder, const std::string& name, const ItemState& state);

}  // namespace pupil::course
