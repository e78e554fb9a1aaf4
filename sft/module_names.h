// Which modules an adapter means: PEFT's ways to name them.
//
//   a name        "attn.c_proj"             that module, and every one whose name ends in "." + it
//   an expression ".*\.h\.[01]\..*"         every module whose whole name it matches
//   a pattern key "h\.0\.attn.*|c_fc"       every module whose name, or an end of it behind a dot,
//                                           it matches (the keys of rank_pattern, alpha_pattern)
//
// Names are dotted paths, "transformer.h.0.attn.c_attn". Expressions are Perl's, which agree with
// Python's in what people write here; matching is bounded, so that no expression runs for ever.
#pragma once
#include <memory>
#include <string>

namespace pupil {

/// True when `name` equals `wanted` or ends in "." + wanted.
bool name_matches(const std::string& name, const std::string& wanted);

/// True when `name` or a module around it matches `wanted`: "h.0.mlp.c_fc" is inside "mlp".
bool is_inside_module(const std::string& name, const std::string& wanted);

class NamePattern {
 public:
  /// Throws UsageError with the expression, the place in it and the reason.
  explicit NamePattern(const std::string& expression);
  ~NamePattern();
  NamePattern(NamePattern&&) noexcept;

  bool matches_whole(const std::string& name) const;
  bool matches_end(const std::string& name) const;

 private:
  struct Code;
  bool matches(const Code& code, const std::string& name) const;
  std::string expression_;
  std::unique_ptr<Code> whole_, end_;
};

}  // namespace pupil
