#include "autograd/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace pupil {
namespace {

// The sample with its own copies of the inputs, so that an element can be moved in place.
struct Experiment {
  const OpSample& sample;
  Inputs inputs;
  Tensor upstream;

  Experiment(const OpSample& s, std::uint64_t seed) : sample(s) {
    for (std::size_t i = 0; i < s.inputs.size(); ++i) {
      inputs.push_back(parameter(s.inputs[i].clone(), fmt::format("input {}", i)));
    }
    reset_sample_seed(seed * 7919 + 17);
    upstream = randn(forward().shape());
  }
  Tensor forward() const {
    const NoGrad no_grad;
    return sample.function(inputs).value();
  }
  /// sum(f(inputs) * upstream)
  double objective() const {
    const Tensor y = forward();
    const auto values = y.span<double>();
    const auto weights = upstream.span<double>();
    long double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) total += (long double)values[i] * weights[i];
    return double(total);
  }
  void differentiate() {
    const Variable y = sample.function(inputs);
    if (y.requires_grad()) backward(y, upstream);
  }
  bool must_be_zero(std::size_t i) const {
    return i < sample.zero_gradient.size() && sample.zero_gradient[i];
  }
};

std::string where(const GradcheckResult& r, const OpSample& sample) {
  return fmt::format("input {} element {} of {}: rule says {:.12g}, difference says {:.12g}{}{}",
                     r.worst_input, r.worst_element, sample.inputs[r.worst_input].str(), r.analytic,
                     r.numeric, sample.text.empty() ? "" : "; sample: ", sample.text);
}

void move_along(const Experiment& e, const std::vector<Tensor>& direction, double step) {
  for (std::size_t i = 0; i < e.inputs.size(); ++i) {
    const auto start = e.sample.inputs[i].span<double>();
    const auto u = direction[i].span<double>();
    const auto x = e.inputs[i].value().span<double>();
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = start[j] + step * u[j];
  }
}

std::vector<Tensor> random_direction(const Experiment& e) {
  std::vector<Tensor> direction;
  for (std::size_t i = 0; i < e.inputs.size(); ++i) {
    direction.push_back(e.must_be_zero(i)
                            ? Tensor::zeros(e.sample.inputs[i].shape(), DType::kFloat64)
                            : randn(e.sample.inputs[i].shape()));
  }
  return direction;
}

double slope_along(const Experiment& e, const std::vector<Tensor>& direction) {
  long double slope = 0;
  for (std::size_t i = 0; i < e.inputs.size(); ++i) {
    const Tensor gradient = e.inputs[i].grad();
    if (!gradient.defined()) continue;
    const auto g = gradient.span<double>();
    const auto u = direction[i].span<double>();
    for (std::size_t j = 0; j < g.size(); ++j) slope += (long double)g[j] * u[j];
  }
  return double(slope);
}

}  // namespace

GradcheckResult gradcheck(const OpSample& sample, std::uint64_t seed) {
  Experiment e(sample, seed);
  e.differentiate();
  GradcheckResult result;
  for (std::size_t i = 0; i < e.inputs.size(); ++i) {
    const Tensor gradient = e.inputs[i].grad();
    const std::int64_t n = e.inputs[i].value().numel();
    std::vector<double> analytic(n, 0.0), numeric(n, 0.0);
    if (gradient.defined()) analytic = gradient.to_vector<double>();
    result.elements += n;
    if (e.must_be_zero(i)) {
      for (std::int64_t j = 0; j < n; ++j) {
        if (analytic[j] == 0) continue;
        result = {false, 1, int(i), j, analytic[j], 0, result.elements, ""};
        result.message = "must be exactly zero, " + where(result, sample);
        return result;
      }
      continue;
    }
    const auto x = e.inputs[i].value().span<double>();
    double largest = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      const double start = x[j];
      const double h = 1e-5 * std::max(1.0, std::abs(start));
      x[j] = start + h;
      const double above = e.objective(), x_above = x[j];
      x[j] = start - h;
      const double below = e.objective(), x_below = x[j];
      x[j] = start;
      numeric[j] = (above - below) / (x_above - x_below);
      largest = std::max(largest, std::abs(numeric[j]));
    }
    for (std::int64_t j = 0; j < n; ++j) {
      const double allowed = std::max({std::abs(numeric[j]), 0.1 * largest, 1e-2});
      const double error = std::abs(analytic[j] - numeric[j]) / allowed;
      // Written so that NaN counts as the worst error of all.
      if (error <= result.worst_error) continue;
      result.worst_error = error;
      result.worst_input = int(i);
      result.worst_element = j;
      result.analytic = analytic[j];
      result.numeric = numeric[j];
      if (std::isnan(error)) break;
    }
    if (std::isnan(result.worst_error)) break;
  }
  result.passed = result.worst_error <= sample.tolerance;
  if (!result.passed) {
    result.message = fmt::format("error {:.3g} > {:.0e}, {}", result.worst_error, sample.tolerance,
                                 where(result, sample));
  }
  return result;
}

GradcheckResult gradcheck_direction(const OpSample& sample, std::uint64_t seed) {
  Experiment e(sample, seed);
  e.differentiate();
  const auto direction = random_direction(e);
  GradcheckResult result;
  result.elements = 1;
  result.analytic = slope_along(e, direction);
  // Fourth-order central difference: a whole model's third derivatives are large.
  const double h = 1e-4;
  const auto at = [&](double step) { return move_along(e, direction, step), e.objective(); };
  result.numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  result.worst_error =
      std::abs(result.analytic - result.numeric) / std::max(std::abs(result.numeric), 1e-2);
  result.passed = result.worst_error <= sample.tolerance;
  if (!result.passed) {
    result.message = fmt::format(
        "error {:.3g} > {:.0e} along a random direction: rule says {:.12g}, difference says "
        "{:.12g}",
        result.worst_error, sample.tolerance, result.analytic, result.numeric);
  }
  return result;
}

double taylor_slope(const OpSample& sample, std::uint64_t seed) {
  Experiment e(sample, seed);
  e.differentiate();
  const auto direction = random_direction(e);
  const double start = e.objective();
  const double slope = slope_along(e, direction);
  // Least squares over the steps whose remainder stands clear of rounding.
  const double rounding = 1e-13 * std::max(1.0, std::abs(start));
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int k = 0; k < 8; ++k) {
    const double h = 1e-3 * std::pow(0.5, k);
    move_along(e, direction, h);
    const double remainder = std::abs(e.objective() - start - h * slope);
    if (!(remainder > 1e2 * rounding)) continue;
    const double x = std::log(h), y = std::log(remainder);
    n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  if (n < 3) return 2;
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace pupil
