#include "lessons/kit/check.h"

#include <cmath>

using namespace pupil::kit;

namespace {

enum Op : std::int32_t { kInput, kAdd, kMultiply, kDivide, kTanh };

struct Tape {
  std::vector<double> inputs, value;  // value: to keep all numbers near 1
  std::vector<std::int32_t> op, left, right;

  std::int32_t count() const { return std::int32_t(op.size()); }
  double at(std::int32_t i) const { return value[std::size_t(i)]; }
  double result_of(std::int32_t o, std::int32_t l, std::int32_t r) const {
    switch (o) {
      case kAdd:
        return at(l) + at(r);
      case kMultiply:
        return at(l) * at(r);
      case kDivide:
        return at(l) / at(r);
      default:
        return std::tanh(at(l));
    }
  }
  void input(double x) {
    inputs.push_back(x);
    push(kInput, -1, -1, x);
  }
  std::int32_t node(std::int32_t o, std::int32_t l, std::int32_t r) {
    push(o, l, o == kTanh ? -1 : r, result_of(o, l, r));
    return count() - 1;
  }

 private:
  void push(std::int32_t o, std::int32_t l, std::int32_t r, double v) {
    op.push_back(o), left.push_back(l), right.push_back(r), value.push_back(v);
  }
};

double draw_input(Random& random) { return (random.below(2) ? 1 : -1) * random.uniform(0.6, 1.5); }

// Every operation in turn; each node is used by the next one, so that all inputs reach the result.
// With `dead_ends`, every third node is used by nobody.
Tape draw_tape(Random& random, std::int32_t inputs, std::int32_t count, bool dead_ends) {
  Tape tape;
  for (std::int32_t i = 0; i < inputs; ++i) tape.input(draw_input(random));
  std::int32_t last = 0, next_input = 1, turn = 0;
  while (tape.count() < count - 1) {
    for (int tries = 0;; ++tries) {
      const std::int32_t op = tries < 40 ? kAdd + (turn + tries) % 4 : std::int32_t(kAdd);
      // A division by an input: a node divided by a part of itself would lose what it depends on.
      const std::int32_t others = op == kDivide ? inputs : tape.count();
      std::int32_t l = last, r = next_input < inputs ? next_input : random.below(others);
      if (op != kTanh && random.below(2)) std::swap(l, r);
      const double v = tape.result_of(op, l, r);
      const bool tame = std::abs(v) > 0.25 && std::abs(v) < 4;
      if (tries < 40 && (!tame || (op == kTanh && std::abs(tape.at(l)) > 1.5))) continue;
      last = tape.node(op, l, r);
      next_input += op != kTanh;
      break;
    }
    if (dead_ends && ++turn % 3 == 0 && tape.count() < count - 1) tape.node(kAdd, last, 0);
    turn += !dead_ends;
  }
  tape.node(kMultiply, last, last);  // a node that uses one operand twice
  return tape;
}

// sum_j tanh(x_j x_{j-1}) / x_{j-1}, added one by one: deep, and wide in its inputs.
Tape long_sum(Random& random, std::int32_t inputs) {
  Tape tape;
  for (std::int32_t i = 0; i < inputs; ++i) tape.input(draw_input(random));
  std::int32_t sum = 0;
  for (std::int32_t j = 1; j < inputs; ++j) {
    const std::int32_t bent = tape.node(kTanh, tape.node(kMultiply, j, j - 1), -1);
    sum = tape.node(kAdd, sum, tape.node(kDivide, bent, j - 1));
  }
  return tape;
}

std::vector<Argument> columns(const Tape& tape) {
  const std::int64_t count = tape.count();
  return {input("inputs", {std::int64_t(tape.inputs.size())}, tape.inputs),
          input_ids("op", {count}, tape.op), input_ids("left", {count}, tape.left),
          input_ids("right", {count}, tape.right)};
}

Call call(const char* function, const Tape& tape, std::vector<Argument> more) {
  Call c{function, columns(tape)};
  for (Argument& a : more) c.arguments.push_back(std::move(a));
  return c;
}

Call backward(Trial& t, const Tape& tape) {
  const double dresult = t.random.uniform(1.1, 1.9);
  t.constant("the incoming gradient dresult", dresult);
  return call("backward", tape,
              {input("dresult", dresult), output("dinputs", {std::int64_t(tape.inputs.size())})});
}

}  // namespace

PUPIL_CHECKS {
  check("value", [](Trial& t) {
    t.describe("7 inputs, 23 nodes");
    const Tape tape = draw_tape(t.random, 7, 23, false);
    t.same(call("values", tape, {output("values", {tape.count()})}));
  });
  check("gradient", [](Trial& t) {
    t.describe("7 inputs, 23 nodes");
    const Tape tape = draw_tape(t.random, 7, 23, false);
    t.gradient(call("result", tape, {output("result")}), backward(t, tape));
  });
  check("dead-ends", [](Trial& t) {
    t.describe("29 nodes, some of which nobody uses; the gradient of every node");
    const Tape tape = draw_tape(t.random, 7, 29, true);
    t.same(call("gradients", tape,
                {input("dresult", t.random.uniform(1.1, 1.9)),
                 output("gradients", {tape.count()}).zeros_exact()}));
  });
  check("large", [](Trial& t) {
    t.describe("20011 inputs, 100051 nodes");
    t.same(backward(t, long_sum(t.random, 20011)));
  });
  // BEGIN HIDDEN
  check("short", [](Trial& t) {
    Tape one;
    one.input(draw_input(t.random));
    Tape square = one;
    square.node(kMultiply, 0, 0);
    Tape bent = one;
    bent.node(kTanh, 0, -1);
    t.same(backward(t, one)) && t.same(backward(t, square)) && t.same(backward(t, bent));
  });
  // END HIDDEN
}
