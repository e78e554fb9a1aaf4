#include "kernels/blas_core.h"

#include <cblas.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace pupil {
namespace {

// Runs before OpenBLAS's own constructor, which reads both variables and has no priority (or 101 in
// later versions, where the order of linking puts this file first). Nothing of this file is
// constructed yet at that time: only plain functions may be used here.
[[gnu::constructor(101)]] void choose_core_before_openblas_starts() {
  setenv("OPENBLAS_NUM_THREADS", "1", /*overwrite=*/1);
  const std::string core(pick_core(read_cpu_features()));
  if (!core.empty()) setenv("OPENBLAS_CORETYPE", core.c_str(), /*overwrite=*/0);
}

enum Width { kUnknown, kSse3, kSse4, kAvx, kAvx2, kAvx512 };

// The vector instructions that the kernels of a core type are written for.
Width width_of(std::string_view core) {
  struct Entry {
    std::string_view core;
    Width width;
  };
  static constexpr Entry kTable[] = {
      {"Prescott", kSse3},     {"Core2", kSse3},        {"Atom", kSse3},
      {"Opteron_SSE3", kSse3}, {"Opteron", kSse3},      {"Barcelona", kSse3},
      {"Bobcat", kSse3},       {"Nano", kSse3},         {"Penryn", kSse4},
      {"Dunnington", kSse4},   {"Nehalem", kSse4},      {"Sandybridge", kAvx},
      {"Bulldozer", kAvx},     {"Piledriver", kAvx},    {"Steamroller", kAvx},
      {"Excavator", kAvx},     {"Haswell", kAvx2},      {"Zen", kAvx2},
      {"SkylakeX", kAvx512},   {"Cooperlake", kAvx512}, {"SapphireRapids", kAvx512},
  };
  for (const Entry& entry : kTable) {
    if (entry.core == core) return entry.width;
  }
  return kUnknown;
}

}  // namespace

std::string_view pick_core(const CpuFeatures& cpu) {
  const bool amd = cpu.vendor == "AuthenticAMD" || cpu.vendor == "HygonGenuine";
  const bool avx512 = cpu.avx512f && cpu.avx512cd && cpu.avx512dq && cpu.avx512bw && cpu.avx512vl;
  // Zen 4 computes 512 bits in two halves: there the Haswell kernels are faster (measured: 5 to 10
  // %).
  const bool halves = amd && cpu.family == 25;
  if (avx512 && cpu.avx2 && cpu.fma) return halves ? "Haswell" : "SkylakeX";
  if (cpu.avx2 && cpu.fma) return amd ? "Zen" : "Haswell";
  if (cpu.avx && amd && cpu.fma4) return cpu.fma ? "Piledriver" : "Bulldozer";
  if (cpu.avx) return "Sandybridge";
  if (cpu.sse42) return "Nehalem";
  if (cpu.sse41 && !amd) return "Penryn";
  if (cpu.ssse3 && !amd) return "Core2";
  if (cpu.sse4a && amd) return cpu.ssse3 ? "Bobcat" : "Barcelona";
  if (cpu.sse3) return amd ? "Opteron_SSE3" : "Prescott";
  return "";
}

std::string_view blas_core_name() { return openblas_get_corename(); }

std::optional<std::string> slow_core_warning(std::string_view used, std::string_view best) {
  const Width has = width_of(used), could = width_of(best);
  if (has == kUnknown || could == kUnknown || has >= could) return std::nullopt;
  return "OpenBLAS runs on its " + std::string(used) +
         " kernels; this processor has the wider vectors of " + std::string(best) +
         ", mostly much faster: unset OPENBLAS_CORETYPE or set it to " + std::string(best);
}

std::optional<std::string> slow_core_warning() {
  return slow_core_warning(blas_core_name(), pick_core(read_cpu_features()));
}

void prepare_blas() {
  static std::once_flag once;
  std::call_once(once, [] {
    openblas_set_num_threads(1);
    if (const auto warning = slow_core_warning()) {
      std::fprintf(stderr, "warning: %s\n", warning->c_str());
    }
  });
}

}  // namespace pupil
