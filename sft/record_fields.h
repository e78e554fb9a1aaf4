// One JSON object -> one record. Include it in .cc files only.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sft/record.h"

namespace pupil {

/// A record that does not fit its form; the message says which field, what it is, what was
/// expected.
struct RecordFault {
  std::string reason;
  std::string unknown_role{};  ///< where that is what is wrong
};

/// By its fields: ids with labels, messages, instruction, prompt/completion, text, ids alone, in
/// this order. Throws RecordFault.
RecordForm recognise(const nlohmann::json& object);
/// `form` is not kAuto. Throws RecordFault.
Record parse_record(const nlohmann::json& object, RecordForm form);
Prompt parse_prompt(const nlohmann::json& object);

}  // namespace pupil
