#include "course/worker/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace pupil::course {
namespace {

void limit(__rlimit_resource what, rlim_t most) {
  const rlimit bounds{most, most};
  if (::setrlimit(what, &bounds) != 0) {
    throw std::runtime_error(std::string("cannot set a limit: ") + std::strerror(errno));
  }
}

// Rights of Landlock by version; newer kernels know more than Debian 12's header.
constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadDir = LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kExecute = LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kVersion1 = (1ULL << 13) - 1;  // all file rights of Linux 5.13
constexpr std::uint64_t kRefer = 1ULL << 13, kTruncate = 1ULL << 14, kDeviceIoctl = 1ULL << 15;

struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

// A rule for a path that is not there is not needed.
void allow(int ruleset, const std::string& path, std::uint64_t access) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = fd;
  // A file takes rights of files only.
  const bool folder = ::faccessat(fd, ".", F_OK, 0) == 0;
  if (!folder)
    rule.allowed_access &= kReadFile | kExecute | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    throw std::runtime_error("Landlock refuses a rule for " + path + ": " + std::strerror(errno));
  }
  ::close(fd);
}

void allow_calls(scmp_filter_ctx filter, std::initializer_list<int> calls) {
  for (const int call : calls) {
    if (::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) {
      throw std::runtime_error("seccomp refuses a rule");
    }
  }
}

}  // namespace

void apply_limits(const Limits& limits, std::int64_t largest_file) {
  limit(RLIMIT_CPU, rlim_t((limits.cpu_ms + 999) / 1000) + 1);  // the grader stops it earlier
  limit(RLIMIT_AS, rlim_t(limits.memory_mb) << 20);
  limit(RLIMIT_FSIZE, rlim_t(largest_file));
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 64);
  limit(RLIMIT_STACK, 8 << 20);
}

void forbid_processes() { limit(RLIMIT_NPROC, 0); }

void give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) {
    throw std::runtime_error("cannot give up capabilities");
  }
}

void give_up_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    throw std::runtime_error("cannot give up privileges");
  }
  ::prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0);  // no worker outlives its grader
}

bool apply_landlock(const std::vector<std::string>& readable,
                    const std::vector<std::string>& writable, bool may_execute) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  Ruleset rules;
  rules.handled_access_fs = kVersion1;
  if (version >= 2) rules.handled_access_fs |= kRefer;
  if (version >= 3) rules.handled_access_fs |= kTruncate;
  if (version >= 5) rules.handled_access_fs |= kDeviceIoctl;
  if (version >= 4) rules.handled_access_net = 3;  // bind and connect
  if (version >= 6) rules.scoped = 3;              // abstract sockets and signals stay inside
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const int ruleset = int(::syscall(SYS_landlock_create_ruleset, &rules, size, 0));
  if (ruleset < 0) return false;
  const std::uint64_t read = kReadFile | kReadDir | (may_execute ? kExecute : 0);
  for (const std::string& path : readable) allow(ruleset, path, read & rules.handled_access_fs);
  for (const std::string& path : writable) {
    allow(ruleset, path, rules.handled_access_fs & ~kDeviceIoctl);
  }
  const bool held = ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(ruleset);
  return held;
}

bool apply_seccomp() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter) return false;
  allow_calls(filter, {SCMP_SYS(read),
                       SCMP_SYS(pread64),
                       SCMP_SYS(readv),
                       SCMP_SYS(write),
                       SCMP_SYS(writev),
                       SCMP_SYS(close),
                       SCMP_SYS(lseek),
                       SCMP_SYS(fstat),
                       SCMP_SYS(newfstatat),
                       SCMP_SYS(stat),
                       SCMP_SYS(mmap),
                       SCMP_SYS(munmap),
                       SCMP_SYS(mprotect),
                       SCMP_SYS(mremap),
                       SCMP_SYS(madvise),
                       SCMP_SYS(brk),
                       SCMP_SYS(futex),
                       SCMP_SYS(rt_sigaction),
                       SCMP_SYS(rt_sigprocmask),
                       SCMP_SYS(rt_sigreturn),
                       SCMP_SYS(sigaltstack),
                       SCMP_SYS(getpid),
                       SCMP_SYS(gettid),
                       SCMP_SYS(clock_gettime),
                       SCMP_SYS(clock_nanosleep),
                       SCMP_SYS(nanosleep),
                       SCMP_SYS(gettimeofday),
                       SCMP_SYS(getrandom),
                       SCMP_SYS(sched_yield),
                       SCMP_SYS(sysinfo),
                       SCMP_SYS(uname),
                       SCMP_SYS(exit),
                       SCMP_SYS(exit_group)});
  // abort() signals itself, nobody else.
  ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                     SCMP_A0(SCMP_CMP_EQ, scmp_datum_t(::getpid())));
  // Opening to read only; what then can be read is Landlock's to say.
  constexpr scmp_datum_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                     SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, 0));
  // The C library asks these and can live with a no.
  for (const int call : {SCMP_SYS(ioctl), SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(prlimit64),
                         SCMP_SYS(fcntl)}) {
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  }
  const bool held = ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return held;
}

}  // namespace pupil::course
