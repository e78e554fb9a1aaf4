// A file of any size as a training set: what comes from the file by place is what stands in it, and
// memory holds 8 bytes a record.
#include "sft/data_set.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <fstream>

#include "sft/example_data.h"
#include "tests/render_helpers.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

RenderedRecords records_of(const std::string& path, LengthLimit limit = {}, bool skip_bad = false,
                           MaskMode mode = MaskMode::kCompletion) {
  RecordReader reader(path, {.skip_bad = skip_bad});
  return {std::move(reader), renderer("plain", mode), limit};
}

std::string line_of(int i) {
  const std::string n = std::to_string(i);
  return R"({"prompt": "What is )" + n + R"( \"\\u00e9\"?", "completion": ")" +
         std::string(std::size_t(i % 7), 'x') + n + "\"}";
}
std::string lines(int count) {
  std::string text = "\xEF\xBB\xBF\n";
  for (int i = 0; i < count; ++i) text += line_of(i) + (i % 5 ? "\n" : "\r\n\n");
  return text;
}
std::string array(int count) {
  std::string text = " [\n";
  for (int i = 0; i < count; ++i) text += (i ? ",\n " : "") + line_of(i);
  return text + "\n]\n";
}

TEST(DataSet, GivesByPlaceWhatStandsInTheFile) {
  const TemporaryFolder folder;
  for (const std::string& text : {lines(300), array(300)}) {
    const std::string path = folder.write("data", text);
    const RecordFile file = read_records(path);
    RenderReport report;
    const auto all =
        render_all(file, renderer("plain", MaskMode::kCompletion), 0, Truncation::kError, report);
    const DataSet data(records_of(path));
    ASSERT_EQ(data.size(), 300);
    for (const std::int64_t i : {299, 0, 17, 17, 298, 1, 150}) {
      const Rendered rendered = data.rendered(i);
      EXPECT_EQ(rendered.ids, all[std::size_t(i)].ids);
      EXPECT_EQ(rendered.labels, all[std::size_t(i)].labels);
      EXPECT_EQ(data.length(i), std::int64_t(rendered.ids.size()));
    }
    EXPECT_EQ(data.report().targets, report.targets);
    EXPECT_EQ(data.report().tokens, report.tokens);
  }
}

TEST(DataSet, CutsByPlaceAsInOrder) {
  const TemporaryFolder folder;
  const std::string path = folder.write("data", lines(100));
  for (const Truncation truncation : {Truncation::kStart, Truncation::kEnd, Truncation::kDrop}) {
    const LengthLimit limit{24, truncation};
    RenderedRecords in_order = records_of(path, limit);
    const DataSet data(records_of(path, limit));
    EXPECT_EQ(data.size() < 100, truncation == Truncation::kDrop);
    std::int64_t i = 0;
    while (const auto rendered = in_order.next()) EXPECT_EQ(data.rendered(i++).ids, rendered->ids);
    EXPECT_EQ(i, data.size());
  }
}

TEST(DataSet, StepsFromAFileAreThoseFromMemory) {
  const TemporaryFolder folder;
  const std::string path = folder.write("data", lines(90));
  const auto data = std::make_shared<const DataSet>(records_of(path));
  std::vector<Example> examples;
  for (std::int64_t i = 0; i < data->size(); ++i) examples.push_back(data->example(i));
  const auto memory = std::make_shared<const MemoryExamples>(examples);
  for (const std::int64_t pack_length : {0, 64}) {
    const DataPlan plan{.micro_batch = 4, .accumulate = 2, .seed = 3, .pack_length = pack_length};
    const ExampleData from_file(data, plan), from_memory(memory, plan);
    ASSERT_EQ(from_file.steps_per_epoch(), from_memory.steps_per_epoch());
    for (std::int64_t k = 0; k < 2 * from_file.steps_per_epoch(); ++k) {
      const auto a = from_file.step(k), b = from_memory.step(k);
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].input.ids.to_vector<std::int32_t>(),
                  b[i].input.ids.to_vector<std::int32_t>());
        EXPECT_EQ(a[i].targets.to_vector<std::int32_t>(), b[i].targets.to_vector<std::int32_t>());
      }
    }
  }
}

TEST(DataSet, CountsAndListsWhatItSkips) {
  const TemporaryFolder folder;
  std::string text = line_of(0) + "\n{\"prompt\": 3}\n" + line_of(1) + "\nnonsense\n";
  for (int i = 0; i < 200; ++i)
    text += "{\"messages\": [{\"role\": \"robot\", \"content\": \"\"}]}\n";
  const std::string path = folder.write("data", text + line_of(2));
  expect_contains(input_error([&] { DataSet data(records_of(path)); }),
                  "data:2: \"completion\" is missing");
  const DataSet data(records_of(path, {}, /*skip_bad=*/true));
  EXPECT_EQ(data.size(), 3);
  EXPECT_EQ(data.reader().skipped_count(), 202);
  ASSERT_EQ(data.reader().skipped().size(), RecordReader::kListed);
  EXPECT_EQ(data.reader().skipped()[1].line, 4);
  EXPECT_EQ(data.example(2).ids.size(), data.rendered(2).ids.size());
}

TEST(DataSet, SkipsWhatTheTemplateHasNoPlaceForOnlyWhenAsked) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("data", "{\"ids\": [1, 2]}\n{\"ids\": [1, 900]}\n{\"ids\": [3]}\n");
  const std::string message =
      input_error([&] { DataSet data(records_of(path, {}, false, MaskMode::kAll)); });
  expect_contains(message, "data:2: \"ids\"[1] is 900");
  expect_contains(message, "--skip-bad");
  const DataSet data(records_of(path, {}, true, MaskMode::kAll));
  EXPECT_EQ(data.size(), 2);
  EXPECT_EQ(data.reader().skipped_count(), 1);
}

TEST(DataSet, AFileThatChangesInUseIsNoticed) {
  const TemporaryFolder folder;
  const std::string path = folder.write("data", lines(50));
  const DataSet data(records_of(path));
  const auto rewrite = [&](const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  };
  rewrite(lines(50).substr(0, 40));
  expect_contains(input_error([&] { data.rendered(20); }),
                  "a file must not change while it is in use");
  rewrite(std::string(5000, 'z'));
  expect_contains(input_error([&] { data.rendered(20); }), "no longer fits");
  std::string longer = lines(50);
  longer.replace(longer.find("What is 20"), 7, "What  is");
  rewrite(longer);
  expect_contains(input_error([&] { data.rendered(20); }), "tokens and now has");
}

TEST(DataSet, APipeIsRefusedByName) {
  const TemporaryFolder folder;
  expect_contains(input_error([&] { DataSet data(records_of("/dev/null")); }),
                  "/dev/null: is a pipe or a device");
}

TEST(DataSet, AFileWithoutARecordIsRefused) {
  const TemporaryFolder folder;
  for (const char* text : {"", " \n\n", "[]"}) {
    const std::string path = folder.write("data", text);
    expect_contains(input_error([&] { DataSet data(records_of(path)); }), "holds no record");
  }
  const std::string path = folder.write("data", lines(20));
  expect_contains(input_error([&] {
                    DataSet data(records_of(path, {3, Truncation::kDrop}));
                  }),
                  "every one of 20 records is longer than 3 tokens");
}

// 400,000 records of 60 bytes: the text alone would need 24 MB, its ids 96.
TEST(DataSet, NeedsSixteenBytesARecordPackedAndShuffled) {
  constexpr int kRecords = 400'000;
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/data";
  {
    std::ofstream out(path);
    for (int i = 0; i < kRecords; ++i) {
      out << "{\"text\": \"" << std::string(std::size_t(40 + i % 9), char('a' + i % 26)) << "\"}\n";
    }
  }
  const auto in_use = [] {
    const struct mallinfo2 info = ::mallinfo2();
    return double(info.uordblks + info.hblkhd);
  };
  const double before = in_use();
  const auto data = std::make_shared<const DataSet>(records_of(path, {}, false, MaskMode::kAll));
  EXPECT_LT(in_use() - before, 8.0 * kRecords + (1 << 20));
  const ExampleData examples(data, {.micro_batch = 4, .pack_length = 100});
  EXPECT_LT(in_use() - before, 16.0 * kRecords + (1 << 20));
  EXPECT_EQ(examples.rows_per_epoch(), (kRecords + 1) / 2);
  EXPECT_EQ(examples.step(examples.steps_per_epoch() + 7)[0].n_examples, 8);
  EXPECT_LT(in_use() - before, 16.0 * kRecords + (1 << 20));
}

}  // namespace
}  // namespace pupil
