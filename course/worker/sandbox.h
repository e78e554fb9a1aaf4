// What the student's code may not do, decided before it is loaded. No step can be undone by the
// code it confines.
//
//   limits       CPU time, memory, no process beside its own, file size 0, no core file
//   no_new_privs no program gains rights by being run
//   capabilities none, also for root: the grader's memory stays closed where Landlock is missing
//   Landlock     no file but the student's own object can be opened (Linux 5.13)
//   seccomp      a list of harmless system calls; any other ends the process (SIGSYS): no fork, no
//                exec, no socket, no ptrace, no opening for writing
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pupil::course {

struct Limits {
  std::int64_t cpu_ms = 1000;
  std::int64_t memory_mb = 512;
};

/// Throws std::runtime_error when a limit cannot be set.
void apply_limits(const Limits& limits, std::int64_t largest_file);
/// No process beside this one (of users other than root: seccomp holds for all).
void forbid_processes();
void give_up_capabilities();
void give_up_privileges();
/// Only these paths can be read (and what lies below them), only `writable` be written. False: the
/// kernel has no Landlock.
bool apply_landlock(const std::vector<std::string>& readable,
                    const std::vector<std::string>& writable, bool may_execute);
/// False: the kernel has no seccomp filters.
bool apply_seccomp();

}  // namespace pupil::course
