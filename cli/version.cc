#include "cli/version.h"

#include <fmt/format.h>

#include "kernels/blas_core.h"
#include "kernels/cpu_features.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"

namespace pupil::cli {

std::string version_text() {
  const CpuFeatures cpu = read_cpu_features();
  std::string features;
  for (const auto& [name, has] : {std::pair{"sse4.2", cpu.sse42},
                                  {"avx", cpu.avx},
                                  {"avx2", cpu.avx2},
                                  {"fma", cpu.fma},
                                  {"avx512f", cpu.avx512f},
                                  {"avx512bw", cpu.avx512bw},
                                  {"avx512bf16", cpu.avx512bf16}}) {
    if (has) features += std::string(features.empty() ? "" : " ") + name;
  }
  return fmt::format(
      "pupil {} ({} build, compiler {})\n"
      "cpu      {} family {} model {}: {}\n"
      "kernels  {}\n"
      "blas     {}\n"
      "threads  {}\n"
      "devices  cpu",
      kVersion, PUPIL_BUILD_TYPE, __VERSION__, cpu.vendor, cpu.family, cpu.model, features,
      isa_name(active_isa()), cpu::matmul_backend(), threads());
}

}  // namespace pupil::cli
