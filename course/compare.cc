#include "course/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace pupil::course {
namespace {

using kit::Argument;
using kit::Kind;
using kit::Role;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double error_of(const Argument& a, double got, double want, double scale) {
  if (!std::isfinite(got) || !std::isfinite(want)) {
    return got == want || (std::isnan(got) && std::isnan(want)) ? 0 : kInfinity;
  }
  if (a.kind != Kind::kNumbers) return got == want ? 0 : kInfinity;
  if (a.exact_zeros && want == 0) return got == 0 ? 0 : kInfinity;
  return std::abs(got - want) / std::max({std::abs(want), 0.1 * scale, 1e-2});
}

std::vector<std::int64_t> index_of(const Argument& a, std::int64_t flat) {
  std::vector<std::int64_t> index(a.shape.size());
  for (std::size_t i = a.shape.size(); i-- > 0;) {
    index[i] = flat % a.shape[i];
    flat /= a.shape[i];
  }
  return index;
}

void compare_output(const Argument& got, const Argument& want, double tolerance, Comparison& all) {
  const std::vector<double> a = as_numbers(got), n = as_numbers(want);
  double scale = 0;
  for (const double x : n) {
    if (std::isfinite(x)) scale = std::max(scale, std::abs(x));
  }
  Worst worst{.tensor = want.name, .index = {}, .error = -1};
  std::int64_t wrong = 0;
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < n.size(); ++i) {
    const double error = error_of(want, a[i], n[i], scale);
    wrong += error > tolerance;
    difference += (a[i] - n[i]) * (a[i] - n[i]);
    norm += n[i] * n[i];
    if (error > worst.error)
      worst = {want.name, index_of(want, std::int64_t(i)), a[i], n[i], error};
  }
  if (n.empty()) return;
  all.same &= wrong == 0;
  if (all.count > 0 && worst.error <= all.worst.error) return;
  all.worst = worst;
  all.wrong = wrong;
  all.count = std::int64_t(n.size());
  all.relative_norm = norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

}  // namespace

std::vector<double> as_numbers(const Argument& a) {
  if (a.kind == Kind::kNumbers) return a.numbers;
  if (a.kind == Kind::kIntegers) return {a.integers.begin(), a.integers.end()};
  std::vector<double> codes;
  for (const char c : a.text) codes.push_back(double(static_cast<unsigned char>(c)));
  return codes;
}

Comparison compare(const kit::Call& got, const kit::Call& want, double tolerance) {
  Comparison all;
  for (std::size_t i = 0; i < want.arguments.size(); ++i) {
    if (want.arguments[i].role != Role::kIn) {
      compare_output(got.arguments[i], want.arguments[i], tolerance, all);
    }
  }
  return all;
}

std::string element_name(const Worst& worst) {
  std::string name = worst.tensor;
  for (const std::int64_t i : worst.index) name += fmt::format("[{}]", i);
  return name;
}

}  // namespace pupil::course
