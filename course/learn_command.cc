// learn: the loop of a student. Save, and the verdict appears; keys do the rest. It never goes on
// by itself.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "course/commands.h"
#include "course/hints.h"
#include "course/session.h"
#include "course/watch.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

// Keys arrive as they are pressed while one lives.
class KeyMode {
 public:
  KeyMode() {
    on_ = ::isatty(STDIN_FILENO) && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!on_) return;
    termios keys = before_;
    keys.c_lflag &= ~tcflag_t(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  }
  ~KeyMode() {
    if (on_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  KeyMode(const KeyMode&) = delete;
  KeyMode& operator=(const KeyMode&) = delete;

 private:
  termios before_{};
  bool on_ = false;
};

class Learn {
 public:
  Learn(const SessionOptions& options, const cli::Common& common)
      : session_(options), common_(common), exercise_(&session_.exercise()) {}

  int run() {
    const KeyMode keys;
    cli::watch_interrupt();
    say(fmt::format("{}\nYour files: {}\nSave a file and it is checked.", session_.course().title,
                    session_.work().path()));
    while (exercise_) {
      const Exercise* now = exercise_;
      introduce();
      FileWatch watch(session_.work().file(*now));
      check(watch);
      while (exercise_ == now) {
        const FileWatch::Event event = watch.wait(keyboard_, -1);
        if (cli::interrupt_requested()) return 0;
        if (event == FileWatch::Event::kSaved) check(watch);
        if (event == FileWatch::Event::kKey && !answers_key(watch)) return 0;
      }
    }
    return 0;
  }

 private:
  void say(const std::string& text) const {
    fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  void introduce() const {
    say("");
    const std::string task = exercise_->path("task.md");
    say(wrap(fmt::format("== {} {} ({} points, {})", exercise_->id, exercise_->title,
                         exercise_->max_points(false), session_.state(*exercise_)),
             terminal_width(), 3));
    if (file_exists(task)) say(flow(read_file(task), terminal_width()));
    say(wrap("edit " + session_.work().file(*exercise_), terminal_width(), 2));
  }

  void check(FileWatch& watch) {
    do {
      say("building and checking ...");
      results_ = session_.check(*exercise_, 0, [&] { return restart_ = watch.changed(); });
    } while (restart_ && !(restart_ = false));
    say(verdict_text(*exercise_, results_, session_.work().file(*exercise_),
                     verdict_style(common_)));
    const bool passed = results_.status == Status::kPass;
    if (passed) say("n next   s solution");
    say(wrap("h hint  e explain  r run again  l list  x reset  u undo  q quit", terminal_width(),
             0));
  }

  // What a key cannot do is said; the loop goes on. False: to quit.
  bool answers_key(FileWatch& watch) {
    try {
      return key(watch);
    } catch (const UsageError& e) {
      say(e.what());
    } catch (const InputError& e) {
      say(e.what());
    }
    return true;
  }

  bool key(FileWatch& watch) {
    char pressed = 0;
    const ssize_t n = ::read(STDIN_FILENO, &pressed, 1);
    if (n == 0) keyboard_ = -1;  // nobody types: only saves count
    if (n <= 0) return !cli::interrupt_requested();
    const bool passed = results_.status == Status::kPass;
    switch (pressed) {
      case 'q':
        return false;
      case 'r':
        check(watch);
        break;
      case 'h':
        say(next_hint(session_, *exercise_));
        break;
      case 'e':
        say(explanation(session_, *exercise_));
        break;
      case 'l':
        say(exercise_list(session_));
        break;
      case 's':
        if (passed) say(solution_text(session_, *exercise_));
        break;
      case 'x':
        ask_reset(watch);
        break;
      case 'u':
        session_.work().undo(*exercise_);
        break;
      case 'n':
        if (passed) go_on();
        break;
      default:
        break;
    }
    return true;
  }

  void ask_reset(FileWatch& watch) {
    say("put the starter back? your file is kept, u brings it back (y/n)");
    char pressed = 0;
    if (::read(STDIN_FILENO, &pressed, 1) != 1 || pressed != 'y') return;
    session_.work().reset(*exercise_);
    watch.changed();
    check(watch);
  }

  void go_on() {
    exercise_ = session_.next(*exercise_);
    if (!exercise_) say("That was the last exercise. `pupil status` sums up.");
  }

  Session session_;
  const cli::Common& common_;
  const Exercise* exercise_;
  Results results_;
  bool restart_ = false;
  int keyboard_ = STDIN_FILENO;
};

}  // namespace

cli::Command learn_command() {
  return {"learn",
          "Work through the exercises: shows the task, checks your file at every save, and takes "
          "keys (n next, h hint, e explain, q quit).",
          "./pupil learn 04a --dir build/work",
          [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
            auto s = std::make_shared<SessionOptions>();
            s->declare(options);
            return [s, &common] { return Learn(*s, common).run(); };
          }};
}

}  // namespace pupil::course
