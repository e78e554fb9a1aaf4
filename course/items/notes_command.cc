// notes: a student's own words about a lesson. They stay in the student's folder: nothing reads
// them but this command, and no submission takes them along.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "cli/printable.h"
#include "course/book/plain_math.h"
#include "course/commands.h"
#include "course/session.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  SessionOptions session;
  std::string lesson, add;
  bool edit = false;
};

// What to say in one's own words: the lesson's goals and its rule.
std::string first_notes(const Lesson& lesson) {
  std::string text = fmt::format("# Lesson {}: {}\n\nIn my own words:\n", lesson.id, lesson.title);
  for (const std::string& goal : lesson.goals) text += fmt::format("\n- {}:\n", goal);
  return text + fmt::format("\n- what {} says:\n", lesson.rule);
}

void edit_file(const std::string& path) {
  const char* visual = std::getenv("VISUAL");
  const char* editor = visual && *visual ? visual : std::getenv("EDITOR");
  if (!editor || !*editor) throw UsageError("--edit needs an editor: set EDITOR, or open " + path);
  const pid_t child = ::fork();
  if (child < 0) throw InputError("cannot start a process");
  if (child == 0) {
    // EDITOR may hold options ("code --wait"), so it is a shell's line; the path is not part of it.
    ::execl("/bin/sh", "sh", "-c", fmt::format("exec {} \"$1\"", editor).c_str(), "sh",
            path.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) throw InputError(fmt::format("{}: the editor \"{}\" failed", path, editor));
}

int show_notes(const Settings& s) {
  const Session session(s.session);
  const Lesson& lesson = session.course().lesson(s.lesson);
  const std::string folder = session.work().path() + "/notes";
  const std::string path = fmt::format("{}/{}.md", folder, lesson.id);
  make_folder(folder);
  ::chmod(folder.c_str(), 0700);
  if (!file_exists(path)) write_file(path, first_notes(lesson));
  if (!s.add.empty()) write_file(path, read_file(path) + s.add + "\n");
  if (s.edit) {
    edit_file(path);
  } else {
    std::fputs(cli::printable(for_terminal(read_file(path))).c_str(), stdout);
  }
  fmt::print("\nYours alone: {}\n", path);
  return 0;
}

}  // namespace

cli::Command notes_command() {
  return {
      "notes",
      "Your own words about a lesson (NN): shows them, adds a line, or opens them in your editor. "
      "They are never sent anywhere.",
      "./pupil notes 04 --add 'the gradient is what p has too much' --dir build/work",
      [](cli::Options& options, const cli::Common&) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options.text("LESSON", s->lesson, "number of a lesson", "NN").required();
        s->session.declare(options, false);
        options.text("--add", s->add, "adds this line", "TEXT")
            .flag("--edit", s->edit, "opens them in $VISUAL or $EDITOR");
        return [s] { return show_notes(*s); };
      }};
}

}  // namespace pupil::course
