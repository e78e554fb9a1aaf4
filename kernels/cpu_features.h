// What the processor can do, as far as the choice of kernels depends on it (CPUID, XGETBV).
#pragma once
#include <string>

namespace pupil {

/// A flag is set only if the processor has the instructions and the operating system saves their
/// registers: a virtual machine may hide either.
struct CpuFeatures {
  std::string vendor;  ///< "GenuineIntel", "AuthenticAMD", ...; empty on other architectures
  int family = 0;      ///< display family: base + extended
  int model = 0;       ///< display model
  bool sse3 = false, ssse3 = false, sse41 = false, sse42 = false, sse4a = false;
  bool avx = false, avx2 = false, fma = false, fma4 = false;
  bool avx512f = false, avx512cd = false, avx512dq = false, avx512bw = false, avx512vl = false;
  bool avx512bf16 = false;
};

CpuFeatures read_cpu_features();

}  // namespace pupil
