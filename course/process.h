// Child processes: started without a shell, in a group of their own, ended with everything they
// started.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace pupil::course {

/// A pipe's end or another descriptor, closed at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void close();

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};
Pipe make_pipe();  ///< both ends close on exec; throws InputError

struct Ended {
  int exit = -1;   ///< exit status, -1 when a signal ended it
  int signal = 0;  ///< the signal, 0 when it exited
  double cpu_ms = 0;
  double max_rss_mb = 0;
};

/// A child with chosen descriptors: {3, fd} gives it `fd` as its descriptor 3. Descriptors that are
/// not named are closed in it; 0 is /dev/null unless named.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, const std::vector<std::pair<int, int>>& inherit,
        const std::vector<std::string>& environment);
  ~Child();  ///< kills what still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t id() const { return id_; }
  void kill();
  /// CPU time so far in ms, its ended children apart; negative when it cannot be read.
  double cpu_ms() const;
  bool ended();  ///< does not wait
  Ended wait();  ///< and ends the rest of its group

 private:
  void take(int status, const rusage& usage);
  pid_t id_ = -1;
  bool reaped_ = false;
  Ended ended_;
};

/// PATH and LANG=C: nothing else of the user's.
std::vector<std::string> plain_environment();

struct Captured {
  Ended ended;
  std::string output;  ///< stdout and stderr, cut at `most` bytes
  bool timed_out = false, cancelled = false;
};

/// Runs a program to its end and collects what it prints. `cancelled` is asked a few times a
/// second; true kills it.
Captured run_captured(const std::vector<std::string>& arguments, double timeout_s,
                      const std::function<bool()>& cancelled = {},
                      const std::vector<std::string>& environment = plain_environment(),
                      std::size_t most = 1 << 20);

/// The absolute path of a tool; throws InputError naming the package to install.
std::string tool_path(const std::string& name);

double now_s();  ///< a clock that only goes forward

}  // namespace pupil::course
