// From the weakest binding to the strongest.
#include "sft/jinja_expressions.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil::jinja {
namespace {

constexpr int kMostSteps = 1'000'000, kDeepest = 100;

/// What a value costs to copy.
int size_of(const Value& value) {
  if (value.is_string()) return 1 + int(value.get_ref<const std::string&>().size() / 16);
  int size = 1;
  if (value.is_structured()) {
    for (const Value& part : value) size += size_of(part);
  }
  return size;
}

}  // namespace

JinjaToken Expressions::take() {
  spend(1);
  return tokens_[is(JinjaKind::kEnd) ? at_ : at_++];
}

std::string Expressions::take_name() {
  if (!is(JinjaKind::kName)) fail(fmt::format("expected a name, got \"{}\"", here().text));
  return take().text;
}

bool Expressions::accept(std::string_view text) {
  const bool found = symbol(text) || name(text);
  if (found) take();
  return found;
}

void Expressions::expect(std::string_view text) {
  if (!accept(text)) fail(fmt::format("expected \"{}\", got \"{}\"", text, here().text));
}

void Expressions::expect(JinjaKind kind) {
  if (!is(kind)) fail(fmt::format("\"{}\" is not understood here", here().text));
  take();
}

void Expressions::fail(const std::string& what) { throw InputError(what); }

Scoped<int> Expressions::deeper() {
  if (depth_ >= kDeepest) fail("statements and expressions lie too deep in each other");
  return Scoped(depth_, depth_ + 1);
}

void Expressions::spend(int steps) {
  steps_ += steps;
  if (steps_ > kMostSteps) fail("the rendering takes too many steps");
}

Value* Expressions::find(const std::string& name) {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (const auto found = frame->find(name); found != frame->end()) return &*found;
  }
  return nullptr;
}

/// a if b else c
Value Expressions::expression() {
  const auto inside = deeper();
  const std::size_t begin = at_;
  {
    // Whether it counts stands behind it: read it first, compute it afterwards.
    const Scoped dead(live_, false);
    either();
  }
  const bool conditional = accept("if");
  const bool chosen = !conditional || truth(either());
  Value value = undefined();
  if (live_ && chosen) {
    const std::size_t after = at_;
    at_ = begin;
    value = either();
    if (conditional) at_ = after;
  }
  if (!conditional || !accept("else")) return value;
  const Scoped alive(live_, live_ && !chosen);
  Value other = expression();
  return chosen ? value : other;
}

Value Expressions::either() {
  Value value = both();
  while (accept("or")) {
    const bool decided = truth(value);
    const Scoped alive(live_, live_ && !decided);
    Value right = both();
    if (!decided) value = std::move(right);
  }
  return value;
}

Value Expressions::both() {
  Value value = negation();
  while (accept("and")) {
    const bool decided = !truth(value);
    const Scoped alive(live_, live_ && !decided);
    Value right = negation();
    if (!decided) value = std::move(right);
  }
  return value;
}

Value Expressions::negation() {
  const auto inside = deeper();
  if (accept("not")) return !truth(negation());
  return comparison();
}

Value Expressions::compute(const std::string& op, const Value& a, const Value& b) const {
  return live_ ? binary(op, a, b) : undefined();
}

/// a < b < c is a < b and b < c.
Value Expressions::comparison() {
  Value left = sum(), result;
  bool compared = false, holds = true;
  for (;;) {
    std::string op;
    for (const char* candidate : {"==", "!=", "<=", ">=", "<", ">", "in"}) {
      if (op.empty() && accept(candidate)) op = candidate;
    }
    const bool negated = op.empty() && name("not") && next().text == "in";
    if (negated) take(), take(), op = "in";
    if (op.empty()) break;
    Value right = sum();
    holds = holds && truth(compute(op, left, right)) != negated;
    compared = true;
    left = std::move(right);
  }
  return compared ? Value(holds) : left;
}

Value Expressions::sum() {
  Value value = joined();
  while (symbol("+") || symbol("-")) {
    const std::string op = take().text;
    value = compute(op, value, joined());
  }
  return value;
}

Value Expressions::joined() {
  Value value = product();
  while (accept("~")) value = compute("~", value, product());
  return value;
}

Value Expressions::product() {
  Value value = unary();
  while (symbol("*") || symbol("/") || symbol("//") || symbol("%")) {
    const std::string op = take().text;
    value = compute(op, value, unary());
  }
  return value;
}

Value Expressions::unary() {
  const auto inside = deeper();
  if (accept("-")) return compute("-", 0, unary());
  Value value = postfix(primary());
  for (;;) {
    if (accept("|")) {
      const std::string name = take_name();
      const auto arguments = symbol("(") ? call_arguments() : std::vector<Value>();
      value = live_ ? filter(value, name, arguments) : undefined();
    } else if (accept("is")) {
      const bool negated = accept("not");
      const std::string name = take_name();
      value = live_ ? Value(test(value, name) != negated) : undefined();
    } else {
      return value;
    }
  }
}

Value Expressions::primary() {
  if (is(JinjaKind::kString)) return take().text;
  if (is(JinjaKind::kNumber)) {
    const std::string digits = take().text;
    if (digits.size() > 9) fail(fmt::format("{} is too large a number", digits));
    return std::stoi(digits);
  }
  if (accept("(")) {
    Value value = expression();
    expect(")");
    return value;
  }
  if (accept("[")) return Value(list_until("]"));
  const std::string name = take_name();
  if (name == "true" || name == "True") return true;
  if (name == "false" || name == "False") return false;
  if (name == "none" || name == "None") return nullptr;
  if (symbol("(")) return function(name);
  const Value* found = find(name);
  if (!live_ || !found) return undefined();
  spend(size_of(*found));
  return *found;
}

Value Expressions::function(const std::string& name) {
  if (name == "namespace") return make_namespace();
  const std::vector<Value> arguments = call_arguments();
  if (!live_) return undefined();
  if (name == "raise_exception" && arguments.size() == 1) {
    fail(fmt::format("the template refuses this: {}", printed(arguments[0])));
  }
  fail(fmt::format("the function {} is not understood", name));
}

Value Expressions::make_namespace() {
  Value fields = Value::object();
  expect("(");
  while (!accept(")")) {
    const std::string name = take_name();
    expect("=");
    Value value = expression();
    if (live_) fields[name] = std::move(value);
    if (!symbol(")")) expect(",");
  }
  return fields;
}

std::vector<Value> Expressions::call_arguments() {
  expect("(");
  return list_until(")");
}

std::vector<Value> Expressions::list_until(std::string_view end) {
  std::vector<Value> list;
  while (!accept(end)) {
    list.push_back(expression());
    if (!symbol(end)) expect(",");
  }
  return list;
}

Value Expressions::postfix(Value value) {
  for (;;) {
    if (accept(".")) {
      const std::string name = take_name();
      if (symbol("(")) {
        const std::vector<Value> arguments = call_arguments();
        value = live_ ? method(value, name, arguments) : undefined();
      } else {
        value = live_ ? member(value, name) : undefined();
      }
    } else if (accept("[")) {
      value = subscript(value);
    } else {
      return value;
    }
  }
}

/// [key] or [begin:end:step], behind the bracket.
Value Expressions::subscript(const Value& object) {
  Value parts[3] = {undefined(), undefined(), undefined()};
  int colons = 0;
  for (; !accept("]");) {
    if (accept(":")) {
      if (++colons > 2) fail("a slice has three parts");
    } else {
      parts[colons] = expression();
      if (!symbol(":") && !symbol("]")) expect("]");
    }
  }
  if (!live_) return undefined();
  if (colons > 0) return slice(object, parts[0], parts[1], parts[2]);
  if (parts[0].is_discarded()) fail("[] needs a key");
  return member(object, parts[0]);
}

}  // namespace pupil::jinja
