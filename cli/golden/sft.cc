// Family sft: a tokenizer, records rendered with it, a training run beside TRL.
//
// Text is compared as the numbers of its bytes, a mask as zeros and ones.
#include <fmt/format.h>

#include <sstream>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "cli/golden/sft.h"
#include "nn/file.h"
#include "sft/bpe_files.h"
#include "sft/bpe_trainer.h"
#include "sft/record_fields.h"
#include "sft/render.h"

namespace pupil::golden {
namespace {

std::string numbered(const std::string& name, std::size_t i) {
  return fmt::format("{}.{}", name, i);
}

std::vector<double> bytes_of(const std::string& text) {
  std::vector<double> numbers;
  for (const char c : text) numbers.push_back(double(static_cast<unsigned char>(c)));
  return numbers;
}

// ---- records ------------------------------------------------------------------------------------

/// A file of records with what they are rendered to.
struct RenderedFile {
  const char *file, *chat_template;
  std::vector<std::pair<MaskMode, const char*>> masks;  ///< and the field that holds the mask
  bool has_text;
  const char* behind_text;  ///< what the field "text" leaves out
};

const std::vector<RenderedFile>& rendered_files() {
  static const std::vector<RenderedFile> kFiles{
      {"chatml.jsonl",
       "chatml",
       {{MaskMode::kAssistant, "mask_assistant"},
        {MaskMode::kLast, "mask_last"},
        {MaskMode::kAll, "mask_all"}},
       true,
       ""},
      {"prompt_completion.jsonl", "plain", {{MaskMode::kCompletion, "mask_completion"}}, false, ""},
      {"alpaca.jsonl",
       "alpaca",
       {{MaskMode::kCompletion, "mask_completion"}},
       true,
       "<|endoftext|>"},
  };
  return kFiles;
}

/// A record without its expected values.
Record input_of(const Json& line) {
  nlohmann::json input = nlohmann::json::object();
  for (const char* field : {"messages", "prompt", "completion", "instruction", "input", "output"}) {
    if (line.contains(field)) input[field] = line[field];
  }
  return parse_record(input, recognise(input));
}

Values rendered(const std::string& dir, const RenderedFile& file, Tokenizer tokenizer) {
  Values values;
  std::vector<Record> records;
  for (const Json& line : read_json_lines(dir + "/" + file.file)) records.push_back(input_of(line));
  ChatTemplate chat = chat_template(file.chat_template);
  chat.add_specials(tokenizer);
  for (const auto& [mode, field] : file.masks) {
    const Renderer renderer(tokenizer, chat, mode);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Rendered r = renderer.render(records[i]);
      values.put(numbered(field, i), std::vector<double>(r.mask.begin(), r.mask.end()));
      if (mode != file.masks[0].first) continue;
      values.put(numbered("ids", i), std::vector<double>(r.ids.begin(), r.ids.end()));
      if (file.has_text) values.put(numbered("text", i), bytes_of(renderer.text(r)));
    }
  }
  return values;
}

Expected expected_rendered(const std::string& path, const RenderedFile& file) {
  Expected expected;
  const std::vector<Json> lines = read_json_lines(path);
  for (const auto& [mode, field] : file.masks) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json& line = lines[i];
      expected.put(numbered(field, i), line.at(field).get<std::vector<double>>(), {});
      if (mode != file.masks[0].first) continue;
      expected.put(numbered("ids", i), line.at("ids").get<std::vector<double>>(), {});
      if (!file.has_text) continue;
      const std::string text = line.at("text");
      expected.put(numbered("text", i), bytes_of(text + file.behind_text), {});
    }
  }
  return expected;
}

// ---- the tokenizer ------------------------------------------------------------------------------

const std::vector<std::string> kSpecials{"<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>"};
constexpr std::int64_t kEntries = 400;

/// The bytes of every token by id; the two symbols of every merge in order.
Values trained_tokenizer(const std::string& text) {
  const Tokenizer tokenizer = train_byte_pairs(read_file(text), kEntries, kSpecials);
  Values values;
  const auto vocabulary = byte_pair_vocabulary(tokenizer);
  for (const auto& [symbols, id] : vocabulary.items()) {
    values.put(fmt::format("token.{}", id.get<int>()), bytes_of(symbols));
  }
  const auto& codec = dynamic_cast<const BytePairCodec&>(tokenizer.codec());
  std::size_t i = 0;
  for (const auto& merge : byte_pair_merges(codec)) {
    values.put(numbered("merge", i++),
               bytes_of(merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>()));
  }
  return values;
}

void put_merge(Expected& expected, std::size_t i, const std::string& pair) {
  expected.put(numbered("merge", i), bytes_of(pair), {});
}

Expected expected_vocabulary(const Json& vocabulary) {
  Expected expected;
  for (const auto& [symbols, id] : vocabulary.items()) {
    expected.put(fmt::format("token.{}", id.get<int>()), bytes_of(symbols), {});
  }
  return expected;
}

Expected expected_tokenizer(const std::string& path) {
  const Json model = read_json(path).at("model");
  Expected expected = expected_vocabulary(model.at("vocab"));
  std::size_t i = 0;
  for (const Json& merge : model.at("merges")) {
    put_merge(expected, i++, merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
  }
  return expected;
}

Expected expected_vocab_and_merges(const std::string& dir) {
  Expected expected = expected_vocabulary(read_json(dir + "/vocab.json"));
  std::istringstream merges(read_file(dir + "/merges.txt"));
  std::size_t i = 0;
  for (std::string line; std::getline(merges, line);) {
    if (!line.starts_with("#version")) put_merge(expected, i++, line);
  }
  return expected;
}

}  // namespace

std::vector<Case> sft_cases(const std::string& dir) {
  std::vector<Case> cases;
  const auto add = [&](const std::string& name, auto compute, auto expected) {
    cases.push_back({"sft", name, compute, expected, {}});
  };
  if (!left_out(dir, "train_text.txt")) {
    const auto trained = [=] { return trained_tokenizer(dir + "/train_text.txt"); };
    add("tokenizer.json", trained,
        [=] { return expected_tokenizer(dir + "/tokenizer/tokenizer.json"); });
    add("vocab.json, merges.txt", trained,
        [=] { return expected_vocab_and_merges(dir + "/tokenizer"); });
  }
  for (const RenderedFile& file : rendered_files()) {
    if (left_out(dir, file.file)) continue;
    add(
        fmt::format("rendered {}", file.chat_template),
        [=, &file] { return rendered(dir, file, load_tokenizer(dir + "/tokenizer")); },
        [=, &file] { return expected_rendered(dir + "/" + file.file, file); });
  }
  if (!left_out(dir, "packing_trl.json")) add_sft_packing(cases, dir);
  if (!left_out(dir, "run")) add_sft_run(cases, dir + "/run");
  return cases;
}

}  // namespace pupil::golden
