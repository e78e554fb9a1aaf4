#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "cli/options.h"

namespace pupil::cli {
namespace {

constexpr int kBarWidth = 20;
constexpr double kPlainInterval = 5, kBarInterval = 0.1;  // seconds between two drawings

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string duration(double seconds) {
  const auto s = std::int64_t(seconds + 0.5);
  return s < 60 ? fmt::format("{}s", s) : fmt::format("{}m{:02}s", s / 60, s % 60);
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(const Common& common, std::string what, std::int64_t total)
    : quiet_(common.quiet),
      bar_(!common.quiet && !common.plain && ::isatty(STDERR_FILENO)),
      what_(std::move(what)),
      total_(total),
      start_(now()),
      last_(start_) {}

Progress::~Progress() { erase(); }

void Progress::erase() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void Progress::step(std::int64_t done, const std::string& note) {
  if (quiet_) return;
  if (first_ < 0) first_ = done - 1;
  const double time = now();
  const bool is_last = done >= total_;
  if (time - last_ < (bar_ ? kBarInterval : kPlainInterval) && !(is_last && !bar_)) return;
  last_ = time;
  const double per_step = (time - start_) / double(std::max<std::int64_t>(1, done - first_));
  const std::string left = duration(per_step * double(total_ - done));
  if (!bar_) {
    fmt::print(stderr, "{} {}/{}  {}  {} left\n", what_, done, total_, note, left);
    return;
  }
  const int filled = int(kBarWidth * done / std::max<std::int64_t>(1, total_));
  std::string line = fmt::format("{} [{:=<{}}{:{}}] {}/{}  {}  {} left", what_, "", filled, "",
                                 kBarWidth - filled, done, total_, note, left);
  const auto width = std::size_t(terminal_width() - 1);
  if (line.size() > width) line.resize(width);
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::log(const std::string& line) {
  if (quiet_) return;
  erase();
  fmt::print(stderr, "{}\n", line);
}

void log_line(const Common& common, const std::string& line) {
  if (!common.quiet) fmt::print(stderr, "{}\n", line);
}

bool colours(const Common& common, int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return !common.plain && !(no_color && *no_color) && ::isatty(descriptor);
}

}  // namespace pupil::cli
