#include "sft/render.h"

#include <random>

#include "sft/microworld_tokenizer.h"
#include "tests/render_helpers.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

// ---- template data

TEST(Templates, AppendWhatATokenizerLacksInTheirOrder) {
  Tokenizer tokenizer = Tokenizer::bytes();
  EXPECT_EQ(chat_template("chatml").add_specials(tokenizer),
            (std::vector<SpecialToken>{{"<|im_start|>", 256}, {"<|im_end|>", 257}}));
  EXPECT_EQ(chat_template("alpaca").add_specials(tokenizer),
            (std::vector<SpecialToken>{{"<|endoftext|>", 258}}));
  EXPECT_TRUE(chat_template("chatml").add_specials(tokenizer).empty());
  Tokenizer microworld = microworld_tokenizer();
  EXPECT_TRUE(chat_template("microworld").add_specials(microworld).empty());
  EXPECT_TRUE(chat_template("plain").add_specials(microworld).empty()) << "<eos> ends a text";
}

TEST(Templates, AMistakeInTheirDataIsNamed) {
  const std::pair<const char*, const char*> kCases[] = {
      {"users CONTENT", "line 1: \"users\" is no rule"},
      {"\nuser PROMPT", "line 2: PROMPT is no field of this rule"},
      {"user \"a", "does not end"},
      {"user \"a\\", "does not end"},
      {"user \"\\t\"", "unknown escape"},
      {"user <s> CONTENT", "<s> is not in the line \"specials\""},
      {"user CONTENT\nuser CONTENT", "a second rule user"},
      {"assistant [ CONTENT", "[ without ]"},
      {"user CONTENT ]", "] without ["},
      {"assistant CONTENT [ \"a\" ]", "CONTENT is what a model writes"},
      {"prompt_completion PROMPT", "[ ] must enclose what a model writes"},
      {"user CONTENT.strip", ".strip is no way to change a field"},
      {"assistant [ CONTENT ] [ \"a\" ]", "one supervised part"},
      {"user + CONTENT", "+ joins two texts"},
      {"user \"a\" +", "nothing follows +"},
      {"assistant \"a\" + [ CONTENT ]", "+ joins two texts"},
  };
  for (const auto& [source, reason] : kCases) {
    const std::string message = input_error([source = source] { ChatTemplate("mine", source); });
    expect_contains(message, "template mine");
    expect_contains(message, reason);
  }
  EXPECT_THROW(chat_template("llama9"), UsageError);
}

// ---- truncation

Rendered long_record() {
  return renderer("plain", MaskMode::kCompletion).render({PromptCompletion{"prompt", "done"}, 1});
}

TEST(Truncate, B61_AFittingRecordLosesNothing) {
  const Rendered whole = long_record();  // 11 tokens
  for (const char* name : {"start", "end", "drop", "error"}) {
    for (const std::int64_t length : {11, 12}) {
      Rendered cut = whole;
      EXPECT_TRUE(fit(cut, length, truncation(name)));
      EXPECT_EQ(cut.ids, whole.ids);
    }
  }
}

TEST(Truncate, B62_EveryChoiceHasItsEffect) {
  const Rendered whole = long_record();
  Rendered cut = whole;
  EXPECT_TRUE(fit(cut, 10, Truncation::kStart));
  EXPECT_EQ(cut.ids, Ids(whole.ids.begin() + 1, whole.ids.end()));
  cut = whole;
  EXPECT_TRUE(fit(cut, 10, Truncation::kEnd));
  EXPECT_EQ(cut.ids, Ids(whole.ids.begin(), whole.ids.end() - 1));
  EXPECT_FALSE(fit(cut, 9, Truncation::kDrop));
  EXPECT_EQ(input_error([&] { fit(cut, 9, Truncation::kError); }),
            "10 tokens, more than the 9 allowed; --truncate start or end cuts such records, drop "
            "leaves them out");
  EXPECT_THROW(truncation("middle"), UsageError);
}

TEST(Truncate, B28_B60_IdsAndMaskAreCutTogether) {
  std::mt19937 rng(4);
  const Rendered whole = renderer("chatml", MaskMode::kAssistant).render(record_of(two_turns()));
  for (int round = 0; round < 200; ++round) {
    const bool start = rng() % 2;
    const auto length = 1 + rng() % whole.ids.size();
    Rendered cut = whole;
    fit(cut, std::int64_t(length), start ? Truncation::kStart : Truncation::kEnd);
    ASSERT_EQ(cut.ids.size(), length);
    const std::size_t offset = start ? whole.ids.size() - length : 0;
    for (std::size_t t = 0; t < length; ++t) {
      EXPECT_EQ(cut.ids[t], whole.ids[offset + t]);
      EXPECT_EQ(cut.mask[t], whole.mask[offset + t]);
      EXPECT_EQ(cut.labels[t], whole.labels[offset + t]);
    }
  }
}

RecordFile file_of(std::vector<Record> records) {
  RecordFile file;
  file.path = "data.jsonl";
  file.records = std::move(records);
  for (std::size_t i = 0; i < file.records.size(); ++i) file.records[i].line = long(i + 1);
  return file;
}

TEST(RenderAll, B46_B58_EverythingLostIsCounted) {
  const RecordFile file = file_of({{PromptCompletion{"p", "c"}},
                                   {PromptCompletion{"a prompt that is too long", "c"}},
                                   {PromptCompletion{"p", "an answer too long"}}});
  const Renderer plain = renderer("plain", MaskMode::kCompletion);
  RenderReport report;
  EXPECT_EQ(render_all(file, plain, 8, Truncation::kEnd, report).size(), 3u);
  EXPECT_EQ(report.records, 3);
  EXPECT_EQ(report.shortened, 2);
  EXPECT_EQ(report.lost_targets, 1);
  EXPECT_EQ(report.without_targets, 1);
  EXPECT_EQ(report.tokens, 3 + 8 + 8);
  EXPECT_EQ(report.targets, 2 + 0 + 7);
  EXPECT_DOUBLE_EQ(report.mask_share(), 9.0 / 19.0);

  RenderReport dropped;
  EXPECT_EQ(render_all(file, plain, 8, Truncation::kDrop, dropped).size(), 1u);
  EXPECT_EQ(dropped.dropped, 2);
  EXPECT_EQ(dropped.shortened, 0);

  RenderReport unlimited;
  EXPECT_EQ(render_all(file, plain, 0, Truncation::kError, unlimited).size(), 3u);
}

TEST(RenderAll, ErrorsNameFileAndLine) {
  const RecordFile file =
      file_of({{PromptCompletion{"p", "c"}}, {PromptCompletion{"longer", "c"}}});
  const Renderer plain = renderer("plain", MaskMode::kCompletion);
  RenderReport report;
  expect_contains(input_error([&] { render_all(file, plain, 5, Truncation::kError, report); }),
                  "data.jsonl:2: 8 tokens, more than the 5 allowed");
  expect_contains(input_error([&] { render_all(file, plain, 1, Truncation::kDrop, report); }),
                  "data.jsonl: every one of");
}

TEST(RenderAll, UsualChoicesRenderTheirForm) {
  const std::pair<RecordForm, Record> kForms[] = {
      {RecordForm::kMessages, record_of(two_turns())},
      {RecordForm::kPromptCompletion, {PromptCompletion{"p", "c"}}},
      {RecordForm::kAlpaca, {Instruction{"i", "", "o"}}},
      {RecordForm::kText, {PlainText{"text"}}},
      {RecordForm::kIds, {IdSequence{{1, 2}, {}}}},
  };
  for (const auto& [form, record] : kForms) {
    const Renderer usual = renderer(std::string(usual_template(record)), usual_mask(form));
    EXPECT_GT(usual.render(record).n_targets(), 0) << form_name(form);
  }
}

}  // namespace
}  // namespace pupil
