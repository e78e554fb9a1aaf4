// The safetensors format: bytes as other programs write them, and headers that lie.
#include "nn/safetensors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "nn/file.h"
#include "tensor/error.h"
#include "tests/training_run.h"

namespace pupil {
namespace {

using small::Folder;

std::string little_endian(std::uint64_t n) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(n >> 8 * i & 255);
  return bytes;
}
std::string file_of(const std::string& header, const std::string& data = "") {
  return little_endian(header.size()) + header + data;
}

// What opening a file with these bytes says; "" when it opens.
std::string error_of(const std::string& bytes) {
  const Folder folder;
  const std::string path = folder / "x.safetensors";
  write_file(path, bytes);
  try {
    SafetensorsFile file(path);
  } catch (const InputError& e) {
    const std::string message = e.what();
    EXPECT_EQ(message.rfind(path + ": ", 0), 0u) << message;
    return message.substr(path.size() + 2);
  }
  return "";
}
#define EXPECT_REFUSED(bytes, part)                                                \
  do {                                                                             \
    const std::string message_ = error_of(bytes);                                  \
    EXPECT_NE(message_.find(part), std::string::npos) << "\"" << message_ << "\""; \
  } while (false)

TEST(Safetensors, ReadsEveryElementTypeFromTheBytes) {
  const Folder folder;
  const std::string header = R"({"f64":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                             R"("f32":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
                             R"("f16":{"dtype":"F16","shape":[1,2],"data_offsets":[16,20]},)"
                             R"("bf16":{"dtype":"BF16","shape":[2],"data_offsets":[20,24]},)"
                             R"("i64":{"dtype":"I64","shape":[],"data_offsets":[24,32]},)"
                             R"("i8":{"dtype":"I8","shape":[3],"data_offsets":[32,35]},)"
                             R"("u8":{"dtype":"U8","shape":[1],"data_offsets":[35,36]},)"
                             R"("empty":{"dtype":"F32","shape":[0,7],"data_offsets":[36,36]},)"
                             R"("__metadata__":{"format":"pt","who":"me"}})";
  std::string data;
  const auto put = [&](auto value) {
    data.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  put(-0.1);
  put(1.5f), put(std::numeric_limits<float>::denorm_min());
  put(std::uint16_t(0x3c01)), put(std::uint16_t(0xfc00));
  put(std::uint16_t(0x4049)), put(std::uint16_t(0x0001));
  put(std::int64_t(-5));
  put(std::int8_t(-1)), put(std::int8_t(0)), put(std::int8_t(127));
  put(std::uint8_t(200));
  write_file(folder / "x", file_of(header, data));
  const SafetensorsFile file(folder / "x");
  EXPECT_EQ(file.entries().size(), 8u);
  EXPECT_EQ(file.metadata().at("who"), "me");
  const auto doubles = [&](const char* name) {
    return file.read(name, DType::kFloat64).to_vector<double>();
  };
  using Doubles = std::vector<double>;
  EXPECT_EQ(doubles("f64"), Doubles{-0.1});
  EXPECT_EQ(doubles("f32"), (Doubles{1.5, 0x1p-149}));
  EXPECT_EQ(doubles("f16"), (Doubles{1 + 0x1p-10, -INFINITY}));
  EXPECT_EQ(doubles("bf16"), (Doubles{3.140625, 0x1p-133}));
  EXPECT_EQ(file.read("i64", DType::kInt32).to_vector<std::int32_t>(), std::vector{-5});
  EXPECT_EQ(file.read("i8", DType::kInt32).to_vector<std::int32_t>(), (std::vector{-1, 0, 127}));
  EXPECT_EQ(file.read("u8", DType::kInt32).to_vector<std::int32_t>(), std::vector{200});
  EXPECT_EQ(file.read("empty", DType::kFloat32).shape(), Shape({0, 7}));
  EXPECT_EQ(file.read("f16", DType::kFloat32).shape(), Shape({1, 2}));
  EXPECT_THROW(file.read("nobody", DType::kFloat32), InputError);
  EXPECT_TRUE(file.map("f32").defined() || file.map("f32").shape().rank() == 0);
  EXPECT_FALSE(file.map("f16").defined());
}

TEST(Safetensors, WritesWhatItReadsWithTheDataAligned) {
  const Folder folder;
  const std::string path = folder / "x";
  const Tensor a = Tensor::from<float>({2, 2}, std::vector<float>{1, -2, 0x1p-140f, INFINITY});
  const Tensor b = Tensor::from<std::int32_t>({3}, std::vector{-7, 0, 2147483647});
  const Tensor c = Tensor::from<double>({1}, std::vector{0.1});
  write_safetensors(path, {{"a \"quoted\"\n\xc3\xa9", a}, {"b", b}, {"", Tensor::zeros({0})}},
                    {{"note", "42"}});
  const SafetensorsFile file(path);
  EXPECT_TRUE(small::same_bits(file.read("a \"quoted\"\n\xc3\xa9", DType::kFloat32), a));
  EXPECT_TRUE(small::same_bits(file.map("a \"quoted\"\n\xc3\xa9"), a));
  EXPECT_EQ(file.read("b", DType::kInt32).to_vector<std::int32_t>(), b.to_vector<std::int32_t>());
  EXPECT_EQ(file.metadata().at("note"), "42");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  std::uint64_t header = 0;
  std::memcpy(&header, read_file(path).data(), 8);
  EXPECT_EQ(header % 8, 0u);
  write_safetensors(path, {{"c", c}}, {}, SaveType::kF64);
  EXPECT_TRUE(small::same_bits(SafetensorsFile(path).read("c", DType::kFloat64), c));
  write_safetensors(path, {{"c", c}}, {}, SaveType::kF32);
  EXPECT_EQ(SafetensorsFile(path).read("c", DType::kFloat64).item(), double(0.1f));
}

TEST(Safetensors, AFileWithoutTensorsIsValid) { EXPECT_EQ(error_of(file_of("{}")), ""); }

TEST(Safetensors, AHeaderLengthThatLiesIsRefusedWithoutAllocation) {
  EXPECT_REFUSED("", "0 bytes");
  EXPECT_REFUSED("1234567", "7 bytes");
  EXPECT_REFUSED(little_endian(0), "must be a JSON object");
  EXPECT_REFUSED(little_endian(3) + "{}", "the header says it is 3 bytes long");
  EXPECT_REFUSED(little_endian(~0ull) + "{}", "the header says it is 18446744073709551615");
  EXPECT_REFUSED(little_endian(1ull << 40) + "{}", "the header says it is 1099511627776");
}

TEST(Safetensors, AHeaderThatIsNoFlatJsonObjectIsRefused) {
  EXPECT_REFUSED(file_of("[]"), "must be a JSON object");
  EXPECT_REFUSED(file_of("{\"a\":"), "not valid JSON");
  EXPECT_REFUSED(file_of("{} {}"), "not valid JSON");
  EXPECT_REFUSED(file_of("{\"a\":1}"), "a");
  EXPECT_REFUSED(file_of("{\"a\":null}"), "null");
  EXPECT_REFUSED(file_of("{\"a\":\"x\"}"), "text where none belongs");
  EXPECT_REFUSED(file_of("{\"a\":[1]}"), "a list where none belongs");
  EXPECT_REFUSED(file_of(R"({"a":{"x":{"y":{}}}})"), "an object inside an entry");
  EXPECT_REFUSED(file_of(R"({"__metadata__":{"x":1}})"), "a number where none belongs");
  EXPECT_REFUSED(file_of(R"({"__metadata__":{"x":[1]}})"), "a list where none belongs");
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100000; ++i) deep += "[";
  EXPECT_REFUSED(file_of(deep), "a list where none belongs");
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
std::string one(const std::string& entry_text, std::size_t bytes) {
  return file_of("{\"a\":" + entry_text + "}", std::string(bytes, 'x'));
}

TEST(Safetensors, AnEntryThatLiesIsRefusedByName) {
  EXPECT_EQ(error_of(one(entry("F32", "[2]", "[0,8]"), 8)), "");
  EXPECT_REFUSED(one(entry("F33", "[2]", "[0,8]"), 8), "tensor a: unknown dtype F33");
  EXPECT_REFUSED(one(entry("F32", "[3]", "[0,8]"), 8), "its shape needs 12 bytes");
  EXPECT_REFUSED(one(entry("F32", "[-2]", "[0,8]"), 8), "the negative number -2");
  EXPECT_REFUSED(one(entry("F32", "[2.0]", "[0,8]"), 8), "2.0, which is not an integer");
  EXPECT_REFUSED(one(entry("F32", "[2]", "[8,0]"), 8), "data_offsets run backwards");
  EXPECT_REFUSED(one(entry("F32", "[2]", "[0]"), 8), "data_offsets must be two numbers");
  EXPECT_REFUSED(one(entry("F32", "[2]", "[0,8,9]"), 8), "data_offsets must be two numbers");
  EXPECT_REFUSED(one(entry("F32", "[4294967296,4294967296]", "[0,0]"), 0), "overflows");
  EXPECT_REFUSED(one(entry("F32", "[18446744073709551615]", "[0,8]"), 8), "beyond 2^63");
  EXPECT_REFUSED(one(R"({"shape":[2],"data_offsets":[0,8]})", 8), "dtype is missing");
  EXPECT_REFUSED(one(R"({"dtype":"F32","data_offsets":[0,8]})", 8), "shape is missing");
  EXPECT_REFUSED(one(R"({"dtype":"F32","shape":[2]})", 8), "data_offsets is missing");
}

TEST(Safetensors, BytesMustBeCoveredOnceAndWhole) {
  const auto two = [](const std::string& a, const std::string& b, std::size_t bytes) {
    return file_of("{\"a\":" + entry("U8", "[4]", a) + ",\"b\":" + entry("U8", "[4]", b) + "}",
                   std::string(bytes, 'x'));
  };
  EXPECT_EQ(error_of(two("[0,4]", "[4,8]", 8)), "");
  EXPECT_EQ(error_of(two("[4,8]", "[0,4]", 8)), "");
  EXPECT_REFUSED(two("[0,4]", "[2,6]", 8), "tensor b begins at byte 2");
  EXPECT_REFUSED(two("[0,4]", "[0,4]", 8), "tensor b begins at byte 0");
  EXPECT_REFUSED(two("[0,4]", "[5,9]", 9), "tensor b begins at byte 5");
  EXPECT_REFUSED(two("[0,4]", "[4,8]", 9), "the tensors need 8 bytes of data, the file has 9");
  EXPECT_REFUSED(two("[0,4]", "[4,8]", 7), "the tensors need 8 bytes of data, the file has 7");
  EXPECT_REFUSED(one(entry("U8", "[9223372036854775807]", "[0,9223372036854775807]"), 4),
                 "the file has 4");
}

TEST(Safetensors, ANameThatStandsTwiceIsRefused) {
  EXPECT_REFUSED(file_of("{\"a\":" + entry("U8", "[0]", "[0,0]") +
                         ",\"a\":" + entry("U8", "[0]", "[0,0]") + "}"),
                 "tensor a stands twice");
}

TEST(Safetensors, AValueBeyondTheTypeIsNotWrittenAsInfinity) {
  const Folder folder;
  const std::string path = folder / "x";
  write_safetensors(path, {{"w", Tensor::full({2}, 65504)}}, {}, SaveType::kF16);
  const std::string old = read_file(path);
  try {
    write_safetensors(path, {{"w", Tensor::full({2}, 1e5)}}, {}, SaveType::kF16);
    FAIL() << "1e5 was written as F16";
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("tensor w holds 100000, which is beyond F16"),
              std::string::npos)
        << e.what();
  }
  EXPECT_EQ(read_file(path), old);
}

TEST(Safetensors, AFieldThatStandsTwiceIsRefused) {
  EXPECT_REFUSED(one(R"({"dtype":"U8","shape":[2],"shape":[2],"data_offsets":[0,4]})", 4),
                 "entry a field shape holds two values");
  EXPECT_REFUSED(one(R"({"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]})", 4),
                 "entry a field dtype holds two values");
  EXPECT_REFUSED(file_of(R"({"__metadata__":{"x":"1","x":"2"}})"), "field x holds two values");
}

// Every file with one byte changed is refused or read; nothing else happens.
TEST(Safetensors, AnyChangedByteIsSurvived) {
  const Folder folder;
  const std::string path = folder / "x";
  write_safetensors(path, {{"w", Tensor::full({2, 3}, 1)}, {"b", Tensor::full({3}, 2)}});
  const std::string good = read_file(path);
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char with : {'\0', '"', '9', '}', '\xff'}) {
      std::string bytes = good;
      bytes[at] = with;
      std::ofstream(path, std::ios::binary) << bytes;
      try {
        const SafetensorsFile file(path);
        for (const auto& [name, e] : file.entries()) {
          if (e.dtype[0] == 'F' && e.dtype.size() == 3) file.read(name, DType::kFloat32);
        }
      } catch (const InputError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
}

TEST(Safetensors, AFailedWriteLeavesTheOldFile) {
  const Folder folder;
  const std::string path = folder / "x";
  write_safetensors(path, {{"w", Tensor::full({2}, 1)}});
  const std::string old = read_file(path);
  std::filesystem::create_directory(path + ".tmp." + std::to_string(::getpid()));
  EXPECT_THROW(write_safetensors(path, {{"w", Tensor::full({2}, 2)}}), InputError);
  EXPECT_TRUE(read_file(path) == old);
  EXPECT_THROW(write_safetensors(folder / "no/such/folder", {}), InputError);
}

}  // namespace
}  // namespace pupil
