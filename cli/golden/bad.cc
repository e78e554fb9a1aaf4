// Family bad: safetensors files that a reader must accept or reject.
#include <filesystem>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

// accepted: opened, and every tensor read. A rejection has to name the file and say what is wrong
// with it.
Values read_whole_file(const std::string& path) {
  Values values;
  bool named = true;
  try {
    const SafetensorsFile file(path);
    for (const auto& [name, entry] : file.entries()) {
      file.read(name, entry.dtype.starts_with("I") ? DType::kInt32 : DType::kFloat64);
    }
    values.put("accepted", 1);
  } catch (const InputError& e) {
    values.put("accepted", 0);
    const std::string message = e.what();
    named = message.starts_with(path + ": ") && message.size() > path.size() + 2;
  }
  values.put("message names the file and the cause", named);
  return values;
}

Expected expected_verdict(const Json& entry) {
  Expected expected;
  expected.put("accepted", double(entry.at("valid").get<bool>()), {});
  expected.put("message names the file and the cause", 1.0, {});
  return expected;
}

}  // namespace

std::vector<Case> bad_cases(const std::string& dir) {
  const std::string manifest = dir + "/manifest.json";
  std::vector<Case> cases;
  std::size_t i = 0;
  for (const Json& entry : read_json(manifest)) {
    const std::string name = entry.at("file"), path = dir + "/" + name;
    if (!left_out(dir, name)) {
      cases.push_back({"bad",
                       std::filesystem::path(name).stem().string(),
                       [=] {
                         if (!std::filesystem::exists(path)) {
                           throw InputError(path + ": no such file");
                         }
                         return read_whole_file(path);
                       },
                       [=] { return expected_verdict(read_json(manifest).at(i)); },
                       {}});
    }
    ++i;
  }
  return cases;
}

}  // namespace pupil::golden
