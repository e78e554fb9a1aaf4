#include "cli/golden/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

constexpr const char* kLeftOut = "left_out.json";

bool starts_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return name.starts_with(prefix); });
}

bool is_integer(const StoredTensor& entry) {
  return !entry.dtype.starts_with("F") && entry.dtype != "BF16";
}

}  // namespace

Json read_json(const std::string& path) { return read_json_file<Json>(path); }

std::vector<Json> read_json_lines(const std::string& path) {
  std::vector<Json> lines;
  std::istringstream stream(read_file(path));
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (!line.empty())
      lines.push_back(parse_json_text<Json>(line, fmt::format("{}:{}", path, number)));
  }
  return lines;
}

InputTensors::InputTensors(const std::string& path,
                           std::initializer_list<std::string_view> prefixes)
    : file_(path), prefixes_(prefixes.begin(), prefixes.end()) {}

bool InputTensors::contains(const std::string& name) const {
  return starts_with_any(name, prefixes_) && file_.contains(name);
}

std::vector<std::string> InputTensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : file_.entries()) {
    if (contains(name)) names.push_back(name);
  }
  return names;
}

Tensor InputTensors::as_stored(const std::string& name) const {
  const bool integer = contains(name) && is_integer(file_.entries().at(name));
  return read(name, integer ? DType::kInt32 : DType::kFloat64);
}

Tensor InputTensors::read(const std::string& name, DType dtype) const {
  if (!contains(name)) {
    throw InputError(fmt::format("{}: there is no input {}", file_.path(), name));
  }
  return file_.read(name, dtype);
}

Expected expected_tensors(const std::string& path, Tolerance tolerance) {
  const SafetensorsFile file(path);
  Expected expected;
  for (const auto& [name, entry] : file.entries()) {
    expected.put(name, file.read(name, DType::kFloat64), tolerance);
  }
  return expected;
}

std::vector<std::string> folders_in(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !name.starts_with(".")) names.push_back(name);
  }
  if (error) throw InputError(fmt::format("{}: cannot list: {}", dir, error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

bool left_out(const std::string& dir, const std::string& file) {
  const std::string path = dir + "/" + kLeftOut;
  if (!file_exists(path)) return false;
  const Json list = read_json(path);
  return std::find(list.begin(), list.end(), Json(file)) != list.end();
}

}  // namespace pupil::golden
