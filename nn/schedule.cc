#include "nn/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace pupil {

double Schedule::rate(std::int64_t k) const {
  const bool wsd = kind == ScheduleKind::kWsd;
  if (k < warmup) {
    if (nanogpt_warmup) return peak * double(k + 1) / double(warmup + 1);
    const double part = double(k) / double(std::max<std::int64_t>(1, warmup));
    return peak * (wsd ? min_ratio + (1 - min_ratio) * part : part);
  }
  const double done =
      double(k - warmup) / double(std::max<std::int64_t>(1, steps - warmup));  // of the decay
  switch (kind) {
    case ScheduleKind::kConstant:
      return peak;
    case ScheduleKind::kLinear:
      return peak * std::max(0.0, 1 - done);
    case ScheduleKind::kCosine: {
      if (nanogpt_warmup && done > 1) return peak * min_ratio;
      const double wave = 0.5 * (1 + std::cos(2 * std::numbers::pi * cycles * done));
      return peak * std::max(0.0, min_ratio + (1 - min_ratio) * wave);
    }
    case ScheduleKind::kWsd: {
      const std::int64_t length = decay >= 0 ? decay : steps / 5;
      const std::int64_t begin = steps - length;
      if (k < begin) return peak;
      if (k >= begin + length) return peak * min_ratio;
      const double j = double(k - begin);
      const double wave = 0.5 * (1 + std::cos(std::numbers::pi * j / double(length)));
      return peak * (min_ratio + (1 - min_ratio) * wave);
    }
  }
  return peak;
}

ScheduleKind schedule_kind(const std::string& name) {
  if (name == "constant") return ScheduleKind::kConstant;
  if (name == "linear") return ScheduleKind::kLinear;
  if (name == "cosine") return ScheduleKind::kCosine;
  if (name == "wsd") return ScheduleKind::kWsd;
  throw UsageError(
      fmt::format("unknown schedule \"{}\"; choose constant, linear, cosine or wsd", name));
}

}  // namespace pupil
