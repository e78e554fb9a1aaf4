#include "autograd/sample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace pupil {
namespace {

// SplitMix64 (Steele, Lea and Flood 2014): small, and the same numbers on every machine.
std::uint64_t state = 0;
double uniform() {
  state += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return double((z ^ (z >> 31)) >> 11) * 0x1p-53;
}
double normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

template <class F>
Tensor filled(const Shape& shape, F&& next) {
  Tensor t = Tensor::empty(shape, DType::kFloat64);
  for (double& x : t.span<double>()) x = next();
  return t;
}

}  // namespace

void reset_sample_seed(std::uint64_t seed) { state = seed; }

Tensor randn(const Shape& shape) { return filled(shape, normal); }

Tensor rand_between(const Shape& shape, double low, double high) {
  return filled(shape, [&] { return low + (high - low) * uniform(); });
}

Tensor randn_away_from(const Shape& shape, const std::vector<double>& kinks, double distance) {
  return filled(shape, [&] {
    for (;;) {
      const double x = normal();
      const bool far = std::all_of(kinks.begin(), kinks.end(),
                                   [&](double kink) { return std::abs(x - kink) > distance; });
      if (far) return x;
    }
  });
}

Tensor rand_distinct(const Shape& shape) {
  std::vector<double> values(shape.numel());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.03 * (double(i) - double(values.size()) / 2) + 0.005 * uniform();
  }
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[std::size_t(uniform() * double(i))]);
  }
  return Tensor::from<double>(shape, values);
}

Tensor random_ids(const Shape& shape, std::int32_t count) {
  Tensor t = Tensor::empty(shape, DType::kInt32);
  for (std::int32_t& id : t.span<std::int32_t>()) id = std::int32_t(uniform() * count);
  return t;
}

OpSample& OpSample::no_gradient(std::size_t input) {
  zero_gradient.resize(std::max(zero_gradient.size(), input + 1), false);
  zero_gradient[input] = true;
  return *this;
}

OpSample& Samples::add(std::vector<Tensor> inputs, OpFunction function) {
  OpSample sample;
  sample.inputs = std::move(inputs);
  sample.function = std::move(function);
  push_back(std::move(sample));
  return back();
}

}  // namespace pupil
