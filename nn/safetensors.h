// The safetensors format: an 8-byte little-endian header length, a JSON header of names, element
// types, shapes and byte ranges, then the bytes. Files come from outside: everything is checked
// before it is used, and nothing is allocated beyond the file's size.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace pupil {

/// One entry of a file's header.
struct StoredTensor {
  std::string dtype;  ///< "F32", "BF16", "I64", ... as in the file
  std::vector<std::int64_t> shape;
  std::size_t begin, end;  ///< bytes behind the header
};

/// An opened file, mapped into memory.
class SafetensorsFile {
 public:
  /// Throws InputError naming the file and the place of the first thing that is wrong.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, StoredTensor>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool contains(const std::string& name) const { return entries_.contains(name); }
  /// The tensor as `dtype`: F64, F32, F16, BF16 become floats; I64, I32, I16, I8, U8, BOOL become
  /// i32 when asked for it. Throws InputError: no such tensor, a type that cannot be read so.
  Tensor read(const std::string& name, DType dtype) const;
  /// The F32 tensor `name` as a part of the mapped file, without a copy (pages load when touched;
  /// writing is private). Undefined when the stored type or alignment does not allow it.
  Tensor map(const std::string& name) const;

 private:
  std::string path_;
  std::map<std::string, StoredTensor> entries_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<void> mapping_;
  const std::byte* data_ = nullptr;  // behind the header
};

enum class SaveType { kF32, kF64, kF16, kBF16 };
/// "f32", "f64", "f16", "bf16"; throws UsageError.
SaveType save_type(const std::string& name);

/// Writes all tensors (floats as `type`, i32 as I32) to a temporary file beside `path`, then
/// renames it. Throws InputError when the disk is full or the path cannot be written; `path` is
/// then as before.
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       SaveType type = SaveType::kF32);

}  // namespace pupil
