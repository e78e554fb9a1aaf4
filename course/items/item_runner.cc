#include "course/items/item_runner.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "course/items/deck.h"
#include "course/items/item_state.h"
#include "nn/file.h"

namespace pupil::course {
namespace {

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

// A finished or changed set begins anew, as its next attempt.
ItemState state_for(const WorkFolder& folder, const ItemSet& set, bool again) {
  ItemState state = read_item_state(folder, set.name);
  const bool first = state.sha256.empty();
  if (!first && (again || state.finished || state.sha256 != set.sha256)) {
    state = {.attempt = state.attempt + 1};
  }
  state.sha256 = set.sha256;
  return state;
}

std::uint64_t seed_of(const ItemRun& run, std::int64_t attempt) {
  return run.seed * 1000003 + std::uint64_t(attempt);
}

CheckResult check_of(const Shown& shown, const std::string* typed) {
  const Item& item = *shown.item;
  CheckResult c;
  c.name = item.id;
  c.status = Status::kNotDone;
  c.max_points = 1;
  c.described = fmt::format("objective {}{}", item.objective, item.skill ? ", skill check" : "");
  if (!typed) return c;
  const Graded graded = grade(shown, *typed);
  c.status = graded.right ? Status::kPass : Status::kFail;
  c.points = graded.right;
  if (!graded.right) {
    c.text = fmt::format("answered: {} ({:.0f} % of it right)", *typed, 100 * graded.share);
  }
  if (!graded.key.empty()) c.diagnosis.push_back({graded.key, "exact", graded.sentence});
  return c;
}

// How sure, beside how often right (Brier 1950: mean squared distance of the confidence from 0 or
// 1).
void say_calibration(const std::vector<Graded>& graded, Console& console) {
  double confidence = 0, right = 0, brier = 0;
  int n = 0;
  for (const Graded& g : graded) {
    if (g.confidence < 0) continue;
    ++n;
    confidence += g.confidence;
    right += g.right;
    brier += (g.confidence - double(g.right)) * (g.confidence - double(g.right));
  }
  if (n == 0) return;
  confidence /= n, right /= n, brier /= n;
  const double gap = confidence - right;
  console.say(
      fmt::format("Where you said how sure you were ({} of {}): {:.0f} % sure on average, {:.0f} % "
                  "right{}. Brier score {:.2f} (0 is best, 0.25 is what 50 % everywhere gives).",
                  n, graded.size(), 100 * confidence, 100 * right,
                  std::abs(gap) < 0.1 ? ""
                  : gap > 0           ? ": too sure"
                                      : ": surer than you think",
                  brier));
}

}  // namespace

std::uint64_t attempt_seed(const WorkFolder& folder, const ItemSet& set, const ItemRun& run) {
  return seed_of(run, state_for(folder, set, run.again).attempt);
}

Results run_items(const Course& course, const WorkFolder& folder, const ItemSet& set,
                  const ItemRun& run, Console& console) {
  const StateLock lock(folder, set.name);
  ItemState state = state_for(folder, set, run.again);
  const std::uint64_t seed = seed_of(run, state.attempt);
  std::vector<Shown> all;
  for (const Item& item : set.items) all.push_back(shown(item, seed));

  console.say(fmt::format("{}: {} questions. End of input (Ctrl-D) stops; the answers are kept.",
                          set.title, set.items.size()));
  bool stopped = false;
  for (std::size_t i = 0; i < all.size() && !stopped; ++i) {
    const std::string& id = all[i].item->id;
    const auto before = state.answers.find(id);
    if (before != state.answers.end() && complaint(all[i], before->second).empty()) continue;
    console.say("");
    console.say(fmt::format("Question {} of {}", i + 1, all.size()));
    for (const std::string& line : question_lines(all[i])) console.say(line);
    while (true) {
      const auto typed = console.ask("> ");
      stopped = !typed;
      if (stopped) break;
      const std::string wrong = complaint(all[i], *typed);
      if (wrong.empty()) {
        state.answers[id] = *typed;
        write_item_state(folder, set.name, state);
        break;
      }
      console.say(wrong);
    }
  }

  Results results;
  results.course = course.label();
  results.exercise = set.name;
  results.source_sha256 = set.sha256;
  results.started = now_text();
  std::vector<Graded> graded;
  std::vector<std::string> missed;
  for (const Shown& s : all) {
    const auto answer = state.answers.find(s.item->id);
    const bool answered = answer != state.answers.end();
    results.checks.push_back(check_of(s, answered ? &answer->second : nullptr));
    results.max_points += results.checks.back().max_points;
    if (!answered) continue;
    graded.push_back(grade(s, answer->second));
    if (!graded.back().right) missed.push_back(s.item->id);
  }
  results.sum_up(false);
  if (!stopped) {
    state.finished = true;
    console.say("");
    console.say("All questions with all reasons");
    for (std::size_t i = 0; i < all.size(); ++i) {
      console.say("");
      console.say(fmt::format("{}  {}", i + 1, all[i].item->question));
      const std::string& typed = state.answers[all[i].item->id];
      for (const std::string& line : rationale_lines(all[i], typed, run.report)) console.say(line);
    }
    console.say("");
    console.say(fmt::format("Score: {} of {}", results.points, results.max_points));
    say_calibration(graded, console);
    add_missed(folder, set, missed);
    if (!missed.empty() && set.items[0].kind != Item::Kind::kClassify) {
      console.say("What you missed comes back: ./pupil cards");
    }
  } else {
    console.say(
        fmt::format("{} of {} answered; the same command goes on.", graded.size(), all.size()));
  }
  write_item_state(folder, set.name, state);
  make_folder(folder.state_folder() + "/results");
  write_file(folder.state_folder() + "/results/" + set.name + ".json", to_json(results));
  return results;
}

}  // namespace pupil::course
