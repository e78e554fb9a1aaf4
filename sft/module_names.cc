#include "sft/module_names.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "tensor/error.h"

namespace pupil {

bool name_matches(const std::string& name, const std::string& wanted) {
  return name == wanted || name.ends_with("." + wanted);
}

bool is_inside_module(const std::string& name, const std::string& wanted) {
  for (std::size_t end = name.size(); end != std::string::npos && end > 0;
       end = name.rfind('.', end - 1)) {
    if (name_matches(name.substr(0, end), wanted)) return true;
  }
  return false;
}

struct NamePattern::Code {
  struct Free {
    void operator()(pcre2_code* p) const { pcre2_code_free(p); }
    void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
    void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  };
  std::unique_ptr<pcre2_code, Free> code;

  explicit Code(const std::string& expression) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code.reset(pcre2_compile(PCRE2_SPTR(expression.data()), expression.size(),
                             PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, nullptr));
    if (code) return;
    PCRE2_UCHAR reason[200];
    pcre2_get_error_message(error, reason, sizeof reason);
    throw UsageError(fmt::format("\"{}\" is no regular expression: {} at character {}", expression,
                                 reinterpret_cast<const char*>(reason), at));
  }
};

// The expression alone is compiled first: what is wrong in it must not become right by the
// brackets around it.
NamePattern::NamePattern(const std::string& expression)
    : expression_(expression),
      whole_(std::make_unique<Code>(expression)),
      end_(std::make_unique<Code>("(?:.*\\.)?(?:" + expression + ")")) {}
NamePattern::~NamePattern() = default;
NamePattern::NamePattern(NamePattern&&) noexcept = default;

bool NamePattern::matches(const Code& code, const std::string& name) const {
  constexpr std::uint32_t kMostSteps = 1'000'000;
  const std::unique_ptr<pcre2_match_data, Code::Free> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, Code::Free> bounds(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(bounds.get(), kMostSteps);
  const int result = pcre2_match(code.code.get(), PCRE2_SPTR(name.data()), name.size(), 0, 0,
                                 data.get(), bounds.get());
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  throw UsageError(
      fmt::format("the expression \"{}\" needs too many steps on the name {}; write it simpler",
                  expression_, name));
}

bool NamePattern::matches_whole(const std::string& name) const { return matches(*whole_, name); }
bool NamePattern::matches_end(const std::string& name) const { return matches(*end_, name); }

}  // namespace pupil
