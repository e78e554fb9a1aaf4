// The built program as a user runs it: arguments and standard input in, standard output, standard
// error and exit status out. PUPIL_BINARY (environment, else the build's own) names the program.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "nn/file.h"
#include "tests/text_files.h"

namespace pupil::test {

inline std::string program() {
  const char* named = std::getenv("PUPIL_BINARY");
  return named ? named : PUPIL_BINARY;
}

struct Ran {
  int status = -1;  ///< exit status; 128 + the signal that ended it
  std::string out, err;
  long peak_mib = 0;  ///< of resident memory
};

struct Surroundings {
  std::string input;   ///< standard input
  std::string folder;  ///< where it runs; empty: where the test runs
  std::string out;     ///< a file for standard output, "-" to start with it closed; empty: captured
};

/// The program while it runs; Ctrl-C and further input can reach it.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments, const Surroundings& where = {}) {
    const std::string input = files_.write("in", where.input);
    const bool captured = where.out.empty();
    const std::string out = captured ? files_.path() + "/out" : where.out;
    const std::string name = program(), err = files_.path() + "/err";
    std::vector<char*> words{const_cast<char*>(name.c_str())};
    for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
    words.push_back(nullptr);
    child_ = ::fork();
    if (child_ != 0) return;
    ::alarm(kLongestSeconds);  // survives exec: a program that hangs is ended
    ::signal(SIGPIPE, SIG_DFL);
    if (!where.folder.empty() && ::chdir(where.folder.c_str()) != 0) ::_exit(126);
    ::dup2(::open(input.c_str(), O_RDONLY), STDIN_FILENO);
    if (out == "-") {
      ::close(STDOUT_FILENO);
    } else {
      ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    }
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    ::execv(name.c_str(), words.data());
    ::_exit(127);
  }
  ~Running() {
    if (child_ > 0) ::kill(child_, SIGKILL), wait();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void interrupt(int signal = SIGINT) const { ::kill(child_, signal); }
  std::string out() const { return captured("out"); }
  std::string err() const { return captured("err"); }
  /// Waits until `seen` holds; false when the program ended before, or that takes too long.
  template <class Seen>
  bool until(Seen seen) const {
    for (int tenth = 0; tenth < 10 * kLongestSeconds; ++tenth) {
      if (seen()) return true;
      siginfo_t ended{};
      ::waitid(P_PID, id_t(child_), &ended, WEXITED | WNOHANG | WNOWAIT);
      if (ended.si_pid != 0) return seen();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  Ran wait() {
    int status = 0;
    struct rusage usage {};
    ::wait4(child_, &status, 0, &usage);
    child_ = 0;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, out(), err(), usage.ru_maxrss / 1024};
  }

 private:
  static constexpr int kLongestSeconds = 120;
  std::string captured(const char* name) const {
    const std::string path = files_.path() + "/" + name;
    return file_exists(path) ? read_file(path) : "";
  }
  TemporaryFolder files_;
  pid_t child_ = 0;
};

inline Ran run_pupil(const std::vector<std::string>& arguments, const Surroundings& where = {}) {
  return Running(arguments, where).wait();
}

/// A shell's command line, with `folder` as its place and the program as ./pupil there.
inline Ran run_shell(const std::string& line, const std::string& folder) {
  const TemporaryFolder files;
  const std::string out = files.path() + "/out", err = files.path() + "/err";
  const std::string whole =
      "cd '" + folder + "' && { " + line + "\n} </dev/null >'" + out + "' 2>'" + err + "'";
  const int status = std::system(whole.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, read_file(out), read_file(err), 0};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace pupil::test

#define SKIP_WITHOUT_PROGRAM()                          \
  if (!std::filesystem::exists(pupil::test::program())) \
  GTEST_SKIP() << pupil::test::program() << " is not built (or set PUPIL_BINARY)"
