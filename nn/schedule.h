// Learning-rate schedules: the rate of optimizer step k, counted from 0, as transformers'
// schedulers give it.
#pragma once
#include <cstdint>
#include <string>

namespace pupil {

enum class ScheduleKind { kConstant, kLinear, kCosine, kWsd };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double peak = 1e-3;
  std::int64_t steps = 0;   ///< planned length of the run
  std::int64_t warmup = 0;  ///< W steps
  double min_ratio = 0;     ///< lowest rate / peak, for cosine and wsd
  std::int64_t decay = -1;  ///< wsd: D steps at the end; -1: a fifth of the steps
  double cycles = 0.5;      ///< cosine: half a wave
  /// Warm up as nanoGPT does, (k + 1) / (W + 1), and decay by cosine from `peak` to the minimum
  /// over the steps behind the warm-up.
  bool nanogpt_warmup = false;

  /// Rate of step k >= 0; k beyond `steps` follows the formula on.
  double rate(std::int64_t k) const;
};

/// "constant", "linear", "cosine", "wsd"; throws UsageError naming the choices.
ScheduleKind schedule_kind(const std::string& name);

}  // namespace pupil
