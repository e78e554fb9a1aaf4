// The inputs that fuzzing kept (tests/fuzz/corpus), once more: seeds, and all that ever broke a
// reader.
#include <gtest/gtest.h>

#include <filesystem>

#include "nn/file.h"
#include "tests/fuzz/targets.h"

namespace pupil {
namespace {

class Fuzz : public testing::TestWithParam<std::string> {};

TEST_P(Fuzz, NoKeptInputBreaksAReader) {
  const std::string folder = std::string(PUPIL_SOURCE_DIR) + "/tests/fuzz/corpus/" + GetParam();
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path());
    const std::string input = read_file(entry.path());
    fuzz::kTargets.at(GetParam())(input);
    // Cut anywhere, it is another damaged file.
    for (std::size_t i = 0; i < 16; ++i) {
      fuzz::kTargets.at(GetParam())(std::string_view(input).substr(0, input.size() * i / 16));
    }
    ++inputs;
  }
  EXPECT_GE(inputs, 3) << folder;
}

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz,
                         testing::Values("safetensors", "records", "tokenizer", "template"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace pupil
