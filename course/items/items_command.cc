// quiz, match, classify: one command in three forms.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/progress.h"
#include "course/commands.h"
#include "course/items/item_runner.h"
#include "course/session.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  SessionOptions session;
  std::string lesson;
  bool again = false, skill = false;
};

// The four questions of substance; a set of its own, with its own progress.
ItemSet skill_check(ItemSet set) {
  std::erase_if(set.items, [](const Item& item) { return !item.skill; });
  if (set.items.empty())
    throw UsageError("this lesson has no skill check; take the quiz without --skill");
  set.name += "-skill";
  set.title += ", skill check";
  return set;
}

using Form = ItemSet (*)(const Session&, const Lesson&, const Settings&, ItemRun&,
                         std::optional<LessonReport>&, const cli::Common&);

ItemSet quiz_form(const Session& session, const Lesson& lesson, const Settings& s, ItemRun& run,
                  std::optional<LessonReport>& report, const cli::Common&) {
  report = kept_report(lesson);
  if (report) run.report = &*report;
  const ItemSet set = read_quiz(session.course(), lesson);
  return s.skill ? skill_check(set) : set;
}

ItemSet match_form(const Session& session, const Lesson& lesson, const Settings&, ItemRun&,
                   std::optional<LessonReport>&, const cli::Common&) {
  return read_match(session.course(), lesson);
}

ItemSet classify_form(const Session& session, const Lesson& lesson, const Settings&, ItemRun& run,
                      std::optional<LessonReport>& report, const cli::Common& common) {
  if (!file_exists(lesson.folder + "/classify.toml")) {
    throw UsageError(fmt::format("lesson {} has no classify", lesson.id));
  }
  report = report_of(lesson, [&](const std::string& line) { cli::log_line(common, line); });
  const ItemSet any = read_classify(session.course(), lesson, *report, 0);
  return read_classify(session.course(), lesson, *report, attempt_seed(session.work(), any, run));
}

int run_form(Form form, const Settings& s, const cli::Common& common) {
  const Session session(s.session);
  const Lesson& lesson = session.course().lesson(s.lesson);
  ItemRun run{.seed = std::uint64_t(common.seed), .again = s.again};
  std::optional<LessonReport> report;
  const ItemSet set = form(session, lesson, s, run, report, common);
  Console console = standard_console();
  const Results results = run_items(session.course(), session.work(), set, run, console);
  std::cout << std::flush;
  if (common.json) fmt::print("{}\n", to_json(results));
  return results.status == Status::kPass ? 0 : 1;
}

cli::Command form_command(const char* name, const char* purpose, const char* example, Form form,
                          bool with_skill) {
  return {
      name, purpose, example,
      [form, with_skill](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options.text("LESSON", s->lesson, "number of a lesson", "NN").required();
        s->session.declare(options, false);
        options.flag("--again", s->again, "begins anew, in another order");
        if (with_skill) {
          options.flag("--skill", s->skill, "only the skill check: four questions of substance");
        }
        return [s, form, &common] { return run_form(form, *s, common); };
      }};
}

}  // namespace

cli::Command quiz_command() {
  return form_command(
      "quiz",
      "Questions about a lesson (NN). All reasons stand at the end; what was missed comes "
      "back in `pupil cards`. Ends with 1 unless all are right.",
      "printf 'a\\n' | ./pupil quiz 04 --dir build/work || true", quiz_form, true);
}

cli::Command match_command() {
  return form_command(
      "match", "Terms of a lesson (NN) and what belongs to them. Ends with 1 unless all are right.",
      "printf '1a 2b 3c 4d\\n' | ./pupil match 09 --dir build/work || true", match_form, false);
}

cli::Command classify_command() {
  return form_command(
      "classify",
      "Texts that this lesson's models wrote: which of them was it? Scores how often you "
      "are right and how well you know it. Ends with 1 unless all are right.",
      "./pupil classify --help", classify_form, false);
}

}  // namespace pupil::course
