#include "course/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "tensor/error.h"

namespace pupil::course {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& w : words) list.push_back(const_cast<char*>(w.c_str()));
  list.push_back(nullptr);
  return list;
}

// In the child, between fork and exec: only calls that are safe there. Descriptors first move out
// of the way of their targets.
void arrange_descriptors(std::vector<std::pair<int, int>>& inherit) {
  for (auto& [target, fd] : inherit) fd = ::fcntl(fd, F_DUPFD, 64);
  int last = 2;
  for (const auto& [target, fd] : inherit) {
    ::dup2(fd, target);
    last = std::max(last, target);
  }
  ::syscall(SYS_close_range, unsigned(last) + 1, ~0U, 0);
}

}  // namespace

Descriptor::~Descriptor() { close(); }
void Descriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw InputError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Child::Child(const std::vector<std::string>& arguments,
             const std::vector<std::pair<int, int>>& inherit,
             const std::vector<std::string>& environment) {
  std::vector<char*> words = pointers(arguments), variables = pointers(environment);
  std::vector<std::pair<int, int>> wanted = inherit;
  id_ = ::fork();
  if (id_ < 0) throw InputError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (id_ == 0) {
    ::setpgid(0, 0);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_IGN);  // the parent ends it
    const int nothing = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) {
      const bool named = std::any_of(wanted.begin(), wanted.end(),
                                     [&](const auto& pair) { return pair.first == fd; });
      if (!named && fd == 0) ::dup2(nothing, fd);
    }
    arrange_descriptors(wanted);
    ::execve(words[0], words.data(), variables.data());
    ::_exit(127);
  }
  ::setpgid(id_, id_);
}

Child::~Child() {
  if (!reaped_) kill(), wait();
}

void Child::kill() {
  if (reaped_) return;
  ::kill(-id_, SIGKILL);
  ::kill(id_, SIGKILL);
}

double Child::cpu_ms() const {
  clockid_t clock{};
  timespec time{};
  if (reaped_ || ::clock_getcpuclockid(id_, &clock) != 0) return -1;
  if (::clock_gettime(clock, &time) != 0) return -1;
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

void Child::take(int status, const rusage& usage) {
  reaped_ = true;
  ::kill(-id_, SIGKILL);  // what it left running
  ended_.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const auto ms = [](const timeval& t) {
    return double(t.tv_sec) * 1e3 + double(t.tv_usec) * 1e-3;
  };
  ended_.cpu_ms = ms(usage.ru_utime) + ms(usage.ru_stime);
  ended_.max_rss_mb = double(usage.ru_maxrss) / 1024;
}

bool Child::ended() {
  if (reaped_) return true;
  int status = 0;
  rusage usage{};
  if (::wait4(id_, &status, WNOHANG, &usage) != id_) return false;
  take(status, usage);
  return true;
}

Ended Child::wait() {
  while (!reaped_) {
    int status = 0;
    rusage usage{};
    if (::wait4(id_, &status, 0, &usage) == id_) {
      take(status, usage);
    } else if (errno != EINTR) {
      break;
    }
  }
  return ended_;
}

Captured run_captured(const std::vector<std::string>& arguments, double timeout_s,
                      const std::function<bool()>& cancelled,
                      const std::vector<std::string>& environment, std::size_t most) {
  Pipe pipe = make_pipe();
  Child child(arguments, {{1, pipe.write.get()}, {2, pipe.write.get()}}, environment);
  pipe.write.close();
  Captured result;
  const double end = now_s() + timeout_s;
  std::array<char, 65536> part;
  while (true) {
    pollfd wait{pipe.read.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, 30);
    if (ready > 0) {
      const ssize_t n = ::read(pipe.read.get(), part.data(), part.size());
      if (n == 0) break;
      const std::size_t room = most - std::min(most, result.output.size());
      if (n > 0) result.output.append(part.data(), std::min(std::size_t(n), room));
      continue;
    }
    result.cancelled = cancelled && cancelled();
    result.timed_out = now_s() > end;
    if (result.cancelled || result.timed_out) {
      child.kill();
      break;
    }
  }
  result.ended = child.wait();
  return result;
}

std::vector<std::string> plain_environment() {
  const char* path = std::getenv("PATH");
  return {fmt::format("PATH={}", path ? path : "/usr/bin:/bin"), "LANG=C", "LC_ALL=C"};
}

std::string tool_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + name;
    if (::access(candidate.c_str(), X_OK) != 0) continue;
    // ccache under a compiler's name wants a cache that a confined process cannot write to.
    if (std::filesystem::canonical(candidate).filename() == "ccache") continue;
    return std::filesystem::absolute(candidate).string();
  }
  throw InputError(fmt::format("{} is not installed (on Debian: apt-get install g++)", name));
}

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace pupil::course
