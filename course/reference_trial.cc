#include "course/reference_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "course/compare.h"
#include "course/numeric_gradient.h"

namespace pupil::course {

using kit::Argument;
using kit::Call;
using kit::Kind;
using kit::Role;

namespace {

constexpr double kSmallGradient = 1e-3;  // of the whole array, in norm
constexpr double kLiveShare = 0.6;       // of the elements in rows that are not zero

bool is_prime(std::int64_t n) {
  for (std::int64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n > 1;
}

}  // namespace

void ReferenceTrial::look_at_sizes(const Call& call) {
  std::set<std::int64_t> sizes;
  for (const Argument& a : call.arguments) {
    if (a.kind == Kind::kText) continue;
    for (const std::int64_t size : a.shape) {
      if (size > 1) sizes.insert(size);
    }
    if (a.shape.size() == 2 && a.shape[0] == a.shape[1] && a.shape[0] > 1) {
      warnings_.insert(fmt::format("{} is square: a transposition would not show", a.name));
    }
  }
  for (const std::int64_t size : sizes) {
    if (!is_prime(size)) {
      warnings_.insert(
          fmt::format("{} is no prime: a factor of it could mean several things", size));
    }
  }
}

bool ReferenceTrial::same(const Call& call, double) {
  ++comparisons_;
  look_at_sizes(call);
  Call result = call;
  library_.run_reference(result);
  return true;
}

Call ReferenceTrial::outputs(const Call& call) {
  Call result = call;
  library_.run_reference(result);
  return result;
}

bool ReferenceTrial::expect(bool holds, const std::string& law) {
  ++comparisons_;
  if (!holds) faults_.push_back("the reference breaks the law: " + law);
  return holds;
}

// Ones upstream hide every mistake in how the incoming gradient is used, and a softmax's gradient
// under them is zero whatever the code does.
void ReferenceTrial::look_at_upstream(const Call& forward, const Call& backward) {
  for (const Argument& y : forward.arguments) {
    if (y.role == Role::kIn || y.kind != Kind::kNumbers) continue;
    for (const Argument& dy : backward.arguments) {
      if (dy.role != Role::kIn || dy.name != "d" + y.name || dy.numbers.empty()) continue;
      const double first = dy.numbers[0];
      const bool constant =
          std::all_of(dy.numbers.begin(), dy.numbers.end(), [&](double x) { return x == first; });
      if (first == 1 && constant)
        faults_.push_back(fmt::format("vacuous: {} is all ones", dy.name));
      if (constant && dy.size() > 1) {
        faults_.push_back(fmt::format("vacuous: {} is one number everywhere; draw it", dy.name));
      }
    }
  }
}

void ReferenceTrial::look_at_gradient(const Call& numeric) {
  for (const Argument& dx : numeric.arguments) {
    if (dx.role == Role::kIn) continue;
    double norm = 0, largest = 0;
    for (const double x : dx.numbers) {
      norm += x * x;
      largest = std::max(largest, std::abs(x));
    }
    if (std::sqrt(norm) < kSmallGradient) {
      faults_.push_back(
          fmt::format("vacuous: the gradient {} is almost zero (norm {:.1e}); anything "
                      "would pass",
                      dx.name, std::sqrt(norm)));
      continue;
    }
    const std::size_t width = dx.shape.empty() ? 1 : std::size_t(dx.shape.back());
    std::int64_t live = 0, counted = 0;
    for (std::size_t row = 0; row < dx.numbers.size(); row += width) {
      const auto begin = dx.numbers.begin() + std::ptrdiff_t(row),
                 end = begin + std::ptrdiff_t(width);
      if (std::all_of(begin, end, [](double x) { return x == 0; })) continue;
      counted += std::int64_t(width);
      live += std::count_if(begin, end, [&](double x) { return std::abs(x) > 1e-3 * largest; });
    }
    if (double(live) < kLiveShare * double(counted)) {
      faults_.push_back(fmt::format("{} of {} elements of {} are almost zero: too few are tested",
                                    counted - live, counted, dx.name));
    }
  }
}

bool ReferenceTrial::gradient(const Call& forward, const Call& backward, double tolerance) {
  ++comparisons_;
  look_at_sizes(backward);
  look_at_upstream(forward, backward);
  Call reference = backward;
  library_.run_reference(reference);
  const auto run = [&](Call& call) {
    library_.run_reference(call);
    return true;
  };
  const auto numeric = numeric_gradient(forward, backward, run);
  if (!numeric) {
    faults_.push_back(
        fmt::format("a gradient check has at most {} elements; take t.same for large "
                    "cases",
                    kMostDifferences));
    return false;
  }
  look_at_gradient(*numeric);
  const Comparison result = compare(reference, *numeric, tolerance);
  ++gradients_;
  if (!result.same) {
    faults_.push_back(
        fmt::format("the reference's gradient is wrong: {} is {:.9g}, the central "
                    "difference {:.9g}",
                    element_name(result.worst), result.worst.got, result.worst.want));
  }
  return result.same;
}

}  // namespace pupil::course
