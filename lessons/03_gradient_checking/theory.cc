// Lesson 03 measures: how good a difference can be (step, precision); which broken rules pass under
// an upstream of ones; how far one direction sees; what error measures let through; and the
// mistakes that no gradient check can see.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "autograd/gradcheck.h"
#include "lessons/03_gradient_checking/broken_rules.h"
#include "lessons/kit/lesson.h"

namespace {

using namespace pupil;
constexpr double kTolerance = 1e-6;

Row random_row(std::int64_t n) { return randn({n}).to_vector<double>(); }

double median(Row values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// f(x) = e^(x/2) tanh x at 31 points between -1 and 1: the median error of its differences.
template <class T>
double error_of_differences(T h, bool central) {
  const auto f = [](T x) { return std::exp(x / 2) * std::tanh(x); };
  Row errors;
  for (int k = -15; k <= 15; ++k) {
    const T x = T(k) / T(15);
    const T quotient = central ? (f(x + h) - f(x - h)) / (2 * h) : (f(x + h) - f(x)) / h;
    const double t = std::tanh(double(x));
    const double right = std::exp(double(x) / 2) * (t / 2 + 1 - t * t);
    errors.push_back(std::abs(double(quotient) - right) / std::abs(right));
  }
  return median(errors);
}

void the_step(Lesson& lesson) {
  lesson.claim(
      "A difference has a best step, about eps^(1/3), and ten digits at best; float32, four.");
  Row forward, central, single;
  for (int digits = 1; digits <= 14; ++digits) {
    const double h = std::pow(10.0, -digits);
    forward.push_back(error_of_differences<double>(h, false));
    central.push_back(error_of_differences<double>(h, true));
    if (digits <= 7) single.push_back(error_of_differences<float>(float(h), true));
  }
  const auto logs = [](const Row& errors) {
    Row result;
    for (const double e : errors) result.push_back(std::log10(e));
    return result;
  };
  lesson.plot("error of a difference quotient", "-log10(h)", "log10(relative error)",
              {{"forward, float64", logs(forward)},
               {"central, float64", logs(central)},
               {"central, float32", logs(single)}});
  const auto best = [](const Row& errors) {
    return *std::min_element(errors.begin(), errors.end());
  };
  const auto at = std::min_element(central.begin(), central.end()) - central.begin() + 1;
  lesson.gate("best step of a central difference, float64", "-log10(h)", double(at), between(5, 6));
  lesson.gate("its error", "|q - f'| / |f'|", best(central), less_than(1e-9));
  lesson.gate("best error of a forward difference", "", best(forward), between(1e-9, 1e-6));
  lesson.gate("best error in float32", "", best(single), between(1e-6, 1e-2));
}

// The largest error of an element, relative to the row; central differences.
double worst_error(const Rule& rule, const Row& x, const Row& upstream) {
  const Row analytic = rule.backward(x, upstream);
  Row numeric;
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double h = 1e-5 * std::max(1.0, std::abs(x[i]));
    Row above = x, below = x;
    above[i] += h, below[i] -= h;
    numeric.push_back((dot(rule.forward(above), upstream) - dot(rule.forward(below), upstream)) /
                      (2 * h));
    largest = std::max(largest, std::abs(numeric[i]));
  }
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double scale = std::max({std::abs(numeric[i]), 0.1 * largest, 1e-2});
    worst = std::max(worst, std::abs(analytic[i] - numeric[i]) / scale);
  }
  return worst;
}

void the_upstream(Lesson& lesson) {
  lesson.claim("A random upstream catches every broken rule; ones let most of them pass.");
  const Row x = random_row(7), ones(7, 1), upstream = random_row(7);
  double of_right = 0, caught_by_ones = 0, caught = 0;
  for (const Rule& r : right_rules()) of_right = std::max(of_right, worst_error(r, x, upstream));
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  for (const Rule& r : broken_rules()) {
    const double under_ones = worst_error(r, x, ones), under_random = worst_error(r, x, upstream);
    rows.push_back({r.name, {under_ones, under_random}});
    caught_by_ones += under_ones > kTolerance;
    caught += under_random > kTolerance;
  }
  lesson.table("worst error of an element", {"ones", "random"}, rows);
  lesson.gate("worst error of the three right rules", "e", of_right, less_than(1e-8));
  lesson.gate("broken rules caught under a random upstream, of 8", "", caught, between(8, 8));
  lesson.gate("broken rules caught under ones, of 8", "", caught_by_ones, between(2, 2));
  lesson.gradcheck("softmax in the engine", {randn({3, 7})},
                   [](const Inputs& in) { return softmax(in[0]); });
}

void the_remainder(Lesson& lesson) {
  lesson.claim(
      "What a right gradient leaves of f(x + h u) falls with h^2, what a wrong one leaves with h.");
  OpSample right, wrong;
  right.inputs = wrong.inputs = {randn({11})};
  right.function = [](const Inputs& in) { return mul(in[0], exp(in[0])); };
  // detach() cuts a factor off from its history: half of the product rule is missing.
  wrong.function = [](const Inputs& in) { return mul(in[0], detach(exp(in[0]))); };
  lesson.gate("slope for a right gradient", "d log r / d log h", taylor_slope(right, lesson.seed()),
              between(1.9, 2.1));
  lesson.gate("slope for a wrong gradient", "d log r / d log h", taylor_slope(wrong, lesson.seed()),
              between(0.9, 1.1));
  lesson.gate("element by element, error of the wrong one", "e",
              gradcheck(wrong, lesson.seed()).worst_error, greater_than(0.01));
}

// f(x) = sum_i tanh(x_i x_{i+1}), around the circle.
double circle(const Row& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::tanh(x[i] * x[(i + 1) % x.size()]);
  return sum;
}
Row circle_gradient(const Row& x) {
  Row g(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t j = (i + 1) % x.size();
    const double t = std::tanh(x[i] * x[j]), slope = 1 - t * t;
    g[i] += slope * x[j];
    g[j] += slope * x[i];
  }
  return g;
}

void one_direction(Lesson& lesson) {
  lesson.claim(
      "One direction checks any number of weights with two forwards, at a price of sqrt(N).");
  constexpr int kDirections = 31;
  Row sizes, seen, noise;
  double found = 0;
  for (const std::int64_t n : {10, 100, 1000, 10000, 100000}) {
    const Row x = random_row(n), g = circle_gradient(x);
    Row broken = g;
    const auto largest = std::max_element(g.begin(), g.end()) - g.begin();
    broken[std::size_t(largest)] *= 2;
    Row wrong, right;
    for (int k = 0; k < kDirections; ++k) {
      const Row u = random_row(n);
      const double h = 1e-5;
      Row above = x, below = x;
      for (std::size_t i = 0; i < u.size(); ++i) above[i] += h * u[i], below[i] -= h * u[i];
      const double quotient = (circle(above) - circle(below)) / (2 * h);
      const auto error = [&](double side) {
        return std::abs(side - quotient) / std::max({std::abs(side), std::abs(quotient), 1e-2});
      };
      wrong.push_back(error(dot(broken, u)));
      right.push_back(error(dot(g, u)));
      if (n == 100000) found += wrong.back() > kTolerance;
    }
    seen.push_back(std::log10(median(wrong)));
    noise.push_back(std::log10(median(right)));
  }
  lesson.plot("one weight of N with twice its gradient, seen along one direction", "log10(N)",
              "log10(error)", {{"broken rule", seen}, {"right rule", noise}});
  lesson.gate("error seen, one wrong weight of 10", "|l - r| / |l|", std::pow(10, seen[0]),
              greater_than(0.05));
  lesson.gate("error seen, one wrong weight of 100000", "|l - r| / |l|", std::pow(10, seen[4]),
              between(1e-4, 1e-1));
  lesson.gate("directions that found it, of 31", "", found, greater_than(29));
  lesson.gate("error of a right rule there", "|l - r| / |l|", std::pow(10, noise[4]),
              less_than(1e-7));
  lesson.gradcheck("the sum around the circle", {randn({11})}, [](const Inputs& in) {
    const Variable turned[2] = {rows(in[0], 1, 11), rows(in[0], 0, 1)};
    return sum(tanh(mul(in[0], concat(turned, 0))));
  });
}

// Four ways to say how wrong a is when it should be n. `m`: the largest of the tensor.
struct Measure {
  std::string name;
  std::function<bool(double a, double n, double m, bool must_vanish)> passes;
};

void the_measure(Lesson& lesson) {
  lesson.claim(
      "A measure needs a scale, a floor, exact zeros and a question for nan; each alone fails.");
  const auto relative = [](double a, double n, double floor) {
    return std::abs(a - n) / std::max({std::abs(n), floor}) <= kTolerance;
  };
  const std::vector<Measure> measures = {
      {"|a-n|", [](double a, double n, double, bool) { return std::abs(a - n) <= kTolerance; }},
      {"by |n|", [=](double a, double n, double, bool) { return relative(a, n, 0); }},
      {"floor", [=](double a, double n, double m, bool) { return relative(a, n, 0.1 * m); }},
      {"all of it",
       [=](double a, double n, double m, bool must_vanish) {
         return must_vanish ? a == 0 : relative(a, n, 0.1 * m);
       }},
  };
  struct Situation {
    std::string name;
    double a, n, m;
    bool must_vanish, is_right;
  };
  const std::vector<Situation> situations = {
      {"right, small by chance", 3e-9 + 4e-11, 3e-9, 1, false, true},
      {"right, tensor of 1e6", 1e6 + 1e-3, 1e6, 1e6, false, true},
      {"tensor of 1e-8, twice", 2e-8, 1e-8, 1e-8, false, false},
      {"leak into a masked token", 1e-9, 0, 1, true, false},
      {"nan", std::numeric_limits<double>::quiet_NaN(), 1, 1, false, false},
  };
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  std::vector<double> judged(measures.size(), 0);
  std::vector<std::string> columns;
  for (const Measure& m : measures) columns.push_back(m.name);
  for (const Situation& s : situations) {
    std::vector<double> passes;
    for (std::size_t k = 0; k < measures.size(); ++k) {
      const bool passed = measures[k].passes(s.a, s.n, s.m, s.must_vanish);
      passes.push_back(passed);
      judged[k] += passed == s.is_right;
    }
    rows.push_back({s.name, passes});
  }
  lesson.table("which measure lets what pass (1: passes)", columns, rows);
  lesson.gate("judged rightly by |a - n|, of 5", "", judged[0], less_than(5));
  lesson.gate("judged rightly by |a - n| / |n|, of 5", "", judged[1], less_than(5));
  lesson.gate("judged rightly with a floor, of 5", "", judged[2], less_than(5));
  lesson.gate("judged rightly with floor and exact zeros, of 5", "", judged[3], between(5, 5));
  double worst = 0;
  for (const double e : {1e-9, std::numeric_limits<double>::quiet_NaN(), 2e-9}) {
    if (e > worst) worst = e;
  }
  lesson.gate("worst error after nan, kept by e > worst", "e", worst, less_than(kTolerance));
}

void what_no_check_sees(Lesson& lesson) {
  lesson.claim("A mistake made alike in forward and backward passes every gradient check.");
  // GELU (Hendrycks and Gimpel 2016) is 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
  const auto gelu_with = [](const Variable& x, double constant_of_cube) {
    const Variable cube = mul(mul(x, x), x);
    const Variable bent = tanh(scale(add(x, scale(cube, constant_of_cube)), 0.7978845608028654));
    return scale(add(x, mul(x, bent)), 0.5);
  };
  const Tensor x = randn({29});
  lesson.gradcheck("GELU with 0.0447 for 0.044715", {x},
                   [&](const Inputs& in) { return gelu_with(in[0], 0.0447); });
  const auto off_from_engine = [&](double constant_of_cube) {
    const Row mine = gelu_with(constant(x), constant_of_cube).value().to_vector<double>();
    const Row engine = gelu_tanh(constant(x)).value().to_vector<double>();
    double worst = 0;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      worst = std::max(worst, std::abs(mine[i] - engine[i]));
    }
    return worst;
  };
  lesson.gate("its value against another GELU", "|y - y'|", off_from_engine(0.0447),
              greater_than(1e-7));
  lesson.gate("the same with the right constant", "|y - y'|", off_from_engine(0.044715),
              less_than(1e-14));
  lesson.gradcheck("a loss with the wrong sign", {x},
                   [](const Inputs& in) { return neg(mean(mul(in[0], in[0]))); });

  const auto relu_at = [](double v) { return std::max(v, 0.0); };
  lesson.gate("difference quotient of max(x, 0) at 0", "q", (relu_at(1e-5) - relu_at(-1e-5)) / 2e-5,
              between(0.5, 0.5));
  lesson.caveat(
      "A check that passes was asked one question: does this rule belong to this forward? Values "
      "from elsewhere and laws (padding changes nothing, a sum does not care for order) ask "
      "whether it is the right forward. And a kink gives half of both sides: draw inputs away from "
      "it.");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "03", "Gradient checking: what catches a broken rule", {},
                    [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      the_step(lesson);
                      the_upstream(lesson);
                      the_remainder(lesson);
                      one_direction(lesson);
                      the_measure(lesson);
                      what_no_check_sees(lesson);
                    });
}
