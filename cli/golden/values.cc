#include "cli/golden/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace pupil::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double largest_of(std::span<const double> numbers) {
  double largest = 0;
  for (const double x : numbers) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  return largest;
}

double distance(double got, double want) {
  if (got == want || (std::isnan(got) && std::isnan(want))) return 0;
  const double difference = std::abs(got - want);
  return std::isnan(difference) ? kInfinity : difference;
}

// Compares one array; notes the element that is furthest from it in units of the tolerance.
class ArrayComparison {
 public:
  ArrayComparison(const std::string& name, Tolerance tolerance, const Tensor& got,
                  const Tensor& want)
      : got_(got.span<double>()), want_(want.span<double>()) {
    const double largest = largest_of(want_);
    const double allowed = std::max(tolerance.relative * largest, tolerance.absolute);
    std::size_t worst = 0;
    for (std::size_t i = 0; i < want_.size(); ++i) {
      const double d = distance(got_[i], want_[i]);
      if (d <= absolute) continue;
      absolute = d;
      worst = i;
    }
    relative = absolute == 0 ? 0 : largest == 0 ? kInfinity : absolute / largest;
    holds = absolute <= allowed;
    if (!holds) {
      text = fmt::format("{}[{}] is {}, expected {}: {:.1e} apart, {:.1e} allowed", name, worst,
                         got_[worst], want_[worst], absolute, allowed);
    }
  }
  double absolute = 0, relative = 0;
  bool holds = false;
  std::string text;

 private:
  std::span<const double> got_, want_;
};

const Named* find(const std::vector<Named>& list, const std::string& name) {
  const auto it = std::find_if(list.begin(), list.end(), [&](auto& n) { return n.name == name; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

void Values::put(std::string name, const Tensor& value) {
  Tensor copy;
  if (value.dtype() == DType::kInt32) {
    const auto ids = value.span<std::int32_t>();
    copy = Tensor::from(value.shape(), std::vector<double>(ids.begin(), ids.end()));
  } else {
    copy = value.dtype() == DType::kFloat64 ? value.clone() : value.to(DType::kFloat64);
  }
  values_.push_back({std::move(name), std::move(copy)});
}

void Values::put(std::string name, const std::vector<double>& numbers) {
  values_.push_back({std::move(name), Tensor::from({std::int64_t(numbers.size())}, numbers)});
}

Comparison compare(const Values& got, const Expected& expected) {
  Comparison result;
  result.holds = !expected.all().empty();
  if (!result.holds) result.worst = "there is no expected value";
  const auto fail = [&](const std::string& text) {
    result.holds = false;
    if (result.worst.empty()) result.worst = text;
  };
  for (std::size_t i = 0; i < expected.all().size(); ++i) {
    const auto& [name, want] = expected.all()[i];
    const Named* have = find(got.all(), name);
    if (!have) {
      fail(name + " is expected, the engine gave no such value");
      continue;
    }
    if (have->value.shape() != want.shape()) {
      fail(fmt::format("{} is {}, expected {}", name, have->value.shape().str(),
                       want.shape().str()));
      continue;
    }
    const ArrayComparison array(name, expected.tolerance(i), have->value, want);
    result.absolute = std::max(result.absolute, array.absolute);
    result.relative = std::max(result.relative, array.relative);
    if (!array.holds) fail(array.text);
  }
  for (const Named& value : got.all()) {
    if (!find(expected.all(), value.name)) fail(value.name + " has no expected value");
  }
  return result;
}

}  // namespace pupil::golden
