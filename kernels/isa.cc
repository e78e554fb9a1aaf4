#include "kernels/isa.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace pupil {
namespace {

// __builtin_cpu_supports asks the operating system, too (XGETBV): a register it does not save on a
// task switch is no register.
Isa best_isa() {
#ifndef PUPIL_ONLY_BASELINE
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return Isa::kAvx512;
  if (avx2) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

Isa choose_isa() {
  const Isa best = best_isa();
  const char* wanted = std::getenv("PUPIL_ISA");
  if (!wanted || !*wanted) return best;
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (isa <= best && std::strcmp(wanted, isa_name(isa)) == 0) return isa;
  }
  std::fprintf(stderr,
               "PUPIL_ISA=%s is ignored: expected baseline, avx2 or avx512, and not more than this "
               "machine has (%s)\n",
               wanted, isa_name(best));
  return best;
}

}  // namespace

Isa active_isa() {
  static const Isa isa = choose_isa();
  return isa;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kBaseline:
      break;
  }
  return "baseline";
}

}  // namespace pupil
