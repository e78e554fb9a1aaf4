// Chat templates: how a record becomes one text, and which part of it is supervised.
//
// A template is a few lines of data (chat_template.cc holds those that come with pupil):
//
//   specials <|im_start|> <|im_end|>
//   user      <|im_start|> "user" "\n" CONTENT <|im_end|> "\n"
//   assistant <|im_start|> "assistant" "\n" [ CONTENT <|im_end|> ] "\n"
//
// A line is a rule: its name, then pieces. "..." is text (escapes \n \" \\), <...> a special token,
// END_OF_TEXT the tokenizer's own end of text, a word in capitals a field of the record; FIELD.trim
// is the field without white space around it, FIELD.trim_end ends the text without white space,
// also where the field is empty. Pieces are encoded apart, unless `+` stands between them. [ ]
// encloses what is supervised; all before it is what a model gets to see when it has to answer.
//
// Rules: begin (once, at the start of a conversation), system, user, assistant (field CONTENT),
// first_user (SYSTEM, CONTENT: a first user message together with the system message before it, for
// templates without a turn of the system's), prompt_completion (PROMPT, COMPLETION), instruction
// and instruction_with_input (INSTRUCTION, INPUT, OUTPUT), text (TEXT). No template needs all.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sft/tokenizer.h"

namespace pupil {

inline constexpr std::string_view kEndOfText = "<|endoftext|>";  ///< where a tokenizer has no own

struct Piece {
  enum class Kind { kText, kField, kSpecial, kEndOfText };
  enum class Trim { kNone, kBoth, kEnd };
  Kind kind;
  std::string text;         ///< the text, or the name of the field or special token
  Trim trim = Trim::kNone;  ///< white space that is left out
  bool supervised = false;  ///< inside [ ]
  bool joined = false;      ///< encoded in one go with the piece before it
};
using TemplateRule = std::vector<Piece>;

class ChatTemplate {
 public:
  /// Throws InputError naming the template, the line and what is wrong with it.
  ChatTemplate(std::string name, std::string source);

  const std::string& name() const { return name_; }
  /// The lines above.
  const std::string& source() const { return source_; }
  /// The rule; nullptr when the template has none of this name.
  const TemplateRule* rule(const std::string& name) const;
  /// Its names with commas, for messages.
  std::string rule_names() const;

  /// What the template places, in the order in which a tokenizer that lacks them gets them.
  std::vector<std::string> specials(const Tokenizer& tokenizer) const;
  /// Appends what `tokenizer` lacks and returns it; a model needs a row for each.
  std::vector<SpecialToken> add_specials(Tokenizer& tokenizer) const;
  /// The tokens that end an answer: the supervised special tokens, which generation stops at.
  std::vector<std::int32_t> stop_ids(const Tokenizer& tokenizer) const;
  /// SHA-256 of the lines above: another character is another template.
  std::string hash() const;

 private:
  std::string name_, source_;
  std::vector<std::string> specials_;
  std::map<std::string, TemplateRule> rules_;
};

/// "chatml", "alpaca", "llama2", "zephyr", "plain" or "microworld"; throws UsageError.
ChatTemplate chat_template(std::string_view name);
std::vector<std::string> chat_template_names();

}  // namespace pupil
