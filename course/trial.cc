#include "course/trial.h"

#include <fmt/format.h>

#include <exception>

#include "course/numeric_gradient.h"
#include "tensor/error.h"

namespace pupil::course {

using kit::Argument;
using kit::Call;
using kit::Role;

// Only a mistake of a check can throw through it.
bool StudentTrial::run(Call& call) {
  outcome_ = worker_.call(call);
  if (outcome_ == Outcome::kGood) return true;
  failed_ = true;
  text_ = worker_.reason();
  return false;
}

Call StudentTrial::outputs(const Call& call) {
  Call result = call;
  if (!failed_ && run(result)) return result;
  library_.run_reference(result);  // something of the right form; the verdict stands already
  return result;
}

bool StudentTrial::compare_with_reference(const Call& call, double tolerance) {
  ++comparisons_;
  Failure failure{call, call, call};
  library_.run_reference(failure.want);
  if (!run(failure.got)) return false;
  const Comparison result = compare(failure.got, failure.want, tolerance);
  if (result.same) return true;
  failed_ = true;
  tolerance_ = tolerance;
  comparison_ = result;
  diagnosis_ = diagnose(failure, library_, constants_);
  failure_ = std::move(failure);
  return false;
}

bool StudentTrial::same(const Call& call, double tolerance) {
  return !failed_ && compare_with_reference(call, tolerance);
}

bool StudentTrial::gradient(const Call& forward, const Call& backward, double tolerance) {
  if (failed_) return false;
  if (compare_with_reference(backward, tolerance)) return true;
  if (outcome_ != Outcome::kGood) return false;
  if (ignores_upstream(forward, backward)) {
    diagnosis_.push_back({"upstream-ignored", "exact",
                          "the result does not change when the incoming gradient does"});
  }
  text_ = which_half(forward, backward);
  outcome_ = Outcome::kGood;  // of the comparison; a forward that fails has checks of its own
  return false;
}

// Knowledge of which half is wrong helps more than any number: the derivative, or what it is of.
std::string StudentTrial::which_half(const Call& forward, const Call& backward) {
  Call mine = forward, right = forward;
  library_.run_reference(right);
  if (worker_.call(mine) != Outcome::kGood) return "";
  const bool forward_right = compare(mine, right, 1e-9).same;
  const auto run = [&](Call& call) { return worker_.call(call) == Outcome::kGood; };
  const std::optional<Call> numeric = numeric_gradient(forward, backward, run);
  if (!numeric) return forward_right ? "the forward is right" : "";
  const bool fits_own = compare(failure_->got, *numeric, kNumericTolerance).same;
  if (forward_right) return "the forward is right, the derivative is not";
  return fits_own
             ? "your gradient is that of your forward: the calculus is right, the forward is not"
             : "the forward is wrong, too: begin there";
}

bool StudentTrial::ignores_upstream(const Call& forward, const Call& backward) {
  Call doubled = backward;
  bool has_upstream = false;
  for (const Argument& y : forward.arguments) {
    if (y.role == Role::kIn) continue;
    for (Argument& dy : doubled.arguments) {
      if (dy.role != Role::kIn || dy.name != "d" + y.name) continue;
      has_upstream = true;
      for (double& x : dy.numbers) x = 2 * x + 1;
    }
  }
  if (!has_upstream || worker_.call(doubled) != Outcome::kGood) return false;
  return compare(doubled, failure_->got, 1e-12).same;
}

bool StudentTrial::expect(bool holds, const std::string& law) {
  if (failed_) return false;
  ++comparisons_;
  if (holds) return true;
  failed_ = true;
  text_ = "does not hold: " + law;
  return false;
}

void StudentTrial::report(CheckResult& result) const {
  result.described = described_;
  result.text = text_;
  switch (outcome_) {
    case Outcome::kNotDone:
      result.status = Status::kNotDone;
      return;
    case Outcome::kTimeout:
      result.status = Status::kTimeout;
      return;
    case Outcome::kThrew:
    case Outcome::kForbidden:
    case Outcome::kCrash:
      result.status = Status::kCrash;
      return;
    case Outcome::kBroken:
      result.status = Status::kError;
      return;
    case Outcome::kGood:
      break;
  }
  if (comparisons_ == 0) {
    result.status = Status::kError;
    result.text = "the check compares nothing; please tell its author";
    return;
  }
  result.status = failed_ ? Status::kFail : Status::kPass;
  result.diagnosis = diagnosis_;
  result.tolerance = tolerance_;
  if (!failure_) return;
  result.compared = true;
  result.worst = comparison_.worst;
  result.wrong = comparison_.wrong;
  result.count = comparison_.count;
  result.relative_norm = comparison_.relative_norm;
}

std::optional<Evidence> StudentTrial::evidence(const std::string& check) const {
  constexpr std::int64_t kMostShown = 4096;
  if (!failure_) return std::nullopt;
  const std::string& name = comparison_.worst.tensor;
  const Argument &got = failure_->got.at(name), &want = failure_->want.at(name);
  if (want.size() > kMostShown || want.size() == 0) return std::nullopt;
  const std::int64_t width = want.shape.empty() ? 1 : want.shape.back();
  return Evidence{check, name, want.size() / width, width, as_numbers(got), as_numbers(want)};
}

}  // namespace pupil::course
