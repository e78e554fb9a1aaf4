#include "kernels/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <array>
#include <cstdint>
#include <cstring>
#endif

namespace pupil {

#if defined(__x86_64__)
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // all zero: no such leaf
  return r;
}

bool bit(unsigned word, int position) { return (word >> position & 1) != 0; }

// XCR0: which register states the operating system saves on a task switch.
std::uint64_t saved_states() {
  unsigned low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

}  // namespace

// Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
CpuFeatures read_cpu_features() {
  CpuFeatures f;
  const Registers name = cpuid(0), basic = cpuid(1), more = cpuid(7), bf16 = cpuid(7, 1);
  const Registers amd = cpuid(0x80000001);

  std::array<char, 12> vendor;
  std::memcpy(vendor.data(), &name.ebx, 4);
  std::memcpy(vendor.data() + 4, &name.edx, 4);
  std::memcpy(vendor.data() + 8, &name.ecx, 4);
  f.vendor.assign(vendor.data(), vendor.size());

  const int base_family = basic.eax >> 8 & 15;
  f.family = base_family + (base_family == 15 ? basic.eax >> 20 & 255 : 0);
  f.model = basic.eax >> 4 & 15;
  if (base_family == 6 || base_family == 15) f.model += (basic.eax >> 16 & 15) << 4;

  f.sse3 = bit(basic.ecx, 0);
  f.ssse3 = bit(basic.ecx, 9);
  f.sse41 = bit(basic.ecx, 19);
  f.sse42 = bit(basic.ecx, 20);
  f.sse4a = bit(amd.ecx, 6);

  const bool xsave = bit(basic.ecx, 27);
  const std::uint64_t states = xsave ? saved_states() : 0;
  const bool ymm = (states & 0x06) == 0x06;  // SSE and AVX state
  const bool zmm = (states & 0xe6) == 0xe6;  // and mask registers and both halves of ZMM
  f.avx = ymm && bit(basic.ecx, 28);
  f.fma = ymm && bit(basic.ecx, 12);
  f.fma4 = ymm && bit(amd.ecx, 16);
  f.avx2 = ymm && bit(more.ebx, 5);
  f.avx512f = zmm && bit(more.ebx, 16);
  f.avx512dq = zmm && bit(more.ebx, 17);
  f.avx512cd = zmm && bit(more.ebx, 28);
  f.avx512bw = zmm && bit(more.ebx, 30);
  f.avx512vl = zmm && bit(more.ebx, 31);
  f.avx512bf16 = zmm && bit(bf16.eax, 5);
  return f;
}
#else
CpuFeatures read_cpu_features() { return {}; }
#endif

}  // namespace pupil
