#include "sft/record.h"

#include <random>

#include "tests/text_files.h"

namespace pupil {
namespace {

RecordFile read(const std::string& content, ReadOptions options = {}) {
  const TemporaryFolder folder;
  return read_records(folder.write("data.jsonl", content), options);
}

/// The message without the folder's name.
std::string error_of(const std::string& content, ReadOptions options = {}) {
  const std::string message = input_error([&] { read(content, options); });
  const auto at = message.find("data.jsonl");
  return at == message.npos ? message : message.substr(at);
}

template <class Form>
const Form& only(const RecordFile& file) {
  EXPECT_EQ(file.records.size(), 1u);
  return std::get<Form>(file.records.at(0).content);
}

const std::string kChat =
    R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})";

// ---- forms

TEST(Records, MessagesKeepRolesAndContents) {
  const auto file =
      read(R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":""},)"
           R"({"role":"assistant","content":"\n\n a\u00e9 "}]})");
  EXPECT_EQ(file.form, RecordForm::kMessages);
  const auto& messages = only<Conversation>(file).messages;
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].content, "");
  EXPECT_EQ(messages[2].content, "\n\n a\u00e9 ");
  EXPECT_EQ(only<Conversation>(file).prompt_messages, 2u);
}

TEST(Records, ShareGptNamesBecomeRoles) {
  const auto file = read(
      R"({"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"},{"from":"system","value":"c"}]})");
  const auto& messages = only<Conversation>(file).messages;
  EXPECT_EQ(messages[0].role, "user");
  EXPECT_EQ(messages[1].role, "assistant");
  EXPECT_EQ(messages[2].role, "system");
}

TEST(Records, TypedContentIsJoinedAndWeightsAreHeard) {
  const auto file = read(
      R"({"messages":[{"role":"user","content":[{"type":"text","value":"a"},{"type":"text","text":"b"}],"loss_weight":0.0},)"
      R"({"role":"assistant","content":"c","weight":0},{"role":"assistant","content":"d","loss_weight":0.25},{"role":"assistant","content":"e"}]})");
  const auto& messages = only<Conversation>(file).messages;
  EXPECT_EQ(messages[0].content, "ab");
  EXPECT_EQ(messages[0].weight, 0);
  EXPECT_EQ(messages[1].weight, 0);
  EXPECT_EQ(messages[2].weight, 0.25);
  EXPECT_EQ(messages[3].weight, 1);
}

TEST(Records, PromptAndCompletionAreStringsOrMessages) {
  EXPECT_EQ(only<PromptCompletion>(read(R"({"prompt":"p","completion":""})")).prompt, "p");
  const auto file = read(
      R"({"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],)"
      R"("completion":[{"role":"assistant","content":"d"}]})");
  EXPECT_EQ(file.form, RecordForm::kPromptCompletion);
  EXPECT_EQ(only<Conversation>(file).messages.size(), 4u);
  EXPECT_EQ(only<Conversation>(file).prompt_messages, 3u);
}

TEST(Records, AlpacaTakesAMissingEmptyOrNullInput) {
  for (const char* input : {"", R"("input":"",)", R"("input":null,)"}) {
    const auto file = read(std::string("{") + input + R"("instruction":"i","output":"o"})");
    EXPECT_EQ(only<Instruction>(file).input, "");
    EXPECT_EQ(only<Instruction>(file).output, "o");
  }
}

TEST(Records, IdsComeWithOrWithoutLabels) {
  const auto with = read(R"({"ids":[5,0,2147483647],"labels":[-100,0,7]})");
  EXPECT_EQ(only<IdSequence>(with).labels, (std::vector<std::int32_t>{-100, 0, 7}));
  EXPECT_EQ(only<IdSequence>(with).ids.back(), 2147483647);
  EXPECT_TRUE(only<IdSequence>(read(R"({"ids":[1]})")).labels.empty());
}

TEST(Records, FormsAreRecognisedInTheirOrder) {
  const std::pair<std::string, RecordForm> kFields[] = {
      {R"("labels":[1])", RecordForm::kIds},
      {R"("messages":[{"role":"user","content":"a"}])", RecordForm::kMessages},
      {R"("instruction":"i","output":"o")", RecordForm::kAlpaca},
      {R"("prompt":"p","completion":"c")", RecordForm::kPromptCompletion},
      {R"("text":"t")", RecordForm::kText},
      {R"("ids":[1])", RecordForm::kIds},
  };
  // From each form on, all later ones are present, too: the first decides.
  for (std::size_t first = 0; first < std::size(kFields); ++first) {
    std::string record;
    for (std::size_t i = first; i < std::size(kFields); ++i) {
      record += (record.empty() ? "{" : ",") + kFields[i].first;
    }
    EXPECT_EQ(read(record + "}").form, kFields[first].second) << record;
  }
}

TEST(Records, TheFormAskedForIsTaken) {
  const std::string record = R"({"prompt":"p","completion":"c","text":"t"})";
  EXPECT_EQ(only<PlainText>(read(record, {.form = RecordForm::kText})).text, "t");
  expect_contains(error_of(record, {.form = RecordForm::kAlpaca}), "\"instruction\" is missing");
  EXPECT_THROW(record_form("csv"), UsageError);
  for (const char* name : {"auto", "messages", "prompt-completion", "alpaca", "text", "ids"}) {
    EXPECT_EQ(form_name(record_form(name)), name);
  }
}

TEST(Records, AFileHasOneForm) {
  expect_contains(error_of(kChat + "\n{\"text\":\"t\"}"), "data.jsonl:2: \"messages\" (or");
}

// ---- files

TEST(Records, LinesAndArraysGiveTheSameRecords) {
  const std::string two = kChat + "\n" + kChat;
  for (const std::string& content :
       {two, two + "\n", "\n\n" + kChat + "\r\n\r\n" + kChat + "\r\n", "\xEF\xBB\xBF" + two,
        "[" + kChat + "," + kChat + "]", " [\n" + kChat + "\n ,\n" + kChat + "\n]\n",
        "\xEF\xBB\xBF[" + kChat + "," + kChat + "]"}) {
    const auto file = read(content);
    ASSERT_EQ(file.records.size(), 2u) << content;
    EXPECT_EQ(std::get<Conversation>(file.records[1].content).messages[1].content, "b");
  }
}

TEST(Records, KnowTheirLines) {
  auto lines = [](const std::string& content) {
    std::vector<long> numbers;
    for (const Record& record : read(content).records) numbers.push_back(record.line);
    return numbers;
  };
  EXPECT_EQ(lines(kChat + "\n\n" + kChat), (std::vector<long>{1, 3}));
  EXPECT_EQ(lines("[\n{\"text\":\n\"a\"},\n\n{\"text\":\"b\"}]"), (std::vector<long>{2, 5}));
}

TEST(Records, AFileLongerThanTheBufferIsReadWhole) {
  std::string lines, array = "[";
  for (int i = 0; i < 20000; ++i) {
    const std::string record =
        "{\"text\":\"" + std::string(std::size_t(i % 37), 'x') + "],{\\\"\"}";
    lines += record + "\n";
    array += (i ? ",\n" : "") + record;
  }
  EXPECT_EQ(read(lines).records.size(), 20000u);
  const auto file = read(array + "]");
  ASSERT_EQ(file.records.size(), 20000u);
  EXPECT_EQ(file.records.back().line, 20000);
  EXPECT_EQ(std::get<PlainText>(file.records[36].content).text, std::string(36, 'x') + "],{\"");
}

TEST(Records, TheArraysOwnSyntaxIsChecked) {
  const std::string r = "{\"text\":\"a\"}";
  const std::pair<std::string, std::string> kCases[] = {
      {"[" + r + " " + r + "]", "not valid JSON"},
      {"[" + r + ",\n,", "data.jsonl:2: expected a record between two commas"},
      {"[" + r + ",]", "expected a record"},
      {"[\n" + r, "data.jsonl:2: the file ends inside"},
      {"[", "the file ends inside"},
      {"[{\"text\":\"a]", "the file ends inside"},
      {"[" + r + "]\n" + r, "data.jsonl:2: something follows the end"},
      {"[]", "holds no record"},
  };
  for (const auto& [content, reason] : kCases) expect_contains(error_of(content), reason);
}

TEST(Records, AnEmptyFileIsAnError) {
  for (const char* content : {"", "\n", " \r\n\t\n", "\xEF\xBB\xBF"}) {
    expect_contains(error_of(content), "data.jsonl: holds no record");
  }
  expect_contains(input_error([] { read_records("/nonexistent/data.jsonl"); }), "cannot open");
  const TemporaryFolder folder;
  expect_contains(input_error([&] { read_records(folder.path()); }), "cannot read");
}

// ---- records that do not fit

TEST(Records, AnErrorNamesFileLineFieldAndWhatWasExpected) {
  const std::string bad =
      R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"asistant","content":"c"}]})";
  EXPECT_EQ(
      error_of(kChat + "\n" + bad),
      "data.jsonl:2: \"messages\"[2].role is \"asistant\"; expected system, user or assistant "
      "(--skip-bad skips such records)");
}

const std::pair<std::string, std::string> kBadRecords[] = {
    {"{", "not valid JSON at column 2"},
    {"hello", "not valid JSON"},
    {"3", "is 3; expected an object"},
    {"null", "is null; expected an object"},
    {"{}", "has no field"},
    {R"({"question":"q"})", "has \"question\"; expected messages"},
    {R"({"text":NaN})", "not valid JSON at column 9"},
    {R"({"text":3})", "\"text\" is 3; expected a string"},
    {R"({"text":"a","text":"b"})", "the key \"text\" stands twice"},
    {"{\"text\":\"\xff\"}", "not valid JSON at column 10"},
    {"{\"text\":\"a\x01\"}", "not valid JSON"},
    {R"({"text":"\ud800"})", "not valid JSON"},
    {R"({"text":"a"}})", "not valid JSON"},
    {R"({"messages":{}})", "\"messages\" is an object; expected a list"},
    {R"({"messages":[]})", "\"messages\" is empty"},
    {R"({"messages":["a"]})", "\"messages\"[0] is \"a\"; expected an object"},
    {R"({"messages":[{"role":"user"}]})", "\"messages\"[0] has no \"content\""},
    {R"({"messages":[{"content":"a"}]})", "\"messages\"[0] has no \"role\""},
    {R"({"messages":[{"role":3,"content":"a"}]})", "\"messages\"[0].role is 3"},
    {R"({"messages":[{"role":"human","content":"a"}]})", "role is \"human\""},
    {R"({"messages":[{"role":"user","content":null}]})", "content is null"},
    {R"({"messages":[{"role":"user","content":[{"type":"image"}]}]})", "not of type \"text\""},
    {R"({"messages":[{"role":"assistant","content":"a","weight":-0.5}]})", "weight is -0.5"},
    {R"({"messages":[{"role":"assistant","content":"a","weight":1e9}]})", "from 0 to 1000"},
    {R"({"messages":[{"role":"assistant","content":"a","weight":"1"}]})", "weight is \"1\""},
    {R"({"messages":[{"role":"user","content":"a","loss_weight":1}]})", "loss_weight is 1"},
    {R"({"conversations":[{"from":"bot","value":"a"}]})", "\"conversations\"[0].from is \"bot\""},
    {R"({"ids":[],"labels":[]})", "\"ids\" is empty"},
    {R"({"ids":[1.0]})", "\"ids\"[0] is 1.0; expected an integer from 0"},
    {R"({"ids":[1,true]})", "\"ids\"[1] is true"},
    {R"({"ids":[-100]})", "\"ids\"[0] is -100"},
    {R"({"ids":[2147483648]})", "\"ids\"[0] is 2147483648"},
    {R"({"ids":[18446744073709551615]})", "\"ids\"[0] is 18446744073709551615"},
    {R"({"ids":[1e999]})", "not valid JSON"},
    {R"({"ids":"1,2"})", "\"ids\" is \"1,2\"; expected a list"},
    {R"({"ids":[1],"labels":[1,2]})", "\"labels\" has 2 entries, \"ids\" has 1"},
    {R"({"ids":[1],"labels":[-1]})", "\"labels\"[0] is -1; expected -100 or an integer"},
    {R"({"ids":[1],"labels":null})", "\"labels\" is null"},
    {R"({"prompt":"p","completion":[{"role":"assistant","content":"a"}]})", "must both be"},
};

TEST(Records, WhatDoesNotFitIsAnErrorWithItsLine) {
  for (const auto& [record, reason] : kBadRecords) {
    const std::string message = error_of("\n\n" + record);
    expect_contains(message, "data.jsonl:3: ");
    expect_contains(message, reason);
    expect_contains(message, "(--skip-bad skips such records)");
  }
}

TEST(Records, B48_HalfSpecifiedRecordsAreRefused) {
  for (const auto& [record, reason] :
       {std::pair<std::string, std::string>{R"({"ids":[1,2],"completion_mask":[0,1]})",
                                            "\"completion_mask\" but no \"labels\""},
        {R"({"ids":[1,2],"loss_mask":[0,1]})", "\"loss_mask\" but no \"labels\""},
        {R"({"labels":[1,2]})", "has \"labels\" but no \"ids\""},
        {R"({"prompt":"p"})", "\"completion\" is missing"},
        {R"({"completion":"c"})", "\"prompt\" is missing"},
        {R"({"instruction":"i"})", "\"output\" is missing"},
        {R"({"prompt":"p","chosen":"c","rejected":"r"})", "preference"}}) {
    expect_contains(error_of(record), reason);
  }
}

TEST(Records, DeepNestingIsRefusedAndHarmless) {
  for (const char* open : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 200000; ++i) deep += open;
    EXPECT_NE(error_of("{\"text\":" + deep), "no error");
    EXPECT_NE(error_of("[" + deep), "no error");
  }
  expect_contains(error_of("{\"x\":" + std::string(64, '[') + std::string(64, ']') + "}"),
                  "more than 64 levels of nesting");
  EXPECT_EQ(read("{\"text\":\"t\",\"x\":" + std::string(60, '[') + std::string(60, ']') + "}")
                .records.size(),
            1u);
}

TEST(Records, AZeroByteEndsNoRecord) {
  using std::string_literals::operator""s;
  for (const std::string& rest : {"\0"s, "\0 and more"s, " \0"s}) {
    expect_contains(input_error([&] { read("{\"text\":\"a\"}" + rest); }), ":1: not valid JSON");
  }
}

TEST(Records, AMistakeInsideAnArrayElementHasItsOwnLine) {
  expect_contains(error_of("[\n{\"text\":\n\"a\",\n nul}\n]"),
                  "data.jsonl:4: not valid JSON at column 5");
}

TEST(Records, SkipBadCountsAndListsThem) {
  std::string content;
  for (const auto& [record, reason] : kBadRecords) content += record + "\n" + kChat + "\n";
  const auto file = read(content, {.skip_bad = true});
  EXPECT_EQ(file.records.size(), std::size(kBadRecords));
  ASSERT_EQ(file.skipped_count, long(std::size(kBadRecords)));
  for (std::size_t i = 0; i < std::size(kBadRecords); ++i) {
    EXPECT_EQ(file.skipped[i].line, long(2 * i + 1));
  }
  EXPECT_EQ(file.records[3].line, 8);
}

TEST(Records, SkippingEverythingIsAnError) {
  expect_contains(error_of("{}\n[]\n{}", {.skip_bad = true}),
                  "none of 3 records can be used; line 1: has no field");
}

TEST(Records, ALongListOfSkippedRecordsIsCutButCounted) {
  std::string content = kChat + "\n";
  for (int i = 0; i < 500; ++i) content += "{}\n";
  const auto file = read(content, {.skip_bad = true});
  EXPECT_EQ(file.skipped_count, 500);
  EXPECT_EQ(file.skipped.size(), RecordReader::kListed);
}

TEST(Records, DamagedFilesAreReadOrRefusedNeverCrash) {
  const std::string good[] = {kChat + "\n" + kChat + "\n", "[" + kChat + ",\n" + kChat + "]",
                              R"({"ids":[1,2,3],"labels":[-100,2,3]})"};
  std::mt19937 rng(3);
  const TemporaryFolder folder;
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string content = good[round % 3];
    for (unsigned changes = 1 + rng() % 3; changes > 0; --changes) {
      const std::size_t at = rng() % content.size();
      const char byte = rng() % 2 ? char(rng()) : "[]{},:\"\\\n-0"[rng() % 11];
      if (rng() % 3 == 0)
        content.erase(at, 1 + rng() % 4);
      else if (rng() % 2)
        content[at] = byte;
      else
        content.insert(at, 1, byte);
      if (content.empty()) content = " ";
    }
    const std::string path = folder.write("damaged", content);
    for (const bool skip : {false, true}) {
      refused += input_error([&] { read_records(path, {.skip_bad = skip}); }) != "no error";
    }
  }
  EXPECT_GT(refused, 2000);
}

// ---- prompts, and real files

TEST(Prompts, AreIdsTextOrMessages) {
  const TemporaryFolder folder;
  const auto prompts = read_prompts(folder.write(
      "p.jsonl",
      "{\"ids\":[1,2]}\n{\"prompt\":\"a\"}\n{\"prompt\":[{\"role\":\"user\",\"content\":\"b\"}]}"));
  ASSERT_EQ(prompts.size(), 3u);
  EXPECT_EQ(std::get<std::vector<std::int32_t>>(prompts[0].content).size(), 2u);
  EXPECT_EQ(std::get<std::string>(prompts[1].content), "a");
  EXPECT_EQ(std::get<std::vector<Message>>(prompts[2].content)[0].content, "b");
  EXPECT_EQ(prompts[2].line, 3);
  for (const char* bad : {"", "{}", "{\"prompt\":3}", "{\"ids\":[]}", "x"}) {
    EXPECT_NE(input_error([&] { read_prompts(folder.write("bad", bad)); }), "no error") << bad;
  }
}

TEST(Records, RealFilesAreRead) {
  SKIP_WITHOUT(shared_path("data/instruction"));
  const std::tuple<const char*, RecordForm, std::size_t> kFiles[] = {
      {"data/instruction/alpaca_style_1100.json", RecordForm::kAlpaca, 1100},
      {"data/instruction/identity_91.json", RecordForm::kAlpaca, 91},
      {"data/instruction/messages_loss_weight_500.jsonl", RecordForm::kMessages, 500},
      {"data/instruction/sharegpt_500.json", RecordForm::kMessages, 500},
      {"golden/sft/chatml.jsonl", RecordForm::kMessages, 10},
      {"golden/sft/alpaca.jsonl", RecordForm::kAlpaca, 3},
      {"golden/sft/prompt_completion.jsonl", RecordForm::kPromptCompletion, 5},
      {"golden/sft/run/data.jsonl", RecordForm::kIds, 46},
  };
  for (const auto& [name, form, count] : kFiles) {
    const auto file = read_records(shared_path(name));
    EXPECT_EQ(file.form, form) << name;
    EXPECT_EQ(file.records.size(), count) << name;
  }
}

}  // namespace
}  // namespace pupil
