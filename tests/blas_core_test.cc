#include "kernels/blas_core.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace pupil {
namespace {

// Feature levels, each with all that is below it, as the processors named in the table report them.
enum Level { kSse3, kSsse3, kSse41, kSse42, kAvx, kFma, kAvx2, kAvx512Foundation, kAvx512, kBf16 };

CpuFeatures cpu_of(const std::string& vendor, int family, int model, Level level) {
  CpuFeatures f;
  f.vendor = vendor;
  f.family = family;
  f.model = model;
  f.sse3 = true;
  f.ssse3 = level >= kSsse3;
  f.sse41 = level >= kSse41;
  f.sse42 = level >= kSse42;
  f.avx = level >= kAvx;
  f.fma = level >= kFma;
  f.avx2 = level >= kAvx2;
  f.avx512f = f.avx512cd = level >= kAvx512Foundation;
  f.avx512dq = f.avx512bw = f.avx512vl = level >= kAvx512;
  f.avx512bf16 = level >= kBf16;
  f.sse4a = vendor == "AuthenticAMD" && family >= 0x10;
  return f;
}

CpuFeatures intel(int family, int model, Level level) {
  return cpu_of("GenuineIntel", family, model, level);
}

CpuFeatures amd(int family, int model, Level level) {
  return cpu_of("AuthenticAMD", family, model, level);
}

CpuFeatures with_fma4(CpuFeatures f) {
  f.fma4 = true;
  return f;
}

std::string getenv_or_empty(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

TEST(PickCore, KnowsProcessorsOldAndNew) {
  struct Case {
    const char* processor;
    CpuFeatures cpu;
    const char* core;
  };
  const std::vector<Case> cases = {
      {"Pentium 4 Prescott", intel(15, 4, kSse3), "Prescott"},
      {"Core 2 Conroe", intel(6, 15, kSsse3), "Core2"},
      {"Core 2 Penryn", intel(6, 23, kSse41), "Penryn"},
      {"Nehalem", intel(6, 26, kSse42), "Nehalem"},
      {"Sandy Bridge", intel(6, 42, kAvx), "Sandybridge"},
      {"Ivy Bridge", intel(6, 58, kAvx), "Sandybridge"},
      {"Haswell", intel(6, 60, kAvx2), "Haswell"},
      {"Skylake client", intel(6, 94, kAvx2), "Haswell"},
      {"Skylake-X", intel(6, 85, kAvx512), "SkylakeX"},
      {"Ice Lake server", intel(6, 106, kAvx512), "SkylakeX"},
      {"Sapphire Rapids", intel(6, 143, kBf16), "SkylakeX"},
      {"Emerald Rapids", intel(6, 207, kBf16), "SkylakeX"},
      {"Alder Lake, no AVX-512", intel(6, 151, kAvx2), "Haswell"},
      {"Knights Landing, AVX-512 F and CD only", intel(6, 87, kAvx512Foundation), "Haswell"},
      {"K8, SSE3", amd(15, 65, kSse3), "Opteron_SSE3"},
      {"K10 Barcelona", amd(16, 2, kSse3), "Barcelona"},
      {"Bobcat", amd(20, 1, kSsse3), "Bobcat"},
      {"Bulldozer", with_fma4(amd(21, 1, kAvx)), "Bulldozer"},
      {"Piledriver", with_fma4(amd(21, 2, kFma)), "Piledriver"},
      {"Jaguar", amd(22, 0, kAvx), "Sandybridge"},
      {"Zen", amd(23, 1, kAvx2), "Zen"},
      {"Zen 2", amd(23, 49, kAvx2), "Zen"},
      {"Zen 3", amd(25, 33, kAvx2), "Zen"},
      {"Zen 4, Genoa", amd(25, 17, kBf16), "Haswell"},
      {"Zen 4, Raphael", amd(25, 97, kBf16), "Haswell"},
      {"Zen 5", amd(26, 2, kBf16), "SkylakeX"},
      {"Hygon Dhyana", cpu_of("HygonGenuine", 24, 0, kAvx2), "Zen"},
      {"Haswell in a machine that hides AVX2", intel(6, 60, kFma), "Sandybridge"},
      {"Zen 4 in a machine that hides AVX and above", amd(25, 17, kSse42), "Nehalem"},
      {"Ice Lake whose system does not save AVX", intel(6, 106, kSse42), "Nehalem"},
      {"a model of the future", intel(6, 999, kBf16), "SkylakeX"},
      {"another maker", cpu_of("  Shanghai  ", 7, 59, kAvx2), "Haswell"},
  };
  for (const Case& c : cases) EXPECT_EQ(pick_core(c.cpu), c.core) << c.processor;
}

TEST(PickCore, LeavesOtherArchitecturesToOpenBlas) { EXPECT_EQ(pick_core(CpuFeatures{}), ""); }

TEST(PickCore, IsWhatOpenBlasRunsOnHere) {
  const CpuFeatures cpu = read_cpu_features();
  const std::string best(pick_core(cpu)), forced = getenv_or_empty("OPENBLAS_CORETYPE");
  if (best.empty()) GTEST_SKIP() << "not an x86-64 processor";
  if (forced != best) GTEST_SKIP() << "OPENBLAS_CORETYPE is " << forced;
  EXPECT_EQ(blas_core_name(), best)
      << cpu.vendor << " family " << cpu.family << " model " << cpu.model;
}

// Not a test of its own: what the next test reads from another process.
TEST(UsersCore, DISABLED_Report) {
  prepare_blas();
  prepare_blas();
  std::printf("core %s\n", std::string(blas_core_name()).c_str());
}

TEST(UsersCore, WinsAndIsWarnedAboutOnce) {
  if (!read_cpu_features().avx) GTEST_SKIP() << "no core type is slow on this processor";
  std::array<char, 4096> self{};
  ASSERT_GT(readlink("/proc/self/exe", self.data(), self.size() - 1), 0);
  const std::string command = std::string("OPENBLAS_CORETYPE=Prescott '") + self.data() +
                              "' --gtest_filter=UsersCore.DISABLED_Report"
                              " --gtest_also_run_disabled_tests 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  ASSERT_EQ(pclose(pipe), 0) << text;
  EXPECT_NE(text.find("core Prescott\n"), std::string::npos) << text;
  const auto first = text.find("warning: OpenBLAS runs on its Prescott kernels");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find("warning:", first + 1), std::string::npos) << text;
}

TEST(CpuFeatures, AgreeWithTheCompilersOwnTest) {
#if defined(__x86_64__)
  const CpuFeatures f = read_cpu_features();
  EXPECT_EQ(f.sse3, __builtin_cpu_supports("sse3") != 0);
  EXPECT_EQ(f.sse42, __builtin_cpu_supports("sse4.2") != 0);
  EXPECT_EQ(f.avx, __builtin_cpu_supports("avx") != 0);
  EXPECT_EQ(f.avx2, __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(f.fma, __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(f.avx512f, __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(f.avx512dq, __builtin_cpu_supports("avx512dq") != 0);
  EXPECT_EQ(f.avx512bw, __builtin_cpu_supports("avx512bw") != 0);
  EXPECT_EQ(f.avx512vl, __builtin_cpu_supports("avx512vl") != 0);
  EXPECT_EQ(f.vendor == "GenuineIntel", __builtin_cpu_is("intel") != 0);
  EXPECT_EQ(f.vendor == "AuthenticAMD", __builtin_cpu_is("amd") != 0);
#else
  GTEST_SKIP() << "not an x86-64 processor";
#endif
}

TEST(SlowCoreWarning, NamesBothCoresAndTheWayOut) {
  const auto warning = slow_core_warning("Prescott", "SkylakeX");
  ASSERT_TRUE(warning.has_value());
  for (const char* part : {"Prescott", "SkylakeX", "OPENBLAS_CORETYPE"}) {
    EXPECT_NE(warning->find(part), std::string::npos) << *warning;
  }
}

TEST(SlowCoreWarning, ComesOnlyForNarrowerVectors) {
  EXPECT_TRUE(slow_core_warning("Nehalem", "Sandybridge"));
  EXPECT_TRUE(slow_core_warning("Sandybridge", "Haswell"));
  EXPECT_TRUE(slow_core_warning("Zen", "SkylakeX"));
  EXPECT_FALSE(slow_core_warning("Zen", "Haswell"));
  EXPECT_FALSE(slow_core_warning("Cooperlake", "SkylakeX"));
  EXPECT_FALSE(slow_core_warning("SkylakeX", "Haswell"));
  EXPECT_FALSE(slow_core_warning("a core of the future", "SkylakeX"));
  EXPECT_FALSE(slow_core_warning("Prescott", ""));
}

}  // namespace
}  // namespace pupil
