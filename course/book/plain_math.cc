#include "course/book/plain_math.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

namespace pupil::course {
namespace {

// Commands that stand for a sign or a word; those with arguments are in Reader::command().
const std::map<std::string, std::string, std::less<>> kWords = {
    {"cdot", " * "},   {"times", " x "},  {"le", " <= "},       {"leq", " <= "},
    {"ge", " >= "},    {"geq", " >= "},   {"ne", " != "},       {"neq", " != "},
    {"approx", " ~ "}, {"to", " -> "},    {"mid", " | "},       {"|", "||"},
    {"infty", "inf"},  {"partial", "d"},  {"nabla", "grad "},   {"dots", "..."},
    {"ldots", "..."},  {"cdots", "..."},  {"pm", " +- "},       {"in", " in "},
    {"quad", "  "},    {"qquad", "    "}, {",", " "},           {";", " "},
    {" ", " "},        {"!", ""},         {":", " "},           {"left", ""},
    {"right", ""},     {"bigl", ""},      {"bigr", ""},         {"big", ""},
    {"lvert", "|"},    {"rvert", "|"},    {"lVert", "||"},      {"rVert", "||"},
    {"top", "T"},      {"odot", " * "},   {"propto", " ~ "},    {"ell", "l"},
    {"{", "{"},        {"}", "}"},        {"$", "$"},           {"%", "%"},
    {"_", "_"},        {"#", "#"},        {"&", "&"},           {"\\", "; "},
    {"log", "log "},   {"exp", "exp"},    {"max", "max"},       {"min", "min"},
    {"sum", "sum"},    {"prod", "prod"},  {"int", "int"},       {"lfloor", "floor("},
    {"rfloor", ")"},   {"sim", " ~ "},    {"ll", " << "},       {"gg", " >> "},
    {"langle", "<"},   {"rangle", ">"},   {"varepsilon", "eps"}};

class Reader {
 public:
  explicit Reader(const std::string& tex) : tex_(tex) {}

  std::string all() {
    while (at_ < tex_.size()) piece();
    return out_;
  }

 private:
  // One sign, group or command from the source.
  void piece() {
    const char c = tex_[at_];
    if (c == '\\') {
      command();
    } else if (c == '{') {
      out_ += plain_math(group());
    } else if (c == '_' || c == '^') {
      ++at_;
      const std::string inner = plain_math(group());
      trim_end();
      out_ += c + (inner.size() == 1 || is_name(inner) ? inner : "(" + inner + ")") + " ";
    } else if (c == ' ' || c == '\n' || c == '~') {
      ++at_;
      space();
    } else {
      // A sign that closes or continues stands at what came before: "z_v, p" and not "z_v , p".
      if ((c == ',' || c == ')' || c == ']' || c == '!') && out_.ends_with(' ')) trim_end();
      out_ += c;
      ++at_;
    }
  }

  void command() {
    std::size_t end = at_ + 1;
    while (end < tex_.size() && std::isalpha(static_cast<unsigned char>(tex_[end]))) ++end;
    if (end == at_ + 1) ++end;  // one sign: \, \{
    const std::string name = tex_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    if (name == "frac" || name == "tfrac" || name == "dfrac") {
      const std::string above = term(group()), below = term(group());
      out_ += above + "/" + below + " ";
    } else if (name == "sqrt") {
      out_ += "sqrt(" + plain_math(group()) + ")";
    } else if (name == "hat" || name == "bar" || name == "tilde") {
      out_ += plain_math(group()) + "_" + name + " ";
    } else if (name == "mathrm" || name == "text" || name == "operatorname" || name == "mathbf" ||
               name == "mathbb" || name == "mathcal" || name == "textrm" || name == "texttt" ||
               name == "mathit" || name == "mathsf" || name == "boldsymbol") {
      out_ += name == "text" ? group() : plain_math(group());
    } else if (const auto word = kWords.find(name); word != kWords.end()) {
      if (word->second.starts_with(' ') || name == "rangle") trim_end();
      out_ += word->second;
      if (name == "partial" || name == "langle") skip_spaces();
    } else {
      out_ += name;  // Greek letters and the like by their names
      if (at_ < tex_.size() && std::isalnum(static_cast<unsigned char>(tex_[at_]))) out_ += ' ';
    }
  }

  // What an argument holds: a group in braces, a command, or one sign.
  std::string group() {
    skip_spaces();
    if (at_ >= tex_.size()) return "";
    if (tex_[at_] != '{') {
      const std::size_t begin = at_++;
      if (tex_[begin] == '\\') {
        while (at_ < tex_.size() && std::isalpha(static_cast<unsigned char>(tex_[at_]))) ++at_;
      }
      return tex_.substr(begin, at_ - begin);
    }
    const std::size_t begin = ++at_;
    for (int depth = 1; at_ < tex_.size(); ++at_) {
      if (tex_[at_] == '\\') {
        ++at_;
      } else if (tex_[at_] == '{') {
        ++depth;
      } else if (tex_[at_] == '}' && --depth == 0) {
        break;
      }
    }
    const std::string inner = tex_.substr(begin, at_ - begin);
    if (at_ < tex_.size()) ++at_;
    return inner;
  }

  static bool is_name(const std::string& text) {
    for (const char c : text) {
      if (!std::isalnum(static_cast<unsigned char>(c))) return false;
    }
    return true;
  }
  // Above or below a stroke: in brackets where it is more than one factor.
  static std::string term(const std::string& tex) {
    const std::string inner = plain_math(tex);
    return inner.find_first_of(" +-") == inner.npos ? inner : "(" + inner + ")";
  }
  void skip_spaces() {
    while (at_ < tex_.size() && (tex_[at_] == ' ' || tex_[at_] == '\n')) ++at_;
  }
  void trim_end() {
    while (out_.ends_with(' ')) out_.pop_back();
  }
  void space() {
    if (!out_.empty() && !out_.ends_with(' ')) out_ += ' ';
  }

  const std::string& tex_;
  std::size_t at_ = 0;
  std::string out_;
};

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string locale = value;
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

const std::map<unsigned, const char*> kLike = {
    {0xa0, " "},     {0xb7, "*"},    {0xd7, "x"},      {0x2013, "-"},    {0x2014, "-"},
    {0x2018, "'"},   {0x2019, "'"},  {0x201c, "\""},   {0x201d, "\""},   {0x2026, "..."},
    {0x2192, "->"},  {0x2202, "d"},  {0x2211, "sum"},  {0x2212, "-"},    {0x221e, "inf"},
    {0x2248, "~"},   {0x2260, "!="}, {0x2264, "<="},   {0x2265, ">="},   {0x3b1, "alpha"},
    {0x3b2, "beta"}, {0x3b5, "eps"}, {0x3b7, "eta"},   {0x3b8, "theta"}, {0x3bb, "lambda"},
    {0x3bc, "mu"},   {0x3c0, "pi"},  {0x3c3, "sigma"}, {0x3c4, "tau"},   {0xb1, "+-"}};

// The code point that begins at `at`, and its length; broken UTF-8 counts byte by byte.
std::pair<unsigned, std::size_t> code_point(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(at) >= 0xf0 ? 4 : byte(at) >= 0xe0 ? 3 : byte(at) >= 0xc0 ? 2 : 1;
  if (length == 1 || at + length > text.size()) return {byte(at), 1};
  unsigned code = byte(at) & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(at + i) & 0x3fu);
  return {code, length};
}

}  // namespace

std::string plain_math(const std::string& tex) {
  std::string text = Reader(tex).all();
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string plain_formulas(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "\\$") == 0) {
      out += '$';
      at += 2;
      continue;
    }
    const std::size_t end = text[at] == '$' ? text.find('$', at + 1) : text.npos;
    if (end == text.npos) {
      out += text[at++];
      continue;
    }
    out += plain_math(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return out;
}

std::string to_ascii(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = code_point(text, at);
    at += length;
    if (code < 128) {
      out += char(code);
    } else if (const auto like = kLike.find(code); like != kLike.end()) {
      out += like->second;
    } else {
      out += fmt::format("U+{:04X}", code);
    }
  }
  return out;
}

std::string for_terminal(const std::string& text) {
  return locale_is_utf8() ? text : to_ascii(text);
}

}  // namespace pupil::course
