#include "course/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "course/compile.h"
#include "course/course_tree.h"
#include "course/protocol.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using kit::Argument;
using kit::Kind;
using kit::Role;
namespace fs = std::filesystem;

constexpr std::size_t kMostPrinted = 64 << 10;
constexpr int kPollMs = 5;

template <class T>
void put(std::string& to, T number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}
void put_text(std::string& to, const std::string& text) {
  put(to, std::uint32_t(text.size()));
  to += text;
}

std::size_t content_size(const Argument& a) {
  return std::size_t(a.size() * protocol::element_size(a.kind));
}

void put_content(std::string& to, const Argument& a) {
  const void* data = a.kind == Kind::kNumbers    ? static_cast<const void*>(a.numbers.data())
                     : a.kind == Kind::kIntegers ? static_cast<const void*>(a.integers.data())
                                                 : static_cast<const void*>(a.text.data());
  const std::size_t have = a.kind == Kind::kNumbers    ? a.numbers.size()
                           : a.kind == Kind::kIntegers ? a.integers.size()
                                                       : a.text.size();
  if (std::int64_t(have) != a.size()) {
    throw InputError(
        fmt::format("a check gives {} {} values, its shape has {}", a.name, have, a.size()));
  }
  to.append(static_cast<const char*>(data), content_size(a));
}

std::string encode(const kit::Call& call) {
  std::string body;
  put_text(body, call.function);
  put(body, std::uint32_t(call.arguments.size()));
  for (const Argument& a : call.arguments) {
    put_text(body, a.name);
    put(body, std::uint8_t(a.role));
    put(body, std::uint8_t(a.kind));
    const std::int64_t width = a.shape.empty() ? 1 : a.shape.back();
    put(body, width == 0 ? std::int64_t(0) : a.size() / width);
    put(body, width);
    if (a.role != Role::kOut) put_content(body, a);
  }
  if (body.size() > protocol::kLargestRequest) {
    throw InputError(fmt::format("a check gives {} more than a request holds", call.function));
  }
  std::string request;
  put(request, std::uint32_t(body.size()));
  return request + body;
}

std::vector<std::string> bubblewrap_words() {
  return {tool_path("bwrap"),
          "--unshare-all",
          "--die-with-parent",
          "--ro-bind",
          "/",
          "/",
          "--dev",
          "/dev",
          "--"};
}

void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

const char* name_of_signal(int number) {
  switch (number) {
    case SIGSEGV:
      return "touched memory that is not its own";
    case SIGBUS:
      return "touched memory that is not its own";
    case SIGFPE:
      return "divided an integer by zero";
    case SIGILL:
      return "ran into code that cannot be executed";
    case SIGABRT:
      return "aborted";
    default:
      return "was ended by a signal";
  }
}

}  // namespace

std::string level_name(int level) {
  std::vector<std::string> names;
  if (level & protocol::kBubblewrap) names.emplace_back("bubblewrap");
  if (level & protocol::kLandlock) names.emplace_back("landlock");
  if (level & protocol::kSeccomp) names.emplace_back("seccomp");
  return names.empty() ? "limits" : fmt::format("{}", fmt::join(names, "+"));
}

bool bubblewrap_works() {
  static const bool works = [] {
    try {
      std::vector<std::string> words = bubblewrap_words();
      words.push_back(tool_path("true"));
      return run_captured(words, 10).ended.exit == 0;
    } catch (const InputError&) {
      return false;
    }
  }();
  return works;
}

WorkerProcess::WorkerProcess(std::string object, const WorkerOptions& options)
    : object_(fs::absolute(object).string()), options_(options) {
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // nobody reads in /proc what only the grader knows
  start();
}

WorkerProcess::~WorkerProcess() { finish(); }

void WorkerProcess::start() {
  Pipe requests = make_pipe(), responses = make_pipe(), output = make_pipe();
  std::vector<std::string> words;
  if (options_.level & protocol::kBubblewrap) words = bubblewrap_words();
  const std::string program = program_folder() + "/pupil-worker";
  if (::access(program.c_str(), X_OK) != 0) {
    throw InputError(fmt::format("{} is not there; run ./pupil build", program));
  }
  for (const std::string& word :
       {program, std::string("run"), std::to_string(options_.level),
        std::to_string(options_.time_ms), std::to_string(options_.memory_mb), object_}) {
    words.push_back(word);
  }
  child_ = std::make_unique<Child>(
      words,
      std::vector<std::pair<int, int>>{{1, output.write.get()},
                                       {2, output.write.get()},
                                       {protocol::kRequestFd, requests.read.get()},
                                       {protocol::kResponseFd, responses.write.get()}},
      plain_environment());
  // Our copies of its ends: while one is open, its death is no end of file.
  requests.read.close();
  responses.write.close();
  output.write.close();
  requests_ = std::move(requests.write);
  responses_ = std::move(responses.read);
  output_ = std::move(output.read);
  make_nonblocking(requests_.get());
  make_nonblocking(responses_.get());
  make_nonblocking(output_.get());
  end_ = now_s() + double(options_.time_ms) * 10 / 1000;
  std::uint8_t level = 0, loaded = 0;
  if (!receive(&level, 1)) {
    fail(Outcome::kBroken, "the worker did not start: " + printed_);
    return;
  }
  level_ = level;
  if (!receive(&loaded, 1)) {
    explain_end();
    reason_ = "before any of your functions was called, the program " + reason_;
  } else if (loaded != protocol::kReady) {
    drain();
    fail(Outcome::kBroken, "the file cannot be loaded: " + printed_);
  }
}

// ---- pipes, with an eye on the clocks -----------------------------------------------------------

void WorkerProcess::drain() {
  std::array<char, 65536> part;
  ssize_t n = 0;
  while ((n = ::read(output_.get(), part.data(), part.size())) > 0) {
    const std::size_t room = kMostPrinted - std::min(kMostPrinted, printed_.size());
    truncated_ |= std::size_t(n) > room;
    printed_.append(part.data(), std::min(std::size_t(n), room));
  }
}

// Waits until the request or response pipe is ready, collecting what is printed. False: out of time
// or gone.
bool WorkerProcess::wait_for(short events) {
  pollfd wait[2] = {{events == POLLIN ? responses_.get() : requests_.get(), events, 0},
                    {output_.get(), POLLIN, 0}};
  while (true) {
    const int ready = ::poll(wait, 2, kPollMs);
    if (ready < 0 && errno != EINTR) return false;
    if (wait[1].revents & POLLIN) drain();
    if (wait[0].revents & events) return true;
    if (wait[0].revents & (POLLHUP | POLLERR)) return false;
    if (wait[1].revents & (POLLHUP | POLLERR)) wait[1].fd = -1;
    if (now_s() > end_ || child_->cpu_ms() > double(options_.time_ms)) {
      timed_out_ = true;
      child_->kill();
      return false;
    }
  }
}

bool WorkerProcess::send(const std::string& request) {
  for (std::size_t at = 0; at < request.size();) {
    const ssize_t n = ::write(requests_.get(), request.data() + at, request.size() - at);
    if (n > 0) {
      at += std::size_t(n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (!wait_for(POLLOUT)) {
      return false;
    }
  }
  return true;
}

bool WorkerProcess::receive(void* to, std::size_t size) {
  for (char* at = static_cast<char*>(to); size > 0;) {
    const ssize_t n = ::read(responses_.get(), at, size);
    if (n > 0) {
      at += n;
      size -= std::size_t(n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(POLLIN)) {
      return false;
    }
  }
  return true;
}

// ---- calls --------------------------------------------------------------------------------------

Outcome WorkerProcess::fail(Outcome outcome, std::string reason) {
  state_ = outcome;
  reason_ = std::move(reason);
  return outcome;
}

Outcome WorkerProcess::explain_end() {
  drain();
  if (timed_out_) {
    return fail(Outcome::kTimeout,
                fmt::format("took more than {} ms of processor time (an endless loop, or far more "
                            "work than needed?)",
                            options_.time_ms));
  }
  // Closed pipes: it has ended, or its code closed them and goes on.
  const double patience = now_s() + 0.2;
  while (!child_->ended() && now_s() < patience) ::usleep(1000);
  if (!child_->ended()) child_->kill();
  const Ended ended = child_->wait();
  // bubblewrap hands a signal on as 128 + its number.
  const int signal = ended.signal ? ended.signal : ended.exit > 128 ? ended.exit - 128 : 0;
  if (signal == SIGSYS) {
    return fail(
        Outcome::kForbidden,
        "asked the system for something that no exercise allows (files, processes, network)");
  }
  // SIGKILL that is not ours comes from the limit on processor time (the grader sees no clock of a
  // process inside bubblewrap).
  if (signal == SIGXCPU || signal == SIGKILL) {
    return fail(Outcome::kTimeout,
                fmt::format("took more than {} ms of processor time", options_.time_ms));
  }
  if (signal) {
    return fail(Outcome::kCrash, fmt::format("{} (signal {})", name_of_signal(signal), signal));
  }
  return fail(Outcome::kCrash, fmt::format("ended by itself with status {} instead of returning "
                                           "from your function",
                                           ended.exit));
}

Outcome WorkerProcess::explain_fault(const std::string& text, const kit::Call& call) {
  std::istringstream words(text);
  int signal = 0;
  std::string name, place;
  std::int64_t offset = 0;
  words >> signal >> name >> offset >> place;
  const std::string line = source_line(object_, place);
  std::string reason = name_of_signal(signal);
  if (name == "stack") reason = "used up the stack (a recursion without an end?)";
  for (const Argument& a : call.arguments) {
    if (a.name != name || a.size() == 0) continue;
    const std::int64_t size = protocol::element_size(a.kind);
    const std::int64_t element = offset >= 0 ? offset / size : -((size - 1 - offset) / size);
    const bool inside = element >= 0 && element < a.size();
    reason = inside ? fmt::format("wrote to {}, which is an input", name)
                    : fmt::format("touched element {} of {}, which has {} (0 to {})", element, name,
                                  a.size(), a.size() - 1);
  }
  if (!line.empty()) reason += " at " + fs::path(line).filename().string();
  drain();
  child_->wait();
  return fail(Outcome::kCrash, reason);
}

Outcome WorkerProcess::receive_outputs(kit::Call& call) {
  for (Argument& a : call.arguments) {
    if (a.role == Role::kIn) continue;
    void* data = nullptr;
    const auto n = std::size_t(a.size());
    if (a.kind == Kind::kNumbers) {
      a.numbers.resize(n);
      data = a.numbers.data();
    } else if (a.kind == Kind::kIntegers) {
      a.integers.resize(n);
      data = a.integers.data();
    } else {
      a.text.resize(n);
      data = a.text.data();
    }
    if (!receive(data, content_size(a))) return explain_end();
  }
  return Outcome::kGood;
}

Outcome WorkerProcess::call(kit::Call& call) {
  if (state_ != Outcome::kGood) return state_;
  std::uint8_t status = 0;
  std::uint32_t length = 0;
  if (!send(encode(call)) || !receive(&status, 1) || !receive(&length, 4)) return explain_end();
  if (length > protocol::kLongestText)
    return fail(Outcome::kBroken, "the worker's answer is no answer");
  std::string text(length, '\0');
  if (!receive(text.data(), length)) return explain_end();
  switch (status) {
    case kit::kReturned:
      return receive_outputs(call);
    case kit::kNotDone:
      reason_ = text;
      return Outcome::kNotDone;
    case kit::kThrew:
      return fail(Outcome::kThrew, "threw an exception: " + text);
    case protocol::kFault:
      return explain_fault(text, call);
    default:
      return fail(Outcome::kBroken, "the call could not be made: " + text);
  }
}

Ended WorkerProcess::finish() {
  requests_.close();
  const double patience = now_s() + 0.5;
  while (!child_->ended() && now_s() < patience) ::usleep(200);
  drain();
  child_->kill();
  return child_->wait();
}

}  // namespace pupil::course
