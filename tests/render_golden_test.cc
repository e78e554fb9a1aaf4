// The reference rows of templates and masks, by text: every byte of a row and whether it is
// supervised. (The rows were tokenized by byte-level BPE; bytes are what all tokenizers agree on.)
#include <nlohmann/json.hpp>

#include "sft/byte_alphabet.h"
#include "sft/render.h"
#include "sft/utf8.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

using nlohmann::json;

/// A row's bytes with their mask; special tokens by name.
struct Spread {
  std::string text, mask;
  void add(std::string_view bytes, bool supervised) {
    text += bytes;
    mask.append(bytes.size(), supervised ? '1' : '0');
  }
};

class Golden : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT(shared_path("golden/sft"));
    std::ifstream vocabulary(shared_path("golden/sft/tokenizer/vocab.json"));
    const json ids = json::parse(vocabulary);
    for (const auto& [piece, id] : ids.items()) {
      std::string bytes;
      for (std::string_view rest = piece; !rest.empty();) {
        const Utf8Step step = utf8_step(rest);
        bytes += char(symbol_byte(step.code_point).value());
        rest.remove_prefix(step.length);
      }
      if (pieces_.size() <= id) pieces_.resize(id.get<std::size_t>() + 1);
      pieces_[id.get<std::size_t>()] = bytes;
    }
  }

  /// Every row of a file, for the mask of that key.
  void check(const std::string& name, const std::string& chat_name, const std::string& mask_key,
             MaskMode mode, std::size_t rows) {
    const std::string path = shared_path("golden/sft/" + name);
    const RecordFile file = read_records(path);
    ASSERT_EQ(file.records.size(), rows);
    Tokenizer tokenizer = Tokenizer::bytes();
    const ChatTemplate chat = chat_template(chat_name);
    chat.add_specials(tokenizer);
    const Renderer renderer(tokenizer, chat, mode);
    std::ifstream lines(path);
    std::string line;
    for (const Record& record : file.records) {
      ASSERT_TRUE(std::getline(lines, line));
      const json row = json::parse(line);
      const Rendered rendered = renderer.render(record);
      Spread expected, got;
      for (std::size_t t = 0; t < row["ids"].size(); ++t) {
        expected.add(pieces_.at(row["ids"][t].get<std::size_t>()), row[mask_key][t] == 1);
      }
      for (std::size_t t = 0; t < rendered.ids.size(); ++t) {
        got.add(*tokenizer.token_bytes(rendered.ids[t]), rendered.mask[t] == 1);
      }
      EXPECT_EQ(got.text, expected.text) << name << ":" << record.line;
      EXPECT_EQ(got.mask, expected.mask) << name << ":" << record.line << " " << mask_key;
      if (chat_name == "chatml") {
        EXPECT_EQ(renderer.text(rendered), row["text"]);
      }
    }
  }

  std::vector<std::string> pieces_;
};

TEST_F(Golden, ChatMlAssistant) {
  check("chatml.jsonl", "chatml", "mask_assistant", MaskMode::kAssistant, 10);
}
TEST_F(Golden, ChatMlLast) { check("chatml.jsonl", "chatml", "mask_last", MaskMode::kLast, 10); }
TEST_F(Golden, ChatMlAll) { check("chatml.jsonl", "chatml", "mask_all", MaskMode::kAll, 10); }
TEST_F(Golden, PromptCompletion) {
  check("prompt_completion.jsonl", "plain", "mask_completion", MaskMode::kCompletion, 5);
}
TEST_F(Golden, Alpaca) {
  check("alpaca.jsonl", "alpaca", "mask_completion", MaskMode::kCompletion, 3);
}

TEST_F(Golden, IdsWithLabels) {
  const RecordFile file = read_records(shared_path("golden/sft/run/data.jsonl"));
  const Renderer renderer({}, chat_template("plain"), MaskMode::kCompletion, /*vocab_size=*/400);
  RenderReport report;
  const auto rendered = render_all(file, renderer, 0, Truncation::kError, report);
  std::ifstream expected(shared_path("golden/sft/run/expected.json"));
  const json step = json::parse(expected)["steps"][0];
  // The first step holds two micro-batches of two records.
  std::int64_t targets = 0;
  for (int i = 0; i < 4; ++i) targets += rendered[std::size_t(i)].n_targets();
  EXPECT_EQ(targets, step["n_targets"].get<std::int64_t>());
}

}  // namespace
}  // namespace pupil
