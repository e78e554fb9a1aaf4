// The source of a Jinja template as tokens, with white space treated as Hugging Face's chat
// templates are meant (trim_blocks and lstrip_blocks on, one last line break dropped):
//
//   {{ and }}   around an expression that is printed
//   {% and %}   around a statement; spaces before it on its line and the line break behind it go
//   {# and #}   around a comment, likewise
//   -           inside any of these: all white space on that side goes;  +: none does
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pupil {

enum class JinjaKind {
  kText,
  kPrint,
  kPrintEnd,
  kStatement,
  kStatementEnd,
  kName,
  kString,
  kNumber,
  kSymbol,
  kEnd
};

struct JinjaToken {
  JinjaKind kind;
  std::string text;  ///< of a string, without quotes and escapes
  int line;
};

/// Ends with one kEnd. Throws InputError with the line where the source is no Jinja that is
/// understood here.
std::vector<JinjaToken> jinja_tokens(std::string_view source);

}  // namespace pupil
