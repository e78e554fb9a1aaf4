#include "course/items/item_state.h"

#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

std::string state_path(const WorkFolder& folder, const std::string& name) {
  return folder.state_folder() + "/items/" + name + ".json";
}

}  // namespace

ItemState read_item_state(const WorkFolder& folder, const std::string& name) {
  const std::string path = state_path(folder, name);
  if (!file_exists(path)) return {};
  try {
    const auto json = read_json_file(path);
    ItemState state;
    state.attempt = json.at("attempt");
    state.finished = json.at("finished");
    state.sha256 = json.at("sha256");
    state.answers = json.at("answers").get<std::map<std::string, std::string>>();
    return state;
  } catch (const InputError&) {
  } catch (const nlohmann::json::exception&) {
  }
  return {};
}

void write_item_state(const WorkFolder& folder, const std::string& name, const ItemState& state) {
  make_folder(folder.state_folder() + "/items");
  const nlohmann::ordered_json json = {{"attempt", state.attempt},
                                       {"finished", state.finished},
                                       {"sha256", state.sha256},
                                       {"answers", state.answers}};
  write_file(state_path(folder, name), json.dump(1) + "\n");
}

}  // namespace pupil::course
