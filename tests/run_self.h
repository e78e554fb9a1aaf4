// Runs this test program again as a process of its own, with other environment variables.
#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "kernels/isa.h"

namespace pupil::test {

struct Outcome {
  int status = -1;
  std::string output;  ///< stdout and stderr
};

/// environment: "NAME=value"; filter: a GoogleTest filter.
inline Outcome run_self(const std::string& environment, const std::string& filter) {
  std::array<char, 4096> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) return {};
  const std::string command =
      environment + " '" + path.data() + "' --gtest_filter='" + filter + "' 2>&1";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return outcome;
  std::array<char, 4096> part;
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) {
    outcome.output.append(part.data(), n);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

/// Runs the tests of `filter` with each instruction set below the active one.
inline void expect_on_lower_sets(const std::string& filter) {
  for (const Isa isa : {Isa::kBaseline, Isa::kAvx2}) {
    if (isa >= active_isa()) continue;
    const Outcome run = run_self(std::string("PUPIL_ISA=") + isa_name(isa), filter);
    EXPECT_EQ(run.status, 0) << isa_name(isa) << ":\n" << run.output;
    EXPECT_NE(run.output.find("PASSED"), std::string::npos) << run.output;
  }
}

}  // namespace pupil::test
