// A worker as the grader sees it: calls in, outputs back, and a clear word for everything that can
// go wrong on the way.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "course/process.h"
#include "lessons/kit/check.h"

namespace pupil::course {

struct WorkerOptions {
  std::int64_t time_ms = 1000;  ///< CPU time; wall time is ten times that
  std::int64_t memory_mb = 512;
  int level = 3;  ///< bits of protocol::Level to use
};

/// "limits", "seccomp", "landlock+seccomp", "bubblewrap+landlock+seccomp".
std::string level_name(int level);
/// True when bubblewrap is installed and may make namespaces here.
bool bubblewrap_works();

/// How a call ended, for the verdict.
enum class Outcome { kGood, kNotDone, kThrew, kCrash, kTimeout, kForbidden, kBroken };

class WorkerProcess {
 public:
  /// Starts one and loads `object`. What goes wrong is told by the first call().
  WorkerProcess(std::string object, const WorkerOptions& options);
  ~WorkerProcess();

  /// Runs the call and fills in its outputs. After anything but kGood and kNotDone the worker is
  /// gone, and every later call gives the same outcome.
  Outcome call(kit::Call& call);
  /// Why the last call was not good, for the student: "wrote element 77 of dlogits, which has 77
  /// (0 to 76), at exercise.cc:12".
  const std::string& reason() const { return reason_; }
  int level() const { return level_; }  ///< what holds, told by the worker before it loads anything
  const std::string& printed() const { return printed_; }
  bool truncated() const { return truncated_; }
  /// Ends it and says what it used.
  Ended finish();

 private:
  void start();
  bool send(const std::string& request);
  bool receive(void* to, std::size_t size);
  bool wait_for(short events);
  void drain();
  Outcome fail(Outcome outcome, std::string reason);
  Outcome explain_end();
  Outcome explain_fault(const std::string& text, const kit::Call& call);
  Outcome receive_outputs(kit::Call& call);

  std::string object_;
  WorkerOptions options_;
  Descriptor requests_, responses_, output_;
  std::unique_ptr<Child> child_;
  double end_ = 0;  // wall clock
  int level_ = 0;
  bool timed_out_ = false, truncated_ = false;
  Outcome state_ = Outcome::kGood;
  std::string reason_, printed_;
};

}  // namespace pupil::course
