#include "sft/template_jinja.h"

#include <fmt/format.h>

namespace pupil {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result + "'";
}

class Writer {
 public:
  Writer(const ChatTemplate& chat, const Tokenizer& tokenizer)
      : chat_(chat),
        end_of_text_(tokenizer.eos() ? std::string(*tokenizer.token_bytes(*tokenizer.eos()))
                                     : std::string(kEndOfText)) {}

  std::string write() {
    text_ = "{%- for message in messages -%}\n";
    if (const TemplateRule* begin = chat_.rule("begin")) {
      text_ += "{%- if loop.first -%}" + rule(*begin) + "{%- endif -%}\n";
    }
    const char* keyword = "if";
    for (const char* role : {"system", "user", "assistant"}) {
      const std::string body = turn(role);
      if (body.empty()) continue;
      text_ += fmt::format("{{%- {} message['role'] == '{}' -%}}{}\n", keyword, role, body);
      keyword = "elif";
    }
    text_ +=
        "{%- else -%}{{- raise_exception('no place for the role ' + message['role']) -}}"
        "{%- endif -%}\n{%- endfor -%}\n";
    const std::string prompt = rule(*chat_.rule("assistant"), /*only_prompt=*/true);
    if (!prompt.empty()) text_ += "{%- if add_generation_prompt -%}" + prompt + "{%- endif -%}\n";
    return text_;
  }

 private:
  std::string turn(const std::string& role) const {
    const TemplateRule* own = chat_.rule(role);
    const TemplateRule* together = chat_.rule("first_user");
    if (!together || role == "assistant") return own ? rule(*own) : "";
    if (role == "system") {
      return "{%- if not loop.first -%}{{- raise_exception('the system message comes first') -}}"
             "{%- endif -%}";
    }
    return "{%- if loop.index0 == 1 and messages[0]['role'] == 'system' -%}" + rule(*together) +
           "{%- else -%}" + rule(*own) + "{%- endif -%}";
  }

  std::string rule(const TemplateRule& pieces, bool only_prompt = false) const {
    std::string prompt, answer, behind;
    for (std::size_t i = 0; i < pieces.size();) {
      std::string& part = pieces[i].supervised ? answer : answer.empty() ? prompt : behind;
      std::string run;  // what is joined
      do {
        if (!run.empty()) run += " + ";
        run += expression(pieces[i]);
        if (pieces[i].trim == Piece::Trim::kEnd) run = "(" + run + ").rstrip()";
      } while (++i < pieces.size() && pieces[i].joined);
      part += (part.empty() ? "" : " + ") + run;
    }
    std::string text = printed(prompt);
    if (only_prompt) return text;
    if (!answer.empty()) text += "{%- generation -%}" + printed(answer) + "{%- endgeneration -%}";
    return text + printed(behind);
  }

  static std::string printed(const std::string& expression) {
    return expression.empty() ? "" : "{{- " + expression + " -}}";
  }

  std::string expression(const Piece& piece) const {
    if (piece.kind == Piece::Kind::kEndOfText) return quoted(end_of_text_);
    if (piece.kind != Piece::Kind::kField) return quoted(piece.text);
    const char* owner = piece.text == "SYSTEM" ? "messages[0]" : "message";
    const char* strip = piece.trim == Piece::Trim::kBoth ? ".strip()" : "";
    return fmt::format("{}['content']{}", owner, strip);
  }

  const ChatTemplate& chat_;
  std::string end_of_text_, text_;
};

}  // namespace

std::optional<std::string> template_as_jinja(const ChatTemplate& chat, const Tokenizer& tokenizer) {
  if (!chat.rule("user") || !chat.rule("assistant")) return std::nullopt;
  return Writer(chat, tokenizer).write();
}

}  // namespace pupil
