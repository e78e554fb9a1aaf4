#include "course/numeric_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace pupil::course {
namespace {

using kit::Argument;
using kit::Call;
using kit::Role;

const Argument* find(const Call& call, const std::string& name) {
  for (const Argument& a : call.arguments) {
    if (a.name == name) return &a;
  }
  return nullptr;
}

// sum(dy y) over all outputs.
double weighted_sum(const Call& forward, const Call& backward) {
  double sum = 0;
  for (const Argument& y : forward.arguments) {
    if (y.role == Role::kIn || y.kind != kit::Kind::kNumbers) continue;
    const Argument* dy = find(backward, "d" + y.name);
    if (!dy && y.size() != 1) continue;  // an output that gets no gradient
    for (std::size_t i = 0; i < y.numbers.size(); ++i)
      sum += (dy ? dy->numbers[i] : 1) * y.numbers[i];
  }
  return sum;
}

}  // namespace

std::optional<Call> numeric_gradient(const Call& forward, const Call& backward,
                                     const std::function<bool(Call&)>& run) {
  Call result = backward;
  std::int64_t elements = 0;
  for (Argument& dx : result.arguments) {
    if (dx.role == Role::kIn) continue;
    const Argument* x = dx.name.starts_with("d") ? find(forward, dx.name.substr(1)) : nullptr;
    if (!x || x->role != Role::kIn || x->size() != dx.size()) {
      throw InputError(fmt::format(
          "a check asks for the gradient {} of {}, but {} has no input of that name and size",
          dx.name, backward.function, forward.function));
    }
    elements += dx.size();
  }
  if (elements > kMostDifferences) return std::nullopt;
  for (Argument& dx : result.arguments) {
    if (dx.role == Role::kIn) continue;
    Call moved = forward;
    Argument& x = moved.at(dx.name.substr(1));
    std::vector<double> gradient = dx.role == Role::kInOut ? dx.numbers : std::vector<double>();
    gradient.resize(std::size_t(dx.size()), 0);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double before = x.numbers[i], h = 1e-5 * std::max(1.0, std::abs(before));
      double side[2] = {0, 0};
      for (const int sign : {0, 1}) {
        Call call = moved;
        call.at(x.name).numbers[i] = before + (sign ? h : -h);
        if (!run(call)) return std::nullopt;
        side[sign] = weighted_sum(call, backward);
      }
      gradient[i] += (side[1] - side[0]) / (2 * h);
    }
    dx.numbers = std::move(gradient);
  }
  return result;
}

}  // namespace pupil::course
