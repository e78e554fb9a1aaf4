// Commands that show something about the current exercise or the course: hint, explain, solution,
// diff, list, status, goto, and the two that change the student's file: reset, undo.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "course/commands.h"
#include "course/hints.h"
#include "course/session.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Action = std::function<std::string(const Session&, const Exercise&)>;

// A command about one exercise that prints a text.
cli::Command about_exercise(const char* name, const char* purpose, const char* example,
                            const Action& action) {
  return {name, purpose, example,
          [action](cli::Options& options, const cli::Common&) -> std::function<int()> {
            auto s = std::make_shared<SessionOptions>();
            s->declare(options);
            return [s, action] {
              const Session session(*s);
              fmt::print("{}\n", action(session, session.exercise()));
              return 0;
            };
          }};
}

int print_list(const Session& session, const cli::Common& common) {
  if (!common.json) {
    fmt::print("{}\n", exercise_list(session));
    return 0;
  }
  for (const Exercise* e : session.course().exercises()) {
    const ExerciseProgress p = Progress(session.work()).of(*e);
    fmt::print("{}\n", nlohmann::ordered_json{{"exercise", e->id},
                                              {"title", e->title},
                                              {"state", session.state(*e)},
                                              {"points", p.best},
                                              {"max_points", e->max_points(false)}}
                           .dump());
  }
  return 0;
}

int print_status(const Session& session, const cli::Common& common) {
  std::int64_t points = 0, most = 0;
  std::size_t passing = 0;
  const auto all = session.course().exercises();
  for (const Exercise* e : all) {
    points += Progress(session.work()).of(*e).best;
    most += e->max_points(false);
    passing += session.state(*e) == "passing";
  }
  const Exercise& now = session.exercise();
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"current", now.id},
                                              {"passing", passing},
                                              {"exercises", all.size()},
                                              {"points", points},
                                              {"max_points", most}}
                           .dump());
    return 0;
  }
  fmt::print("{} of {} exercises pass, {} of {} points\n", passing, all.size(), points, most);
  fmt::print("{}\n{}\n",
             wrap(fmt::format("current: {} {} ({})", now.id, now.title, session.state(now)),
                  terminal_width(), 2),
             session.work().file(now));
  return 0;
}

cli::Command about_course(const char* name, const char* purpose, const char* example,
                          int (*action)(const Session&, const cli::Common&)) {
  return {name, purpose, example,
          [action](cli::Options& options, const cli::Common& common) -> std::function<int()> {
            auto s = std::make_shared<SessionOptions>();
            s->declare(options, false);
            return [s, &common, action] { return action(Session(*s), common); };
          }};
}

}  // namespace

cli::Command hint_command() {
  return about_exercise("hint", "The next hint; hints follow the last diagnosis.",
                        "./pupil hint 04a --dir build/work", next_hint);
}

cli::Command explain_command() {
  return about_exercise("explain", "The last result in full: worst elements, heat maps.",
                        "./pupil explain 04a --dir build/work", explanation);
}

cli::Command solution_command() {
  return about_exercise("solution", "The reference solution, once your file has passed.",
                        "./pupil solution --help", solution_text);
}

cli::Command diff_command() {
  return about_exercise("diff", "Your file beside the reference, once it has passed.",
                        "./pupil diff --help", solution_diff);
}

cli::Command reset_command() {
  return about_exercise("reset", "Puts the starter back; your file is kept for undo.",
                        "./pupil reset 04a --dir build/work",
                        [](const Session& session, const Exercise& exercise) {
                          session.work().reset(exercise);
                          return fmt::format("{} is as it began; `pupil undo {}` brings yours back",
                                             session.work().file(exercise), exercise.id);
                        });
}

cli::Command undo_command() {
  return about_exercise("undo", "Puts back the file that reset (or undo) replaced.",
                        "./pupil reset 04a --dir build/work && ./pupil undo 04a --dir build/work",
                        [](const Session& session, const Exercise& exercise) {
                          session.work().undo(exercise);
                          return session.work().file(exercise) + " is yours again";
                        });
}

cli::Command goto_command() {
  return about_exercise("goto", "Makes an exercise the current one.",
                        "./pupil goto 04a --dir build/work",
                        [](const Session& session, const Exercise& exercise) {
                          const StateLock lock(session.work(), "progress");
                          Progress progress(session.work());
                          progress.set_current(exercise.id);
                          progress.save();
                          return wrap(fmt::format("current: {} {}", exercise.id, exercise.title),
                                      terminal_width(), 2) +
                                 "\n" + session.work().file(exercise);
                        });
}

cli::Command list_command() {
  return about_course("list", "All exercises with their state and points.",
                      "./pupil list --dir build/work", print_list);
}

cli::Command status_command() {
  return about_course("status", "How far you are, and the current exercise.",
                      "./pupil status --dir build/work", print_status);
}

}  // namespace pupil::course
