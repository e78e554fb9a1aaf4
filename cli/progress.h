// Progress on stderr: a bar with rate and time left on a terminal, a plain line now and then
// elsewhere, nothing with --quiet.
#pragma once
#include <cstdint>
#include <string>

namespace pupil::cli {

struct Common;

class Progress {
 public:
  /// `total` steps; `what` stands in front: "pretrain".
  Progress(const Common& common, std::string what, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// After step `done`, from 1; `note` stands behind: "loss 1.23, 81k tokens/s".
  void step(std::int64_t done, const std::string& note);
  /// A line of its own above the bar.
  void log(const std::string& line);

 private:
  void erase();
  bool quiet_, bar_, drawn_ = false;
  std::string what_;
  std::int64_t total_, first_ = -1;
  double start_, last_;
};

/// A line on stderr unless --quiet.
void log_line(const Common& common, const std::string& line);
/// True when `descriptor` is a terminal and neither --plain nor NO_COLOR asks for plain text.
bool colours(const Common& common, int descriptor);

}  // namespace pupil::cli
