// Expressions of a Jinja template (sft/jinja.h), read and computed in one go.
//
// What is not to be computed (a branch not taken, the right side of a decided `or`) is read with
// live_ false: everything is then undefined, and nothing happens.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sft/jinja_tokens.h"
#include "sft/jinja_values.h"

namespace pupil::jinja {

/// Sets a variable for the rest of a block.
template <class T>
class Scoped {
 public:
  Scoped(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  ~Scoped() { variable_ = before_; }
  Scoped(const Scoped&) = delete;

 private:
  T& variable_;
  T before_;
};

/// A place in the tokens, and the names that are known there. Everything throws InputError, without
/// the line, for what is not understood.
class Expressions {
 protected:
  Expressions(std::vector<JinjaToken> tokens, const Value& names)
      : tokens_(std::move(tokens)), frames_{names} {}

  /// a if b else c, and all that binds stronger.
  Value expression();
  /// The same without `if`.
  Value either();

  const JinjaToken& here() const { return tokens_[at_]; }
  const JinjaToken& next() const { return tokens_[is(JinjaKind::kEnd) ? at_ : at_ + 1]; }
  bool is(JinjaKind kind) const { return here().kind == kind; }
  bool symbol(std::string_view text) const { return is(JinjaKind::kSymbol) && here().text == text; }
  bool name(std::string_view text) const { return is(JinjaKind::kName) && here().text == text; }
  JinjaToken take();
  std::string take_name();
  bool accept(std::string_view text);
  void expect(std::string_view text);
  void expect(JinjaKind kind);
  [[noreturn]] static void fail(const std::string& what);
  /// Statements and expressions inside each other.
  Scoped<int> deeper();

  Value* find(const std::string& name);

  std::vector<JinjaToken> tokens_;
  std::size_t at_ = 0;
  bool live_ = true;
  std::vector<Value> frames_;  ///< names, the innermost last

 private:
  /// Whatever grows is made of what was read: what reading costs bounds time and memory.
  void spend(int steps);
  Value compute(const std::string& op, const Value& a, const Value& b) const;
  Value both();
  Value negation();
  Value comparison();
  Value sum();
  Value joined();
  Value product();
  Value unary();
  Value primary();
  Value function(const std::string& name);
  Value make_namespace();
  std::vector<Value> call_arguments();
  std::vector<Value> list_until(std::string_view end);
  Value postfix(Value value);
  Value subscript(const Value& object);

  int steps_ = 0, depth_ = 0;
};

}  // namespace pupil::jinja
