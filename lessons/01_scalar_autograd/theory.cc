// Lesson 01 measures: a hundred lines give gradients that are exact to the last digits at the price
// of one more pass; where they break is accumulation (+=) and order, and what that does to
// training.
#include <cmath>

#include "lessons/01_scalar_autograd/scalar_tape.h"
#include "lessons/kit/lesson.h"

namespace {

using namespace pupil;

// y = tanh(a b + e^c) / (a^2 + b^2 + 1), as the tape, as arithmetic, and as the engine writes it.
Scalar formula(Scalar a, Scalar b, Scalar c) {
  return tanh(a * b + exp(c)) / (a * a + b * b + 1.0);
}
double formula(double a, double b, double c) {
  return std::tanh(a * b + std::exp(c)) / (a * a + b * b + 1);
}
Variable formula(const Inputs& in) {
  const Variable one = constant(Tensor::full(in[0].shape(), 1, DType::kFloat64));
  return div(tanh(add(mul(in[0], in[1]), exp(in[2]))),
             add(add(mul(in[0], in[0]), mul(in[1], in[1])), one));
}

void gradients_are_exact(Lesson& lesson) {
  lesson.claim("A hundred lines give gradients that are exact to the last digits.");
  constexpr std::int64_t kPoints = 101;
  const Tensor inputs[3] = {rand_between({kPoints}, -2, 2), rand_between({kPoints}, -2, 2),
                            rand_between({kPoints}, -2, 1)};
  std::vector<Variable> parameters;
  for (const Tensor& x : inputs) parameters.push_back(parameter(x.clone()));
  backward(sum(formula(parameters)));

  double tape_error = 0, difference_error = 0, engine_error = 0;
  for (std::int64_t i = 0; i < kPoints; ++i) {
    double x[3];
    for (int k = 0; k < 3; ++k) x[k] = inputs[k].span<double>()[std::size_t(i)];
    const double u = std::tanh(x[0] * x[1] + std::exp(x[2])), d = x[0] * x[0] + x[1] * x[1] + 1;
    const double by_hand[3] = {(1 - u * u) * x[1] / d - u * 2 * x[0] / (d * d),
                               (1 - u * u) * x[0] / d - u * 2 * x[1] / (d * d),
                               (1 - u * u) * std::exp(x[2]) / d};
    ScalarTape tape;
    const Scalar in[3] = {tape.input(x[0]), tape.input(x[1]), tape.input(x[2])};
    tape.backward(formula(in[0], in[1], in[2]));
    for (int k = 0; k < 3; ++k) {
      const double h = 1e-5;
      double above[3] = {x[0], x[1], x[2]}, below[3] = {x[0], x[1], x[2]};
      above[k] += h, below[k] -= h;
      const double quotient =
          (formula(above[0], above[1], above[2]) - formula(below[0], below[1], below[2])) / (2 * h);
      tape_error = std::max(tape_error, std::abs(in[k].gradient() - by_hand[k]));
      difference_error = std::max(difference_error, std::abs(quotient - by_hand[k]));
      engine_error = std::max(
          engine_error, std::abs(parameters[std::size_t(k)].grad().span<double>()[std::size_t(i)] -
                                 in[k].gradient()));
    }
  }
  lesson.show("gradients compared with the closed form", "3 n", 3.0 * kPoints);
  lesson.gate("tape against the closed form, largest error", "|g - dy/dx|", tape_error,
              less_than(1e-14));
  lesson.gate("difference quotient against it", "h = 1e-5", difference_error, between(1e-13, 1e-8));
  lesson.gate("the engine against the tape", "|g - g_engine|", engine_error, less_than(1e-14));
  lesson.gradcheck("y in the engine", {inputs[0], inputs[1], inputs[2]},
                   [](const Inputs& in) { return formula(in); });
}

void one_walk_serves_all_inputs(Lesson& lesson) {
  lesson.claim("One walk gives all derivatives: two multiply-adds a node, however many inputs.");
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  double worst = 0, most = 0;
  for (const std::int64_t n : {10, 100, 1000}) {
    const Tensor x = rand_between({n}, -1, 1);
    ScalarTape tape;
    std::vector<Scalar> in;
    for (const double v : x.span<double>()) in.push_back(tape.input(v));
    Scalar y = tape.input(0);
    for (std::size_t j = 1; j < in.size(); ++j) y = y + tanh(in[j] * in[j - 1]);
    tape.backward(y);
    // dy/dx_j = x_{j-1} (1 - t_j^2) + x_{j+1} (1 - t_{j+1}^2),  t_j = tanh(x_j x_{j-1})
    for (std::size_t j = 0; j < in.size(); ++j) {
      double right = 0;
      const auto add_pair = [&](double mine, double other) {
        const double t = std::tanh(mine * other);
        right += other * (1 - t * t);
      };
      if (j > 0) add_pair(in[j].value(), in[j - 1].value());
      if (j + 1 < in.size()) add_pair(in[j].value(), in[j + 1].value());
      worst = std::max(worst, std::abs(in[j].gradient() - right));
    }
    double multiply_adds = 0, operations = 0;
    for (const ScalarNode& node : tape.nodes()) {
      operations += node.operand[0] >= 0;
      multiply_adds += (node.operand[0] >= 0) + (node.operand[1] >= 0);
    }
    const double differences = 2.0 * double(n) * operations;
    rows.push_back({std::to_string(n) + " inputs", {operations, multiply_adds, differences}});
    most = std::max(most, multiply_adds / operations);
  }
  lesson.table("operations", {"forward", "walk", "differences"}, rows);
  lesson.gate("multiply-adds of the walk, for each operation", "walk / forward", most,
              between(1, 2));
  lesson.gate("and all gradients are right, largest error", "|g - dy/dx|", worst, less_than(1e-14));
}

// The walk with one character missing: = for +=.
// anchor: overwritten
void backward_overwriting(ScalarTape& tape, Scalar result) {
  std::vector<ScalarNode>& nodes = tape.nodes();
  for (ScalarNode& node : nodes) node.gradient = 0;
  nodes[std::size_t(result.index)].gradient = 1;
  for (std::int64_t i = result.index; i >= 0; --i) {
    const ScalarNode node = nodes[std::size_t(i)];
    for (const int side : {0, 1}) {
      if (node.operand[side] < 0) continue;
      nodes[std::size_t(node.operand[side])].gradient = node.gradient * node.slope[side];
    }
  }
}

void shares_are_added(Lesson& lesson) {
  lesson.claim("A value used k times gets k shares; with = for += it keeps one.");
  std::vector<double> right, found;
  for (int uses = 1; uses <= 12; ++uses) {
    ScalarTape tape;
    const Scalar x = tape.input(0.7);
    Scalar y = x;
    for (int k = 1; k < uses; ++k) y = y + x;
    tape.backward(y);
    right.push_back(x.gradient());
    backward_overwriting(tape, y);
    found.push_back(x.gradient());
  }
  lesson.plot("gradient of x in x + x + ... + x", "uses of x", "dy/dx",
              {{"with +=", right}, {"with =", found}});
  lesson.gate("dy/dx of a sum of 8 uses, with +=", "g_x", right[7], between(8, 8));
  lesson.gate("the same with =", "g_x", found[7], between(1, 1));
  ScalarTape tape;
  const Scalar x = tape.input(3), square = x * x;
  tape.backward(square);
  lesson.gate("dy/dx of x x at 3, with +=", "2 x", x.gradient(), between(6, 6));
  backward_overwriting(tape, square);
  lesson.gate("the same with =: half of it", "x", x.gradient(), between(3, 3));
}

// y as a ladder of diamonds: each rung is used twice by the next, x_{k+1} = x_k / 2 + x_k / 2, so
// dy/dx = 1.
struct Ladder {
  ScalarTape tape;
  Scalar bottom, top;
  explicit Ladder(int rungs) {
    bottom = top = tape.input(1);
    for (int k = 0; k < rungs; ++k) top = top * 0.5 + top * 0.5;
  }
};

// Follows every path by itself: right, and 2^rungs of them.
std::int64_t walk_paths(ScalarTape& tape, std::int64_t i, double arrived) {
  ScalarNode& node = tape.nodes()[std::size_t(i)];
  node.gradient += arrived;
  std::int64_t visits = 1;
  for (const int side : {0, 1}) {
    if (node.operand[side] < 0) continue;
    visits += walk_paths(tape, node.operand[side], arrived * node.slope[side]);
  }
  return visits;
}

// Visits each node once, at its first arrival: what arrives later stays where it is.
void walk_first_arrival(ScalarTape& tape, std::int64_t i, std::vector<char>& seen) {
  seen[std::size_t(i)] = 1;
  const ScalarNode node = tape.nodes()[std::size_t(i)];
  for (const int side : {0, 1}) {
    const std::int64_t j = node.operand[side];
    if (j < 0) continue;
    tape.nodes()[std::size_t(j)].gradient += node.gradient * node.slope[side];
    if (!seen[std::size_t(j)]) walk_first_arrival(tape, j, seen);
  }
}

void order_matters(Lesson& lesson) {
  lesson.claim(
      "A node hands on when all its users have spoken: earlier is wrong, path by path slow.");
  std::vector<double> in_order, by_path, share;
  for (int rungs = 1; rungs <= 16; ++rungs) {
    Ladder ladder(rungs);
    const auto reset = [&] {
      for (ScalarNode& node : ladder.tape.nodes()) node.gradient = 0;
    };
    reset();
    by_path.push_back(std::log2(double(walk_paths(ladder.tape, ladder.top.index, 1))));
    in_order.push_back(std::log2(double(ladder.tape.nodes().size())));
    if (rungs == 16)
      lesson.gate("path by path, dy/dx of 16 diamonds", "g_x", ladder.bottom.gradient(),
                  between(1, 1));
    reset();
    std::vector<char> seen(ladder.tape.nodes().size(), 0);
    ladder.tape.nodes()[std::size_t(ladder.top.index)].gradient = 1;
    walk_first_arrival(ladder.tape, ladder.top.index, seen);
    share.push_back(ladder.bottom.gradient());
    if (rungs < 16) continue;
    ladder.tape.backward(ladder.top);
    lesson.gate("in order, dy/dx of 16 diamonds", "g_x", ladder.bottom.gradient(), between(1, 1));
  }
  lesson.plot("visits of a walk through diamonds, as powers of two", "diamonds", "log2(visits)",
              {{"in order", in_order}, {"path by path", by_path}});
  lesson.plot("handing on at the first arrival", "diamonds", "share of dy/dx found",
              {{"found", share}, {"right", std::vector<double>(share.size(), 1)}});
  lesson.show("visits in order, 16 diamonds", "nodes", std::exp2(in_order.back()));
  lesson.gate("visits path by path, 16 diamonds", "2^18 - 3", std::exp2(by_path.back()),
              between(262140.5, 262141.5));
  lesson.gate("share of dy/dx found at the first arrival", "g_x / (dy/dx)", share.back(),
              less_than(1e-4));

  ScalarTape chain;
  const Scalar x = chain.input(0);
  Scalar y = x;
  for (int k = 0; k < 200000; ++k) y = y + 1.0;
  chain.backward(y);
  const double off = x.gradient() - 1;
  lesson.expect_zero("dy/dx of a chain of 200000 nodes, minus 1", {&off, 1});
}

// A network of 3-8-8-1 tanh units for the parity of three bits, one number at a time.
constexpr int kBits = 3, kUnits = 8, kExamples = 1 << kBits;
constexpr int kWeights = kUnits * (kBits + 1) + kUnits * (kUnits + 1) + kUnits + 1;

using Walk = void (*)(ScalarTape&, Scalar);
void walk_right(ScalarTape& tape, Scalar result) { tape.backward(result); }

// (out - target)^2 of one example; the weights are the first nodes of the tape.
Scalar parity_loss(ScalarTape& tape, int example) {
  std::int64_t next = 0;
  const auto weight = [&] { return Scalar{&tape, next++}; };
  std::vector<Scalar> hidden;
  for (int unit = 0; unit < kUnits; ++unit) {
    Scalar sum = weight();
    for (int bit = 0; bit < kBits; ++bit) sum = sum + weight() * (example >> bit & 1 ? 1.0 : -1.0);
    hidden.push_back(tanh(sum));
  }
  Scalar out = weight();
  for (int unit = 0; unit < kUnits; ++unit) {
    Scalar sum = weight();
    for (const Scalar& h : hidden) sum = sum + weight() * h;
    out = out + weight() * tanh(sum);
  }
  int parity = 0;
  for (int bit = 0; bit < kBits; ++bit) parity ^= example >> bit & 1;
  const Scalar off = out + (parity ? -1.0 : 1.0);
  return off * off;
}

// The mean loss over all examples; adds its gradient.
double parity_step(const std::vector<double>& weights, Walk walk, std::vector<double>& gradient) {
  double sum = 0;
  for (int example = 0; example < kExamples; ++example) {
    ScalarTape tape;
    for (const double w : weights) tape.input(w);
    const Scalar loss = parity_loss(tape, example) * (1.0 / kExamples);
    walk(tape, loss);
    sum += loss.value();
    for (std::size_t i = 0; i < weights.size(); ++i) gradient[i] += tape.nodes()[i].gradient;
  }
  return sum;
}

struct Learned {
  std::vector<double> losses, first_gradient;
  // Steps until the loss is below 0.01; all of them when it never is.
  double steps_needed() const {
    std::size_t k = 0;
    while (k < losses.size() && losses[k] >= 0.01) ++k;
    return double(k);
  }
};

Learned learn_parity(std::vector<double> weights, Walk walk, int steps, double rate) {
  Learned run;
  for (int step = 0; step < steps; ++step) {
    std::vector<double> gradient(weights.size(), 0);
    run.losses.push_back(parity_step(weights, walk, gradient));
    if (step == 0) run.first_gradient = gradient;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= rate * gradient[i];
  }
  return run;
}

void what_a_broken_walk_learns(Lesson& lesson) {
  lesson.claim(
      "A network of scalars learns. With = for += it learns, too, from a gradient that is wrong.");
  const int steps = std::stoi(lesson.setting("steps"));
  const double rate = std::stod(lesson.setting("rate"));
  const std::vector<double> start = rand_between({kWeights}, -0.8, 0.8).to_vector<double>();
  const Learned right = learn_parity(start, walk_right, steps, rate);
  const Learned broken = learn_parity(start, backward_overwriting, steps, rate);
  double off = 0, norm = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    off += std::pow(broken.first_gradient[i] - right.first_gradient[i], 2);
    norm += std::pow(right.first_gradient[i], 2);
  }
  lesson.plot("parity of three bits, a network of 3-8-8-1", "step", "mean squared error",
              {{"with +=", right.losses}, {"with =", broken.losses}});
  lesson.show("loss at the start", "L", right.losses.front());
  lesson.gate("loss at the end, with +=", "L", right.losses.back(), less_than(0.01));
  lesson.gate("loss at the end, with =", "L", broken.losses.back(), less_than(0.01));
  lesson.gate("error of the first gradient with =", "|g - g_right| / |g_right|",
              std::sqrt(off / norm), greater_than(0.1));
  lesson.show("steps to a loss of 0.01, with +=", "steps", right.steps_needed());
  lesson.show("steps to a loss of 0.01, with =", "steps", broken.steps_needed());
  lesson.caveat(
      "A wrong gradient often trains. A falling loss says that the gradient points downhill, not "
      "that it is the gradient: only a comparison with another way to compute it says that "
      "(lesson 03).");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "01", "Scalar autograd: a list and a walk",
                    {{"steps", "600"}, {"rate", "0.1"}}, [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      gradients_are_exact(lesson);
                      one_walk_serves_all_inputs(lesson);
                      shares_are_added(lesson);
                      order_matters(lesson);
                      what_a_broken_walk_learns(lesson);
                    });
}
