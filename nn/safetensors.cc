#include "nn/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "nn/file.h"
#include "nn/float_formats.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestHeader = 100'000'000;  // the official library's bound

struct TypeInfo {
  const char* name;
  std::size_t bytes;
};
constexpr TypeInfo kTypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2},    {"I64", 8},
                               {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},      {"BOOL", 1},
                               {"U16", 2}, {"U32", 4}, {"U64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

// Builds the header's values by hand, so that a duplicate name is seen and nothing nests deeply.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  std::map<std::string, StoredTensor> entries;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) override {
    if (++depth_ == 2) entry_ = Entry(), fields_.clear();
    if (depth_ > 2) fail("an object inside an entry");
    return true;
  }
  bool key(std::string& key) override {
    (depth_ == 1 ? name_ : field_) = key;
    if (depth_ == 1 && !names_.emplace(key, true).second) {
      throw InputError(fmt::format("{}: tensor {} stands twice in the header", path_, key));
    }
    if (depth_ == 2 && !fields_.insert(key).second) fail("two values");
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1 && name_ != "__metadata__") finish_entry();
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_array_ || name_ == "__metadata__") fail("a list where none belongs");
    in_array_ = true;
    if (field_ == "shape") entry_.has_shape = true;
    if (field_ == "data_offsets") entry_.has_offsets = true;
    return true;
  }
  bool end_array() override { return in_array_ = false, true; }
  bool string(std::string& text) override {
    if (depth_ == 2 && name_ == "__metadata__") {
      metadata[field_] = text;
    } else if (depth_ == 2 && field_ == "dtype" && !in_array_) {
      entry_.dtype = text;
    } else {
      fail("text where none belongs");
    }
    return true;
  }
  bool number_unsigned(std::uint64_t n) override {
    if (!in_array_) fail("a number where none belongs");
    if (n > std::uint64_t(INT64_MAX)) fail("a number beyond 2^63");
    if (field_ == "shape") entry_.shape.push_back(std::int64_t(n));
    if (field_ == "data_offsets") entry_.offsets.push_back(std::size_t(n));
    return true;
  }
  bool number_integer(std::int64_t n) override { fail(fmt::format("the negative number {}", n)); }
  bool number_float(double, const std::string& text) override {
    fail(fmt::format("{}, which is not an integer", text));
  }
  bool null() override { fail("null"); }
  bool boolean(bool) override { fail("true or false"); }
  bool binary(Json::binary_t&) override { fail("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& e) override {
    std::string reason = e.what();
    constexpr std::string_view kBefore = "syntax error while parsing ";
    if (const auto at = reason.find(kBefore); at != reason.npos) {
      reason = reason.substr(at + kBefore.size());
    }
    throw InputError(fmt::format("{}: the header is not valid JSON at its byte {}: {}", path_,
                                 position, reason));
  }

 private:
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::size_t> offsets;
    bool has_shape = false, has_offsets = false;
  };
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}{}{} holds {}", path_,
                                 name_ == "__metadata__" ? "" : "header entry ", name_,
                                 field_.empty() ? "" : " field " + field_, what));
  }
  void finish_entry() {
    const auto need = [&](bool holds, const std::string& message) {
      if (!holds) throw InputError(fmt::format("{}: tensor {}: {}", path_, name_, message));
    };
    need(!entry_.dtype.empty(), "the field dtype is missing");
    need(entry_.has_shape, "the field shape is missing");
    need(entry_.has_offsets, "the field data_offsets is missing");
    need(entry_.offsets.size() == 2, "data_offsets must be two numbers");
    need(entry_.offsets[0] <= entry_.offsets[1], "data_offsets run backwards");
    const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const TypeInfo& t) { return entry_.dtype == t.name; });
    need(type != std::end(kTypes), fmt::format("unknown dtype {}", entry_.dtype));
    std::size_t bytes = type->bytes;
    for (const std::int64_t n : entry_.shape) {
      need(!__builtin_mul_overflow(bytes, std::size_t(n), &bytes), "the shape's size overflows");
    }
    need(bytes == entry_.offsets[1] - entry_.offsets[0],
         fmt::format("its shape needs {} bytes, its data_offsets span {}", bytes,
                     entry_.offsets[1] - entry_.offsets[0]));
    entries[name_] = {entry_.dtype, entry_.shape, entry_.offsets[0], entry_.offsets[1]};
  }

  const std::string& path_;
  int depth_ = 0;
  bool in_array_ = false;
  std::string name_, field_;
  std::map<std::string, bool> names_;
  std::set<std::string> fields_;  // of the entry
  Entry entry_;
};

template <class To>
void convert(const std::string& type, const std::byte* from, To* to, std::int64_t n) {
  const auto each = [&]<class Stored>(auto&& value) {
    for (std::int64_t i = 0; i < n; ++i) {
      Stored raw;
      std::memcpy(&raw, from + i * sizeof(Stored), sizeof(Stored));
      to[i] = static_cast<To>(value(raw));
    }
  };
  const auto same = [](auto raw) { return raw; };
  if (type == "F64") return each.template operator()<double>(same);
  if (type == "F32") return each.template operator()<float>(same);
  if (type == "F16") return each.template operator()<std::uint16_t>(float_from_half);
  if (type == "BF16") return each.template operator()<std::uint16_t>(float_from_bfloat16);
  if (type == "I64") return each.template operator()<std::int64_t>(same);
  if (type == "I32") return each.template operator()<std::int32_t>(same);
  if (type == "I16") return each.template operator()<std::int16_t>(same);
  if (type == "I8") return each.template operator()<std::int8_t>(same);
  return each.template operator()<std::uint8_t>(same);  // U8, BOOL
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe never waits
  if (fd < 0) throw InputError(fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  struct stat status {};
  ::fstat(fd, &status);
  if (!S_ISREG(status.st_mode)) {
    ::close(fd);
    throw InputError(fmt::format("{}: is no file; a safetensors file is needed", path));
  }
  const auto size = std::size_t(status.st_size);
  if (size < 8) {
    ::close(fd);
    throw InputError(
        fmt::format("{}: {} bytes; a safetensors file has at least an 8-byte header "
                    "length",
                    path, size));
  }
  void* const start =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  ::close(fd);
  if (start == MAP_FAILED) {
    throw InputError(fmt::format("{}: cannot map the file: {}", path, std::strerror(errno)));
  }
  mapping_ = std::shared_ptr<void>(start, [size](void* p) { ::munmap(p, size); });
  const auto* bytes = static_cast<const std::byte*>(start);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes, 8);
  if (header > kLargestHeader || header > size - 8) {
    throw InputError(
        fmt::format("{}: the header says it is {} bytes long, the file has {}; this is no "
                    "safetensors file, or it is cut off",
                    path, header, size));
  }
  const auto* text = reinterpret_cast<const char*>(bytes + 8);
  if (header == 0 || text[0] != '{') {
    throw InputError(fmt::format("{}: the header must be a JSON object", path));
  }
  HeaderReader reader(path_);
  Json::sax_parse(text, text + header, &reader);
  entries_ = std::move(reader.entries);
  metadata_ = std::move(reader.metadata);
  data_ = bytes + 8 + header;

  // The bytes must be covered without a gap, an overlap or a rest.
  std::vector<std::pair<const StoredTensor*, const std::string*>> order;
  for (const auto& [name, entry] : entries_) order.push_back({&entry, &name});
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
  });
  std::size_t covered = 0;
  for (const auto& [entry, name] : order) {
    if (entry->begin != covered) {
      throw InputError(
          fmt::format("{}: tensor {} begins at byte {} of the data, {} are covered by "
                      "the tensors before it",
                      path, *name, entry->begin, covered));
    }
    covered = entry->end;
  }
  const std::size_t available = size - 8 - header;
  if (covered != available) {
    throw InputError(fmt::format("{}: the tensors need {} bytes of data, the file has {}", path,
                                 covered, available));
  }
}

Tensor SafetensorsFile::read(const std::string& name, DType dtype) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw InputError(fmt::format("{}: no tensor {}", path_, name));
  const StoredTensor& entry = found->second;
  const bool readable = entry.dtype[0] == 'F' ? entry.dtype.size() <= 3
                                              : entry.dtype[0] != 'U' || entry.dtype == "U8";
  if (!readable) {
    throw InputError(
        fmt::format("{}: tensor {} is {}; F64, F32, F16, BF16 and signed integers can "
                    "be read",
                    path_, name, entry.dtype));
  }
  if (entry.shape.size() > std::size_t(Shape::kMaxRank)) {
    throw InputError(fmt::format("{}: tensor {} has {} axes; at most {} are supported", path_, name,
                                 entry.shape.size(), Shape::kMaxRank));
  }
  Tensor t = Tensor::empty(Shape(std::span<const std::int64_t>(entry.shape)), dtype);
  const std::byte* from = data_ + entry.begin;
  switch (dtype) {
    case DType::kFloat32:
      convert(entry.dtype, from, t.data<float>(), t.numel());
      break;
    case DType::kFloat64:
      convert(entry.dtype, from, t.data<double>(), t.numel());
      break;
    case DType::kInt32:
      convert(entry.dtype, from, t.data<std::int32_t>(), t.numel());
      break;
  }
  return t;
}

Tensor SafetensorsFile::map(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw InputError(fmt::format("{}: no tensor {}", path_, name));
  const StoredTensor& entry = found->second;
  const std::byte* from = data_ + entry.begin;
  if (entry.dtype != "F32" || std::bit_cast<std::uintptr_t>(from) % alignof(float) != 0 ||
      entry.shape.size() > std::size_t(Shape::kMaxRank)) {
    return {};
  }
  return Tensor::borrow(const_cast<std::byte*>(from),
                        Shape(std::span<const std::int64_t>(entry.shape)), DType::kFloat32,
                        mapping_);
}

SaveType save_type(const std::string& name) {
  if (name == "f32") return SaveType::kF32;
  if (name == "f64") return SaveType::kF64;
  if (name == "f16") return SaveType::kF16;
  if (name == "bf16") return SaveType::kBF16;
  throw UsageError(fmt::format("unknown type \"{}\"; choose f32, f64, f16 or bf16", name));
}

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata, SaveType type) {
  const char* type_name = type == SaveType::kF32   ? "F32"
                          : type == SaveType::kF64 ? "F64"
                          : type == SaveType::kF16 ? "F16"
                                                   : "BF16";
  const std::size_t type_bytes = type == SaveType::kF64 ? 8 : type == SaveType::kF32 ? 4 : 2;
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  header["__metadata__"]["format"] = "pt";
  std::size_t offset = 0;
  for (const auto& [name, t] : tensors) {
    const bool integer = t.dtype() == DType::kInt32;
    const std::size_t bytes = std::size_t(t.numel()) * (integer ? 4 : type_bytes);
    header[name] = {{"dtype", integer ? "I32" : type_name},
                    {"shape", std::vector<std::int64_t>(t.shape().begin(), t.shape().end())},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin aligned
  const std::uint64_t length = text.size();

  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), 8});
  file.write(text);
  for (const auto& [name, t] : tensors) {
    const auto put = [&](const auto& values) {
      file.write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])});
    };
    if (t.dtype() == DType::kInt32) {
      put(t.span<std::int32_t>());
    } else if (type == SaveType::kF32) {
      put(t.to(DType::kFloat32).span<float>());
    } else if (type == SaveType::kF64) {
      put(t.to(DType::kFloat64).span<double>());
    } else {
      std::vector<std::uint16_t> packed;
      packed.reserve(t.numel());
      const Tensor f64 = t.to(DType::kFloat64);
      for (const double x : f64.span<double>()) {
        packed.push_back(type == SaveType::kF16 ? half_from_double(x) : bfloat16_from_double(x));
        const float kept = type == SaveType::kF16 ? float_from_half(packed.back())
                                                  : float_from_bfloat16(packed.back());
        if (std::isfinite(x) && !std::isfinite(kept)) {
          throw InputError(fmt::format("{}: tensor {} holds {}, which is beyond {}; save as f32",
                                       path, name, x, type_name));
        }
      }
      put(packed);
    }
  }
  file.commit();
}

}  // namespace pupil
