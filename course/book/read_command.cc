// read: a lesson's text in the terminal.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/progress.h"
#include "course/book/terminal_writer.h"
#include "course/commands.h"
#include "course/verdict.h"
#include "nn/file.h"

#include <unistd.h>

namespace pupil::course {
namespace {

int print_lesson(const std::string& id, const cli::Common& common) {
  const Course course = read_course(find_course_root(std::filesystem::current_path().string()));
  const Lesson& lesson = course.lesson(id);
  const std::optional<LessonReport> report = kept_report(lesson);
  const PageSource source{&course, &lesson, report ? &*report : nullptr,
                          lesson.folder + "/reading.md"};
  const TerminalStyle style{terminal_width(), cli::colours(common, STDOUT_FILENO)};
  fmt::print("{}",
             write_terminal(parse_markdown(read_file(source.path), source.path), source, style));
  std::string more = fmt::format("\nNext: ./pupil lesson {}", lesson.id);
  if (!lesson.exercises.empty()) more += fmt::format(", ./pupil learn {}", lesson.exercises[0].id);
  if (file_exists(lesson.folder + "/quiz.toml"))
    more += fmt::format(", ./pupil quiz {}", lesson.id);
  fmt::print("{}\n", wrap(more, style.width, 0));
  return 0;
}

}  // namespace

cli::Command read_command() {
  return {"read",
          "The text of a lesson (NN) in the terminal; `pupil book` has it with formulas and plots.",
          "./pupil read 04",
          [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
            auto id = std::make_shared<std::string>();
            options.text("LESSON", *id, "number of a lesson", "NN").required();
            return [id, &common] { return print_lesson(*id, common); };
          }};
}

}  // namespace pupil::course
