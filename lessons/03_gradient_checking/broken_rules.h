// Three operations on a row of numbers, each with its rule, and eight rules that people got wrong.
//
//   softmax     y_i = e^(x_i) / sum_j e^(x_j)     dx = y (g - <y, g>)
//   layer norm  y = (x - mean) / s                dx = (g - avg(g) - y avg(g y)) / s
//   product     y = x w, w fixed                  dx = g w
//
// g: the gradient of y, the upstream; s: the standard deviation (biased, no eps).
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace pupil {

using Row = std::vector<double>;

inline double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Rule {
  std::string name;
  std::function<Row(const Row& x)> forward;
  std::function<Row(const Row& x, const Row& g)> backward;  // g: the gradient of y, the upstream
};

inline Row softmax_row(const Row& x) {
  Row y = x;
  double total = 0;
  for (double& v : y) total += v = std::exp(v);
  for (double& v : y) v /= total;
  return y;
}

inline double deviation(const Row& x) {
  const double n = double(x.size()), mean = dot(x, Row(x.size(), 1)) / n;
  return std::sqrt(dot(x, x) / n - mean * mean);
}

inline Row normalised(const Row& x) {
  Row y = x;
  const double mean = dot(x, Row(x.size(), 1)) / double(x.size()), s = deviation(x);
  for (double& v : y) v = (v - mean) / s;
  return y;
}

inline const Row kFactors = {0.7, -1.3, 0.4, 2.1, -0.6, 1.2, 0.9};
inline Row times_factors(const Row& x) {
  Row y = x;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] *= kFactors[i];
  return y;
}

// Which terms a rule has.
struct Parts {
  double factor = 1;
  bool centre = true, spread = true, scale = true, shift = false, upstream = true;
};

inline Rule softmax_rule(const std::string& name, Parts p) {
  return {name, softmax_row, [p](const Row& x, const Row& g) {
            Row y = softmax_row(x), up = g;
            if (p.shift) std::rotate(up.begin(), up.begin() + 1, up.end());
            const double middle = p.centre ? dot(y, up) : 0;
            for (std::size_t i = 0; i < y.size(); ++i) y[i] *= p.factor * (up[i] - middle);
            return y;
          }};
}

inline Rule norm_rule(const std::string& name, Parts p) {
  return {name, normalised, [p](const Row& x, const Row& g) {
            const Row y = normalised(x);
            const double n = double(x.size()), s = p.scale ? deviation(x) : 1;
            const double mean = p.centre ? dot(g, Row(g.size(), 1)) / n : 0;
            const double along = p.spread ? dot(g, y) / n : 0;
            Row dx = g;
            for (std::size_t i = 0; i < dx.size(); ++i) dx[i] = (g[i] - mean - y[i] * along) / s;
            return dx;
          }};
}

inline Rule product_rule(const std::string& name, Parts p) {
  return {name, times_factors, [p](const Row& x, const Row& g) {
            return p.upstream ? times_factors(g) : times_factors(Row(x.size(), 1));
          }};
}

inline std::vector<Rule> right_rules() {
  return {softmax_rule("softmax", {}), norm_rule("layer norm", {}), product_rule("product", {})};
}

// Two of them give something else than 0 under an upstream of ones.
inline std::vector<Rule> broken_rules() {
  return {
      softmax_rule("softmax: writes zeros", {.factor = 0}),
      softmax_rule("softmax: wrong sign", {.factor = -1}),
      softmax_rule("softmax: upstream shifted", {.shift = true}),
      softmax_rule("softmax: not centred", {.centre = false}),
      norm_rule("norm: 1/s forgotten", {.scale = false}),
      norm_rule("norm: s held fixed", {.spread = false}),
      norm_rule("norm: mean held fixed", {.centre = false}),
      product_rule("product: upstream unused", {.upstream = false}),
  };
}

}  // namespace pupil
