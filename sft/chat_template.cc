#include "sft/chat_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil {
namespace {

struct Builtin {
  std::string_view name, source;
};
constexpr Builtin kBuiltins[] = {
    {"chatml", R"(
specials  <|im_start|> <|im_end|>
system    <|im_start|> "system" "\n" CONTENT <|im_end|> "\n"
user      <|im_start|> "user" "\n" CONTENT <|im_end|> "\n"
assistant <|im_start|> "assistant" "\n" [ CONTENT <|im_end|> ] "\n"
)"},
    // The two texts of Stanford Alpaca (Taori et al. 2023).
    {"alpaca", R"(
specials               END_OF_TEXT
instruction            "Below is an instruction that describes a task. " + "Write a response that appropriately completes the request.\n\n" + "### Instruction:\n" + INSTRUCTION + "\n\n### Response:\n" [ OUTPUT END_OF_TEXT ]
instruction_with_input "Below is an instruction that describes a task, paired with an input that provides further context. " + "Write a response that appropriately completes the request.\n\n" + "### Instruction:\n" + INSTRUCTION + "\n\n### Input:\n" + INPUT + "\n\n### Response:\n" [ OUTPUT END_OF_TEXT ]
)"},
    // Llama 2 Chat (Touvron et al. 2023): the system message lies inside the first user turn, each
    // exchange begins and ends a text, and contents are trimmed.
    {"llama2", R"(
specials   <s> </s>
first_user <s> "[INST] <<SYS>>\n" + SYSTEM + "\n<</SYS>>\n\n" + CONTENT.trim_end + " [/INST]"
user       <s> "[INST] " + CONTENT.trim + " [/INST]"
assistant  [ " " + CONTENT.trim + " " </s> ]
)"},
    // Zephyr 7B (Tunstall et al. 2023). NB: it spells its roles as text; as tokens of their own
    // here nobody can type them.
    {"zephyr", R"(
specials  <|system|> <|user|> <|assistant|> </s>
system    <|system|> "\n" CONTENT </s> "\n"
user      <|user|> "\n" CONTENT </s> "\n"
assistant <|assistant|> "\n" [ CONTENT </s> ] "\n"
)"},
    {"plain", R"(
specials          END_OF_TEXT
prompt_completion PROMPT [ COMPLETION END_OF_TEXT ]
text              [ TEXT END_OF_TEXT ]
)"},
    {"microworld", R"(
specials  <bos> <user> <asst> <end>
begin     <bos>
user      <user> CONTENT <end>
assistant <asst> [ CONTENT <end> ]
)"},
};

const std::map<std::string, std::vector<std::string>, std::less<>> kFields = {
    {"begin", {}},
    {"system", {"CONTENT"}},
    {"user", {"CONTENT"}},
    {"first_user", {"SYSTEM", "CONTENT"}},
    {"assistant", {"CONTENT"}},
    {"prompt_completion", {"PROMPT", "COMPLETION"}},
    {"instruction", {"INSTRUCTION", "OUTPUT"}},
    {"instruction_with_input", {"INSTRUCTION", "INPUT", "OUTPUT"}},
    {"text", {"TEXT"}},
};

/// Reads one line, word by word.
class RuleParser {
 public:
  RuleParser(const std::string& name, int line, std::string_view text)
      : place_(fmt::format("template {}, line {}", name, line)), text_(text) {}

  /// False at the end of the line.
  bool next() {
    const std::size_t begin = text_.find_first_not_of(' ');
    if (begin == text_.npos) return false;
    text_.remove_prefix(begin);
    std::size_t length = std::min(text_.find(' '), text_.size());
    if (text_[0] == '"') {
      length = 1;
      while (length < text_.size() && text_[length] != '"') length += text_[length] == '\\' ? 2 : 1;
      if (length >= text_.size()) fail("a text in quotes does not end");
      ++length;
    }
    word = text_.substr(0, length);
    text_.remove_prefix(length);
    return true;
  }

  /// The piece that `word` stands for.
  Piece piece() const {
    if (word[0] == '"') return {Piece::Kind::kText, unquoted()};
    if (word == "END_OF_TEXT") return {Piece::Kind::kEndOfText, ""};
    if (word[0] == '<') return {Piece::Kind::kSpecial, std::string(word)};
    const std::size_t dot = std::min(word.find('.'), word.size());
    Piece piece{Piece::Kind::kField, std::string(word.substr(0, dot))};
    const std::string_view modifier = word.substr(dot);
    if (modifier == ".trim") piece.trim = Piece::Trim::kBoth;
    if (modifier == ".trim_end") piece.trim = Piece::Trim::kEnd;
    if (!modifier.empty() && piece.trim == Piece::Trim::kNone) {
      fail(fmt::format("{} is no way to change a field; expected .trim or .trim_end", modifier));
    }
    return piece;
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw InputError(fmt::format("{}: {}", place_, what));
  }

  std::string_view word;

 private:
  std::string unquoted() const {
    std::string text;
    for (std::size_t i = 1; i + 1 < word.size(); ++i) {
      if (word[i] != '\\') {
        text += word[i];
        continue;
      }
      const char escaped = word[++i];
      if (escaped != 'n' && escaped != '"' && escaped != '\\') fail("unknown escape in a text");
      text += escaped == 'n' ? '\n' : escaped;
    }
    return text;
  }

  std::string place_;
  std::string_view text_;
};

/// The field of a rule that a model is to write; empty when it writes none.
std::string_view answer_of(std::string_view rule) {
  if (rule == "assistant") return "CONTENT";
  if (rule == "prompt_completion") return "COMPLETION";
  return rule.starts_with("instruction") ? "OUTPUT" : "";
}

TemplateRule parse_rule(RuleParser& parser, const std::string& name,
                        const std::vector<std::string>& fields) {
  TemplateRule rule;
  bool supervised = false, ended = false, joined = false;
  while (parser.next()) {
    if (parser.word == "[") {
      if (supervised || ended) parser.fail("a rule has one supervised part");
      supervised = true;
    } else if (parser.word == "]") {
      if (!supervised) parser.fail("] without [");
      supervised = false;
      ended = true;
    } else if (parser.word == "+") {
      joined = true;
    } else {
      Piece piece = parser.piece();
      const bool text = piece.kind == Piece::Kind::kText || piece.kind == Piece::Kind::kField;
      if (joined && (!text || rule.empty() || rule.back().supervised != supervised)) {
        parser.fail("+ joins two texts on the same side of [ and ]");
      }
      if (piece.kind == Piece::Kind::kField &&
          std::find(fields.begin(), fields.end(), piece.text) == fields.end()) {
        parser.fail(fmt::format("{} is no field of this rule", piece.text));
      }
      // A prompt, which is all before [, must not depend on the answer.
      if (piece.kind == Piece::Kind::kField && piece.text == answer_of(name) && !supervised) {
        parser.fail(fmt::format("{} is what a model writes and stands in [ ]", piece.text));
      }
      piece.supervised = supervised;
      piece.joined = joined;
      joined = false;
      rule.push_back(std::move(piece));
    }
  }
  if (supervised) parser.fail("[ without ]");
  if (joined) parser.fail("nothing follows +");
  if (!ended && !answer_of(name).empty()) parser.fail("[ ] must enclose what a model writes");
  return rule;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string name, std::string source)
    : name_(std::move(name)), source_(std::move(source)) {
  int number = 0;
  for (std::string_view rest = source_; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    RuleParser parser(name_, ++number, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!parser.next()) continue;
    const std::string rule_name(parser.word);
    if (rule_name == "specials") {
      while (parser.next()) specials_.emplace_back(parser.word);
      continue;
    }
    const auto fields = kFields.find(rule_name);
    if (fields == kFields.end()) parser.fail(fmt::format("\"{}\" is no rule", rule_name));
    if (rules_.contains(rule_name)) parser.fail(fmt::format("a second rule {}", rule_name));
    rules_[rule_name] = parse_rule(parser, rule_name, fields->second);
  }
  for (const auto& [rule_name, rule] : rules_) {
    for (const Piece& piece : rule) {
      const bool end_of_text = piece.kind == Piece::Kind::kEndOfText;
      if (!end_of_text && piece.kind != Piece::Kind::kSpecial) continue;
      const std::string_view listed = end_of_text ? "END_OF_TEXT" : std::string_view(piece.text);
      if (std::find(specials_.begin(), specials_.end(), listed) == specials_.end()) {
        throw InputError(
            fmt::format("template {}: {} is not in the line \"specials\"", name_, listed));
      }
    }
  }
}

const TemplateRule* ChatTemplate::rule(const std::string& name) const {
  const auto found = rules_.find(name);
  return found == rules_.end() ? nullptr : &found->second;
}

std::string ChatTemplate::rule_names() const {
  std::string names;
  for (const auto& [name, rule] : rules_) names += (names.empty() ? "" : ", ") + name;
  return names;
}

std::vector<std::string> ChatTemplate::specials(const Tokenizer& tokenizer) const {
  std::vector<std::string> names;
  for (const std::string& name : specials_) {
    const auto eos = name == "END_OF_TEXT" ? tokenizer.eos() : std::nullopt;
    if (eos) {
      names.emplace_back(*tokenizer.token_bytes(*eos));
    } else {
      names.push_back(name == "END_OF_TEXT" ? std::string(kEndOfText) : name);
    }
  }
  return names;
}

std::vector<SpecialToken> ChatTemplate::add_specials(Tokenizer& tokenizer) const {
  return tokenizer.add_specials(specials(tokenizer));
}

std::vector<std::int32_t> ChatTemplate::stop_ids(const Tokenizer& tokenizer) const {
  std::vector<std::int32_t> ids;
  for (const auto& [name, rule] : rules_) {
    for (const Piece& piece : rule) {
      if (!piece.supervised) continue;
      std::optional<std::int32_t> id;
      if (piece.kind == Piece::Kind::kEndOfText) id = tokenizer.eos();
      if (piece.kind == Piece::Kind::kSpecial) id = tokenizer.special(piece.text);
      if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
    }
  }
  return ids;
}

std::string ChatTemplate::hash() const { return sha256(source_); }

ChatTemplate chat_template(std::string_view name) {
  for (const Builtin& builtin : kBuiltins) {
    if (builtin.name == name) return {std::string(name), std::string(builtin.source)};
  }
  throw UsageError(fmt::format("\"{}\" is no template; expected {}", name,
                               fmt::join(chat_template_names(), ", ")));
}

std::vector<std::string> chat_template_names() {
  std::vector<std::string> names;
  for (const Builtin& builtin : kBuiltins) names.emplace_back(builtin.name);
  return names;
}

}  // namespace pupil
