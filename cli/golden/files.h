// How cases read reference folders: inputs apart from expected values.
#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/golden/values.h"
#include "nn/safetensors.h"

namespace pupil::golden {

using Json = nlohmann::ordered_json;

/// A JSON value, or one a line. Throw InputError naming the file (and line).
Json read_json(const std::string& path);
std::vector<Json> read_json_lines(const std::string& path);

/// The tensors of a file whose names begin with one of the prefixes given: the inputs. All others
/// are out of reach.
class InputTensors {
 public:
  InputTensors(const std::string& path, std::initializer_list<std::string_view> prefixes);
  bool contains(const std::string& name) const;
  std::vector<std::string> names() const;
  Tensor f64(const std::string& name) const { return read(name, DType::kFloat64); }
  Tensor i32(const std::string& name) const { return read(name, DType::kInt32); }
  /// As it is stored: floats as f64, integers as i32.
  Tensor as_stored(const std::string& name) const;

 private:
  Tensor read(const std::string& name, DType dtype) const;
  SafetensorsFile file_;
  std::vector<std::string> prefixes_;
};

/// All tensors of a file of expected values.
Expected expected_tensors(const std::string& path, Tolerance tolerance);

/// Folders inside `dir`, sorted by name; hidden ones apart.
std::vector<std::string> folders_in(const std::string& dir);

/// True when `dir`/left_out.json, a list of file names, says that this copy of the reference values
/// leaves the file out on purpose: cases that need it are then not made. Any other missing file is
/// an error.
bool left_out(const std::string& dir, const std::string& file);

}  // namespace pupil::golden
