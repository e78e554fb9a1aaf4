// Byte-level byte-pair encoding: reference encodings, files, splitting, training.
#include <gtest/gtest.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <nlohmann/json.hpp>
#include <random>

#include "nn/file.h"
#include "sft/bpe_files.h"
#include "sft/bpe_pretokenizer.h"
#include "sft/bpe_tokenizer.h"
#include "sft/bpe_trainer.h"
#include "sft/render.h"
#include "sft/utf8.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;

const char kPattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^S\p{L}\p{N}]+|[S]+(?![^S])|[S]+)";
const char kWhiteSpace[] = R"(\p{Z}\t-\r\x{85})";  // Unicode's White_Space

/// GPT-2's pattern as PCRE2 matches it.
std::vector<std::string> pieces_by_pcre2(const std::string& text) {
  static pcre2_code* const kCode = [] {
    std::string pattern;
    for (const char c : std::string(kPattern))
      pattern += c == 'S' ? kWhiteSpace : std::string(1, c);
    int error = 0;
    PCRE2_SIZE at = 0;
    return pcre2_compile(PCRE2_SPTR(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                         &at, nullptr);
  }();
  pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match);
  std::vector<std::string> pieces;
  for (PCRE2_SIZE at = 0; at < text.size(); at = range[1]) {
    if (pcre2_match(kCode, PCRE2_SPTR(text.data()), text.size(), at, PCRE2_NO_UTF_CHECK, match,
                    nullptr) <= 0) {
      break;
    }
    pieces.push_back(text.substr(range[0], range[1] - range[0]));
  }
  pcre2_match_data_free(match);
  return pieces;
}

std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> pieces;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
    end = piece_end(text, begin);
    pieces.emplace_back(text.substr(begin, end - begin));
  }
  return pieces;
}

char32_t random_code_point(std::mt19937& random) {
  static const char32_t kCorners[] = {' ',    '\'',   's',    'l',    'v',    'e',   '\n',
                                      '\t',   '7',    '!',    0x85,   0xA0,   0xB2,  0xE9,
                                      0x180E, 0x2003, 0x200B, 0x3000, 0x4E2D, 0x661, 0x1F600};
  if (random() % 2 == 0) return kCorners[random() % std::size(kCorners)];
  for (;;) {
    const char32_t c = random() % (random() % 2 ? 0x3000 : 0x110000);
    if (c < 0xD800 || c > 0xDFFF) return c;
  }
}

std::string random_text(std::size_t bytes, std::mt19937& random) {
  std::string text;
  while (text.size() < bytes) append_utf8(text, random_code_point(random));
  return text;
}

/// Rows of a file of comma-separated values with quoted fields.
std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  const std::string text = read_file(path);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
        rows.back().back() += text[i++];
      } else {
        quoted = !quoted;
      }
    } else if (!quoted && c == ',') {
      rows.back().emplace_back();
    } else if (!quoted && c == '\n') {
      rows.push_back({""});
    } else if (quoted || c != '\r') {
      rows.back().back() += c;
    }
  }
  if (rows.back() == std::vector<std::string>{""}) rows.pop_back();
  return rows;
}

std::vector<std::string> split(const std::string& text, const std::string& mark) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end; begin <= text.size(); begin = end + mark.size()) {
    end = std::min(text.find(mark, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
  }
  return parts;
}

/// Tests that need the reference files: the tokenizer of a folder from both of its forms.
class BytePairs : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT(shared_path("data/gpt2-bpe"));
    SKIP_WITHOUT(shared_path("golden/sft/tokenizer"));
  }
  std::vector<Tokenizer> both_forms(const std::string& name) {
    const std::string from = shared_path(name);
    for (const char* file : {"vocab.json", "merges.txt"}) {
      folder_.write(file, read_file(from + "/" + file));
    }
    return {load_tokenizer(from), load_tokenizer(folder_.path())};
  }
  TemporaryFolder folder_;
};

TEST_F(BytePairs, TheReferenceEncodingsAreExactFromBothForms) {
  const auto rows = read_csv(shared_path("data/gpt2-bpe/golden_encodings.csv"));
  ASSERT_EQ(rows.size(), 283u);  // the first names the columns
  for (const Tokenizer& tokenizer : both_forms("data/gpt2-bpe")) {
    EXPECT_EQ(tokenizer.vocab_size(), 50257);
    EXPECT_EQ(tokenizer.special("<|endoftext|>"), 50256);
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const Ids ids = json::parse(rows[i].at(1)).get<Ids>();
      EXPECT_EQ(tokenizer.encode(rows[i][0]), ids) << rows[i][0];
      EXPECT_EQ(tokenizer.decode(ids), rows[i][0]);
    }
  }
}

TEST_F(BytePairs, TheWhiteSpaceCasesAreExactFromBothForms) {
  const auto texts =
      split(read_file(shared_path("data/gpt2-bpe/llamacpp.inp")), "\n__ggml_vocab_test__\n");
  const auto lines = split(read_file(shared_path("data/gpt2-bpe/llamacpp.out")), "\n");
  ASSERT_EQ(texts.size(), 47u);
  ASSERT_GE(lines.size(), texts.size());
  for (const Tokenizer& tokenizer : both_forms("data/gpt2-bpe")) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Ids expected;
      std::istringstream numbers(lines[i]);
      for (std::int32_t id; numbers >> id;) expected.push_back(id);
      EXPECT_EQ(tokenizer.encode(texts[i]), expected) << "case " << i << ": " << texts[i];
      EXPECT_EQ(tokenizer.decode(expected), texts[i]);
    }
  }
}

TEST_F(BytePairs, BothFormsAreTheSameTokenizer) {
  for (const char* name : {"data/gpt2-bpe", "golden/sft/tokenizer"}) {
    const auto forms = both_forms(name);
    EXPECT_EQ(forms[0].hash(), forms[1].hash()) << name;
    EXPECT_EQ(forms[0].specials(), forms[1].specials());
  }
}

TEST_F(BytePairs, ASavedTokenizerIsTheSameAgain) {
  const Tokenizer tokenizer = load_tokenizer(shared_path("data/gpt2-bpe"));
  Tokenizer grown = tokenizer;
  grown.add_specials({"<|im_start|>", "<|im_end|>"});
  for (const Tokenizer& saved : {tokenizer, grown}) {
    save_tokenizer(saved, folder_.path());
    EXPECT_EQ(load_tokenizer(folder_.path()).hash(), saved.hash());
    std::filesystem::remove(folder_.path() + "/tokenizer.json");
    const Tokenizer again = load_tokenizer(folder_.path());
    EXPECT_EQ(again.vocab_size(), saved.vocab_size());
    EXPECT_EQ(again.specials(), saved.specials());
  }
}

TEST_F(BytePairs, DecodeUndoesEncodeOnRandomUnicode) {
  const Tokenizer tokenizer = load_tokenizer(shared_path("data/gpt2-bpe"));
  std::mt19937 random(11);
  const std::string text = random_text(10'000'000, random);
  const Ids ids = tokenizer.encode(text);
  EXPECT_TRUE(tokenizer.decode(ids) == text);
  StreamDecoder stream(tokenizer);
  std::string streamed;
  for (const std::int32_t id : ids) {
    const std::string part = stream.push(id);
    ASSERT_EQ(invalid_utf8_at(part), part.npos);
    streamed += part;
  }
  EXPECT_TRUE(streamed + stream.finish() == text);
}

TEST_F(BytePairs, AMegabyteOfOneLetterIsEncoded) {
  const Tokenizer tokenizer = load_tokenizer(shared_path("data/gpt2-bpe"));
  for (const char* letter : {"a", "=", " ", "\n", "\xC3\xA9"}) {
    std::string text;
    while (text.size() < 1'000'000) text += letter;
    EXPECT_TRUE(tokenizer.decode(tokenizer.encode(text)) == text) << letter;
  }
}

TEST_F(BytePairs, TypedSpecialTokensStayText) {
  const Tokenizer tokenizer = load_tokenizer(shared_path("data/gpt2-bpe"));
  EXPECT_EQ(tokenizer.encode("<|endoftext|>"), (Ids{27, 91, 437, 1659, 5239, 91, 29}));
  EXPECT_EQ(tokenizer.encode_with_specials("a<|endoftext|>"), (Ids{64, 50256}));
  EXPECT_EQ(tokenizer.decode(Ids{64, 50256}, false), "a");
}

/// Ids, mask and text of each row of a reference file.
void check_rendered(const std::string& name, const std::string& chat_name,
                    const std::string& mask_key, MaskMode mode) {
  const std::string path = shared_path("golden/sft/" + name);
  Tokenizer tokenizer = load_tokenizer(shared_path("golden/sft/tokenizer"));
  const ChatTemplate chat = chat_template(chat_name);
  EXPECT_TRUE(chat.add_specials(tokenizer).empty());
  const Renderer renderer(tokenizer, chat, mode);
  std::ifstream lines(path);
  std::string line;
  int rows = 0;
  for (const Record& record : read_records(path).records) {
    ASSERT_TRUE(std::getline(lines, line));
    const json row = json::parse(line);
    const Rendered rendered = renderer.render(record);
    EXPECT_EQ(rendered.ids, row["ids"].get<Ids>()) << name << ":" << record.line;
    EXPECT_EQ(json(rendered.mask), row[mask_key]) << name << ":" << record.line;
    ++rows;
  }
  EXPECT_GT(rows, 2);
}

TEST_F(BytePairs, RenderedIdsAndMasksAreTheReference) {
  check_rendered("chatml.jsonl", "chatml", "mask_assistant", MaskMode::kAssistant);
  check_rendered("chatml.jsonl", "chatml", "mask_last", MaskMode::kLast);
  check_rendered("chatml.jsonl", "chatml", "mask_all", MaskMode::kAll);
  check_rendered("prompt_completion.jsonl", "plain", "mask_completion", MaskMode::kCompletion);
  check_rendered("alpaca.jsonl", "alpaca", "mask_completion", MaskMode::kCompletion);
}

TEST_F(BytePairs, TrainingGivesTheReferenceMerges) {
  const std::string golden = shared_path("golden/sft/");
  const Tokenizer trained =
      train_byte_pairs(read_file(golden + "train_text.txt"), 400,
                       {"<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>"});
  EXPECT_EQ(trained.hash(), load_tokenizer(golden + "tokenizer").hash());
  save_tokenizer(trained, folder_.path());
  for (const char* file : {"tokenizer.json", "vocab.json"}) {
    const json ours = json::parse(read_file(folder_.path() + "/" + file));
    const json reference = json::parse(read_file(golden + "tokenizer/" + file));
    EXPECT_EQ(ours.value("model", ours)["merges"], reference.value("model", reference)["merges"]);
    EXPECT_EQ(ours.value("added_tokens", json()), reference.value("added_tokens", json()));
  }
  EXPECT_EQ(json::parse(read_file(folder_.path() + "/vocab.json")),
            json::parse(read_file(golden + "tokenizer/vocab.json")));
}

TEST(PreTokenizer, SplitsAsPcre2Does) {
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(1 + random() % 60, random);
    ASSERT_EQ(pieces_of(text), pieces_by_pcre2(text)) << json(text).dump(-1, ' ', true);
  }
}

TEST(PreTokenizer, KnowsTheKindOfEveryCharacter) {
  std::string text;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    append_utf8(text, c);
    text += (c % 3 == 0) ? "a" : c % 3 == 1 ? "1" : ";";
  }
  EXPECT_TRUE(pieces_of(text) == pieces_by_pcre2(text));
}

TEST(PreTokenizer, TakesWrongUtf8AsOthers) {
  EXPECT_EQ(pieces_of("a\xFF\xC3!b"), (std::vector<std::string>{"a", "\xFF\xC3!", "b"}));
}

/// Merging as it is defined: the lowest rank, then the leftmost, looked for anew each time.
Ids merged_by_definition(Ids ids, const std::vector<Merge>& merges) {
  for (;;) {
    std::size_t rank = merges.size(), at = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      for (std::size_t r = 0; r < rank; ++r) {
        if (merges[r].left == ids[i] && merges[r].right == ids[i + 1]) rank = r, at = i;
      }
    }
    if (rank == merges.size()) return ids;
    ids[at] = merges[rank].result;
    ids.erase(ids.begin() + std::ptrdiff_t(at) + 1);
  }
}

TEST(MergeTable, MergesTheLowestRankFirstWhateverTheLength) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    // In any order: a merge may rank before those that make its parts.
    std::vector<Merge> merges;
    for (std::int32_t id = 3; id < 14; ++id) {
      merges.push_back({std::int32_t(random() % id), std::int32_t(random() % id), id});
    }
    std::shuffle(merges.begin(), merges.end(), random);
    const auto same = [](const Merge& a, const Merge& b) {
      return a.left == b.left && a.right == b.right;
    };
    for (std::size_t i = 0; i < merges.size(); ++i) {
      for (std::size_t j = merges.size(); j-- > i + 1;) {
        if (same(merges[i], merges[j])) merges.erase(merges.begin() + std::ptrdiff_t(j));
      }
    }
    Ids ids(1 + random() % 120);
    for (auto& id : ids) id = std::int32_t(random() % 3);
    const Ids expected = merged_by_definition(ids, merges);
    ids.resize(MergeTable(merges).merge(ids.data(), ids.size()));
    EXPECT_EQ(ids, expected) << "round " << round;
  }
}

TEST(PieceCache, NeverChangesTheIds) {
  // 200,000 words, many more than places: each piece beside its fresh encoding.
  std::mt19937 random(9);
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += random() % 3 ? " " : "";
    for (int n = int(random() % 30); n >= 0; --n) text += char('a' + random() % 3);
    text += random() % 7 ? "" : ".";
  }
  const Tokenizer tokenizer = train_byte_pairs(text.substr(0, 20'000), 600, {});
  const auto& model = dynamic_cast<const BytePairCodec&>(tokenizer.codec()).model();
  const MergeTable table(model.merges);
  Ids expected;
  for (const std::string& piece : pieces_of(text)) {
    Ids ids;
    for (const char c : piece) ids.push_back(model.bytes[std::uint8_t(c)]);
    ids.resize(table.merge(ids.data(), ids.size()));
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  EXPECT_TRUE(tokenizer.encode(text) == expected);
  EXPECT_TRUE(tokenizer.encode(text) == expected) << "with a full cache";
}

TEST(BytePairTrainer, PrefersTheCountThenTheSmallerPair) {
  // "ab" and "cd" twice each, "xy" three times: letters of equal case sort as their ids do.
  const Tokenizer tokenizer = train_byte_pairs("xy.xy.xy.cd.cd.ab.ab", 260, {"<e>"});
  const auto& merges = dynamic_cast<const BytePairCodec&>(tokenizer.codec()).model().merges;
  ASSERT_EQ(merges.size(), 3u);
  EXPECT_EQ(tokenizer.decode(Ids{257, 258, 259}), "xyabcd");
  EXPECT_EQ(tokenizer.special("<e>"), 0);
  EXPECT_EQ(tokenizer.encode("!"), Ids{1});  // the first byte character is U+0021
}

TEST(BytePairTrainer, StopsWhenTheTextHasNoMorePairs) {
  const Tokenizer tokenizer = train_byte_pairs("aaaa", 1000, {});
  EXPECT_EQ(tokenizer.vocab_size(), 258);
  EXPECT_EQ(tokenizer.encode("aaaa"), Ids{257});
}

TEST(BytePairTrainer, RefusesWhatCannotBe) {
  const auto usage = [](std::int64_t size, const std::vector<std::string>& specials) {
    try {
      train_byte_pairs("the the the", size, specials);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  expect_contains(usage(256, {"<e>"}), "need 257");
  expect_contains(usage(-1, {}), "not possible");
  expect_contains(usage(400, {"<e>", "<e>"}), "stands twice");
  expect_contains(usage(400, {""}), "is empty");
  expect_contains(usage(400, {"A"}), "it is a byte");
  expect_contains(usage(400, {"the"}), "text makes it by merges");
}

}  // namespace
}  // namespace pupil
