// cards: what is due today, asked until it is known.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "course/book/plain_math.h"
#include "course/commands.h"
#include "course/items/console.h"
#include "course/items/deck.h"
#include "course/session.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

struct Settings {
  SessionOptions session;
  std::string lesson, on, export_to;
  std::int64_t fresh = 5;
};

// Days from 1970-01-01 of "2026-03-01", or of today by the clock on the wall.
std::int64_t day_of(const std::string& text) {
  using namespace std::chrono;
  int year = 0, month = 0, day = 0;
  if (text.empty()) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    year = local.tm_year + 1900, month = local.tm_mon + 1, day = local.tm_mday;
  } else {
    char rest = 0;
    if (text.size() != 10 ||
        std::sscanf(text.c_str(), "%4d-%2d-%2d%c", &year, &month, &day, &rest) != 3) {
      throw UsageError(fmt::format("--on {}: expected a day such as 2026-03-01", text));
    }
  }
  const year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                            std::chrono::day(unsigned(day))};
  if (!date.ok()) throw UsageError(fmt::format("--on {}: there is no such day", text));
  return sys_days(date).time_since_epoch().count();
}

// Anki's form: front, back and tags between tabs, one card a line.
int export_cards(const Deck& deck, const std::string& path) {
  const auto field = [](const std::string& text) {
    std::string out;
    for (const char c : text)
      out += c == '\n' ? std::string("<br>") : std::string(1, c == '\t' ? ' ' : c);
    return out;
  };
  std::string lines;
  for (const Card& c : deck.cards()) {
    lines += fmt::format("{}\t{}\tlesson_{}\n", field(c.front), field(c.back), c.lesson);
  }
  write_file(path, lines);
  fmt::print("{} cards in {}\n", deck.cards().size(), path);
  return 0;
}

// Lines of a card, each wrapped on its own.
void say_lines(Console& console, const std::string& text, const std::string& indent) {
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    console.say(indent + text.substr(begin, end - begin));
    begin = end + 1;
  }
}

// 1 to 4; nothing at the end of the input.
std::optional<CardGrade> ask_grade(Console& console) {
  while (true) {
    const auto typed = console.ask("1 again  2 hard  3 good  4 easy > ");
    if (!typed) return std::nullopt;
    if (typed->size() == 1 && (*typed)[0] >= '1' && (*typed)[0] <= '4')
      return CardGrade((*typed)[0] - '0');
    console.say("Expected: 1, 2, 3 or 4.");
  }
}

int review_cards(const Settings& s, const cli::Common& common) {
  const Session session(s.session);
  const std::string lesson = s.lesson.empty() ? "" : session.course().lesson(s.lesson).id;
  Deck deck(session.course(), session.work());
  if (!s.export_to.empty()) return export_cards(deck, s.export_to);
  const std::int64_t today = day_of(s.on);
  const std::vector<DueCard> due = deck.due(today, s.fresh, lesson);
  if (common.json) {
    for (const DueCard& d : due) {
      fmt::print("{}\n", nlohmann::ordered_json{{"card", d.card.id},
                                                {"lesson", d.card.lesson},
                                                {"new", d.fresh},
                                                {"due", d.state.due}}
                             .dump());
    }
    return 0;
  }
  Console console = standard_console();
  std::deque<DueCard> queue(due.begin(), due.end());
  std::size_t known = 0;
  while (!queue.empty()) {
    const DueCard now = queue.front();
    queue.pop_front();
    const bool missed = now.card.id.starts_with("missed:");
    console.say("");
    console.say(fmt::format("{} to go, lesson {}{}", queue.size() + 1, now.card.lesson,
                            missed      ? ", a question you missed"
                            : now.fresh ? ", new"
                                        : ""));
    say_lines(console, now.card.front, "");
    if (!console.ask("(Enter shows the answer) ")) break;
    say_lines(console, now.card.back, "  ");
    const auto grade = ask_grade(console);
    if (!grade) break;
    deck.reviewed(now, *grade, today);
    if (*grade == CardGrade::kAgain) {
      queue.push_back(now);
    } else {
      ++known;
    }
  }
  console.say("");
  console.say(fmt::format("{} of {} done; tomorrow {} are due.", known, due.size(),
                          deck.due_by(today + 1)));
  return 0;
}

}  // namespace

cli::Command cards_command() {
  return {
      "cards",
      "Cards of all lessons and the questions you missed, spaced by how well you know them (SM-2); "
      "every grade is kept at once.",
      "printf '\\n3\\n' | ./pupil cards --dir build/work",
      [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        s->session.declare(options, false);
        options.integer("--new", s->fresh, "new cards a day")
            .at_least(0)
            .at_most(1000)
            .text("--lesson", s->lesson, "only cards of this lesson", "NN")
            .text("--on", s->on, "reviews as of this day (default: today)", "YYYY-MM-DD")
            .text("--export", s->export_to, "writes all cards for Anki (tabs) and ends", "FILE");
        return [s, &common] { return review_cards(*s, common); };
      }};
}

}  // namespace pupil::course
