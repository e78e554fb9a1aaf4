// What people type by habit, and what must not cost them their work: folders that hold a model,
// names of options in other trainers, lists as they are copied from elsewhere, talk that is none.
#include <array>
#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "tests/command.h"
#include "tests/tiny_model.h"

namespace pupil::test {
namespace {

using nlohmann::json;

class Habits : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_PROGRAM();
    write_byte_model(model);
    files.write("text.txt", "a text of few words\n" + std::string(2000, 'a'));
    files.write("chat.jsonl",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, "
                "{\"role\": \"assistant\", \"content\": \"hello\"}]}\n");
  }
  std::string path(const std::string& name) const { return files.path() + "/" + name; }
  Ran run(std::vector<std::string> arguments, const std::vector<std::string>& more = {},
          const std::string& input = "") const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_pupil(arguments, {.input = input, .folder = files.path()});
  }
  void expect_refused(const Ran& ran, const std::string& part) const {
    EXPECT_EQ(ran.status, 2) << ran.err;
    expect_contains(ran.err, part);
  }
  Ran pretrain(const std::string& out, const std::vector<std::string>& more = {}) const {
    return run({"pretrain", "--text", "text.txt", "--out", out, "--layers", "1", "--heads", "2",
                "--dim", "8", "--context", "16", "--steps", "2"},
               more);
  }
  Ran tune(const std::string& out, const std::vector<std::string>& more = {}) const {
    return run({"sft", "--model", "model", "--data", "chat.jsonl", "--out", out, "--steps", "2"},
               more);
  }

  TemporaryFolder files;
  const std::string model = files.path() + "/model";
};

// ---- work that is there -------------------------------------------------------------------------

TEST_F(Habits, ARunIsGoneOnWithOrReplacedOnlyWhereTheUserSaysSo) {
  for (const bool pretrains : {true, false}) {
    const std::string out = pretrains ? "base" : "tuned";
    const auto train = [&](const std::vector<std::string>& more) {
      return pretrains ? pretrain(out, more) : tune(out, more);
    };
    ASSERT_EQ(train({}).status, 0);
    const std::string weights = read_file(path(out + "/model.safetensors"));
    const Ran again = train({"--lr", "0.01"});
    expect_refused(again, out + " holds a run at step 2: --resume goes on with it");
    EXPECT_TRUE(read_file(path(out + "/model.safetensors")) == weights);
    expect_contains(train({"--resume"}).err, "resumed at step 2");
    expect_refused(train({"--resume", "--overwrite"}), "give one");
    EXPECT_EQ(train({"--lr", "0.01", "--overwrite"}).status, 0);
    EXPECT_TRUE(read_file(path(out + "/model.safetensors")) != weights);
  }
}

TEST_F(Habits, ModelsAndAdaptersAreNotOverwritten) {
  const std::string weights = read_file(model + "/model.safetensors");
  expect_refused(pretrain("model"), "model holds a model; choose another --out");
  expect_refused(pretrain("model", {"--resume"}), "holds a model, but no run to resume");
  ASSERT_EQ(tune("lora", {"--lora-rank", "1"}).status, 0);
  const std::vector<std::string> merge{"merge", "--model", "model", "--adapter", "lora"};
  expect_refused(run(merge, {"--out", "model", "--overwrite"}), "the folder of --model");
  expect_refused(run(merge, {"--out", "lora"}), "the folder of --adapter");
  expect_refused(tune("lora", {"--adapter", "lora"}), "the folder of --adapter");
  ASSERT_EQ(run(merge, {"--out", "merged"}).status, 0);
  expect_refused(run(merge, {"--out", "merged"}), "merged holds a model");
  EXPECT_EQ(run(merge, {"--out", "merged", "--overwrite"}).status, 0);
  expect_refused(
      run({"train-tokenizer", "--text", "text.txt", "--vocab-size", "257", "--out", "model"}),
      "holds a model");
  EXPECT_TRUE(read_file(model + "/model.safetensors") == weights);
}

TEST_F(Habits, ALongerRunIsAnotherRunAndTheMessageSaysWhatToDo) {
  ASSERT_EQ(tune("tuned").status, 0);
  const Ran ran = run({"sft", "--model", "model", "--data", "chat.jsonl", "--out", "tuned",
                       "--steps", "9", "--resume"});
  EXPECT_EQ(ran.status, 3);
  expect_contains(ran.err, "steps was 2, now 9");
  expect_contains(ran.err, "to train on, begin a new run from its model");
}

TEST_F(Habits, AfterTrainingTheNextCommandIsShownAndWorks) {
  const auto next = [](const Ran& ran) {
    const std::string mark = "Next: ./pupil ";
    const std::size_t at = ran.err.find(mark);
    EXPECT_NE(at, std::string::npos) << ran.err;
    const std::size_t begin = at + mark.size();
    return ran.err.substr(begin, ran.err.find('\n', begin) - begin);
  };
  const std::string program_word = "'" + program() + "' ";
  for (const Ran& trained :
       {pretrain("a base"), tune("tuned"), tune("lora", {"--lora-rank", "1"})}) {
    ASSERT_EQ(trained.status, 0) << trained.err;
    const Ran ran = run_shell(program_word + next(trained), files.path());
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
  EXPECT_EQ(tune("silent", {"--quiet"}).err, "");
}

// ---- options ------------------------------------------------------------------------------------

TEST_F(Habits, NamesOfOptionsInOtherTrainersLeadToOurs) {
  for (const auto& [command, theirs, ours] :
       std::vector<std::array<const char*, 3>>{{"sft", "--learning-rate", "--lr"},
                                               {"sft", "--learning_rate=1e-4", "--lr"},
                                               {"sft", "--batch-size", "--micro-batch-size"},
                                               {"sft", "--output-dir", "--out"},
                                               {"pretrain", "--block-size", "--context"},
                                               {"generate", "--max-tokens", "--max-new-tokens"}}) {
    expect_refused(run({command, theirs}), std::string("here it is called ") + ours + "\n");
  }
  // Not where there is nothing of the kind.
  EXPECT_EQ(run({"score", "--learning-rate", "1"}).err.find("it is called"), std::string::npos);
}

TEST_F(Habits, ALinearMapOfAnotherModelLeadsToTheNamesOfThisOne) {
  const Ran ran = tune("lora", {"--lora-rank", "1", "--lora-targets", "q_proj"});
  expect_refused(ran, "\"q_proj\" matches no module; this model has c_attn, c_proj, c_fc (as in ");
}

TEST_F(Habits, ARequiredOptionHasNoDefaultInTheHelp) {
  EXPECT_EQ(run({"train-tokenizer", "--help"}).out.find("(required) ["), std::string::npos);
  expect_contains(run({"merge", "--help"}).out, "Usage: pupil merge --model DIR --adapter DIR");
}

TEST_F(Habits, IdsAreReadAsTheyAreCopied) {
  const auto generate = [&](const std::string& ids) {
    return run({"generate", "--model", "model", "--json", "--max-new-tokens", "1", "--ids", ids});
  };
  const Ran plain = generate("1,2,30");
  ASSERT_EQ(plain.status, 0) << plain.err;
  EXPECT_EQ(json::parse(plain.out)["prompt_ids"], (json{1, 2, 30}));
  for (const char* same : {"[1,2,30]", "[1, 2, 30]", "1 2 30", " 1 ,2,  30"}) {
    EXPECT_EQ(generate(same).out, plain.out) << same;
  }
  for (const char* bad : {"1,,2", "1,2,", "[1,2", "[]", "1;2"}) {
    EXPECT_EQ(generate(bad).status, 2) << bad;
  }
  const std::vector<std::string> decode{"tokenize", "--tokenizer", "model", "--decode"};
  EXPECT_EQ(run(decode, {}, "[104, 105]\n104 105\n104,105\n").out, "\"hi\"\n\"hi\"\n\"hi\"\n");
  EXPECT_EQ(run(decode, {}, "104,,105\n").status, 3);
  EXPECT_EQ(run(decode, {"--json"}, "104 105\n").status, 3);
}

TEST_F(Habits, AnAnswerThatTheContextCutShortIsSaidToBe) {
  const std::vector<std::string> generate{"generate", "--model",    "model",
                                          "--prompt", "a",          "--max-new-tokens",
                                          "1000",     "--stop-ids", "300000"};
  expect_contains(run(generate).err, "1 of 1 answer ended at the model's context of");
  EXPECT_EQ(run(generate, {"--quiet"}).err, "");
}

// ---- records ------------------------------------------------------------------------------------

TEST_F(Habits, AFileOfTwoFormsIsToldWhichLineMadeWhichAndWhatAFieldIsCalledHere) {
  const auto refused = [&](const std::string& lines) {
    files.write("mixed.jsonl", lines);
    const Ran ran = run({"render", "--tokenizer", "model", "--data", "mixed.jsonl"});
    EXPECT_EQ(ran.status, 3);
    return ran.err;
  };
  const std::string pair = "{\"prompt\": \"a\", \"completion\": \"b\"}\n";
  expect_contains(
      refused("\n" + pair + "{\"text\": \"c\"}\n"),
      "mixed.jsonl:3: \"prompt\" is missing; there is \"text\"; this is of form text, but "
      "line 2 made it a file of form prompt-completion");
  const std::string renamed = refused(pair + "{\"prompt\": \"a\", \"response\": \"b\"}\n");
  expect_contains(renamed, "\"completion\" is missing; there is \"prompt\", \"response\"");
  EXPECT_EQ(renamed.find("of form"), std::string::npos) << renamed;
}

TEST_F(Habits, OnlyTheFirstRecordsAreRenderedWhereALimitIsGiven) {
  files.write("many.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"c\"}\n");
  const std::vector<std::string> render{"render", "--tokenizer", "model", "--data", "many.jsonl"};
  EXPECT_EQ(lines_of(run(render).out).size(), 3u);
  const Ran two = run(render, {"--limit", "2"});
  EXPECT_EQ(lines_of(two.out).size(), 2u);
  EXPECT_TRUE(run(render).out.starts_with(two.out));
  expect_contains(run({"render", "--help"}).out, "tokens of a record at most (0: no limit)");
}

// ---- talk ---------------------------------------------------------------------------------------

TEST_F(Habits, AConversationAnswersCommandsItDoesNotKnowAndConfirmsTheOthers) {
  ASSERT_EQ(tune("tuned").status, 0);
  const auto chat = [&](const std::string& input) {
    const Ran ran = run({"chat", "--model", "tuned", "--max-new-tokens", "1"}, {}, input);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran;
  };
  expect_contains(chat("/foo\n").err, "no command /foo");
  expect_contains(chat("/undo\n").err, "nothing to undo");
  expect_contains(chat("hi\n/undo\n/save saved.jsonl\n").err, "the last exchange is forgotten");
  expect_contains(chat("/save saved.jsonl\n").err, "nothing was said yet");
  EXPECT_FALSE(file_exists(path("saved.jsonl")));
  expect_contains(chat("hi\n/reset\n").err, "the conversation is forgotten");
  for (const char* leave : {"quit", "exit", "/quit"}) {
    EXPECT_EQ(chat(leave + std::string("\nhello\n")).out, "") << "after " << leave;
  }
}

TEST_F(Habits, CapitalsAreNamedWhereWordsAreSpeltWithoutThem) {
  write_microworld_model(path("world"));
  const auto said = [&](const std::string& line) {
    return run({"chat", "--model", "world", "--template", "microworld", "--max-new-tokens", "1"},
               {}, line + "\n")
        .err;
  };
  expect_contains(said("What is the city of mira ?"), "try without capitals");
  EXPECT_EQ(said("what is the town of mira ?").find("capitals"), std::string::npos);
}

}  // namespace
}  // namespace pupil::test
