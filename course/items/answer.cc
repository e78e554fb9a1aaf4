#include "course/items/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>

namespace pupil::course {
namespace {

using Kind = Item::Kind;

char letter(std::size_t i) { return char('a' + char(i)); }

std::vector<std::string> words_of(const std::string& typed) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : typed + " ") {
    if (c != ' ' && c != ',' && c != '\t' && c != '\r') {
      word += char(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

std::optional<double> number_in(const std::string& word) {
  double value = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data() + (word.starts_with('+') ? 1 : 0), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Positions of the options that were chosen; nothing when a word is no letter of an option.
std::optional<std::vector<std::size_t>> chosen_options(const std::string& typed,
                                                       std::size_t count) {
  std::vector<std::size_t> chosen;
  for (const std::string& word : words_of(typed)) {
    for (const char c : word) {  // "a c" and "ac"
      const auto at = std::size_t(c - 'a');
      if (c < 'a' || at >= count) return std::nullopt;
      if (std::count(chosen.begin(), chosen.end(), at) == 0) chosen.push_back(at);
    }
  }
  return chosen;
}

std::size_t lefts(const Item& item) {
  return std::size_t(std::count_if(item.pairs.begin(), item.pairs.end(),
                                   [](const Pair& p) { return !p.left.empty(); }));
}

// Left side -> shown position of the right side; nothing when "1b 2a" is not what was typed.
std::optional<std::map<std::size_t, std::size_t>> matches(const std::string& typed,
                                                          const Item& item) {
  std::map<std::size_t, std::size_t> found;
  for (const std::string& word : words_of(typed)) {
    if (word.size() != 2) return std::nullopt;
    const auto left = std::size_t(word[0] - '1'), right = std::size_t(word[1] - 'a');
    if (word[0] < '1' || left >= lefts(item) || word[1] < 'a' || right >= item.pairs.size()) {
      return std::nullopt;
    }
    if (!found.emplace(left, right).second) return std::nullopt;
  }
  return found;
}

struct Classified {
  std::string label, reason;
  double confidence = -1;
};

// "s", "s 80", "s 80 q", "s q", "?"
std::optional<Classified> classified(const std::string& typed, const Item& item) {
  Classified c;
  for (const std::string& word : words_of(typed)) {
    const auto is = [&](const auto& named) { return named.key == word; };
    const auto number = number_in(word);
    if (c.label.empty()) {
      if (word != "?" && std::none_of(item.labels.begin(), item.labels.end(), is))
        return std::nullopt;
      c.label = word;
    } else if (number && c.confidence < 0 && *number >= 50 && *number <= 100) {
      c.confidence = *number / 100;
    } else if (c.reason.empty() && std::any_of(item.reasons.begin(), item.reasons.end(), is)) {
      c.reason = word;
    } else {
      return std::nullopt;
    }
  }
  if (c.label.empty()) return std::nullopt;
  if (c.label == "?") c.confidence = -1;
  return c;
}

const Label& label_of(const Item& item, const std::string& key) {
  return *std::find_if(item.labels.begin(), item.labels.end(),
                       [&](const Label& l) { return l.key == key; });
}

std::string expected_form(const Item& item) {
  switch (item.kind) {
    case Kind::kSingle:
      return fmt::format("one letter, a to {}", letter(item.options.size() - 1));
    case Kind::kMultiple:
      return fmt::format("all letters that fit, a to {}, such as: a c",
                         letter(item.options.size() - 1));
    case Kind::kNumeric:
      return item.unit.empty() ? "a number" : "a number, in " + item.unit;
    case Kind::kMatch:
      return fmt::format("a letter for each of 1 to {}, such as: 1b 2a", lefts(item));
    case Kind::kClassify:
      break;
  }
  std::string form = "";
  for (const Label& l : item.labels) form += fmt::format("{} ({}), ", l.key, l.text);
  form += "or ? (unsure); behind it, if you like, how sure you are (50 to 100)";
  return form + (item.reasons.empty()
                     ? ""
                     : " and why, such as: " + item.labels[0].key + " 80 " + item.reasons[0].key);
}

std::string refutation(const Option& o, const LessonReport* report) {
  if (o.refuted_by.empty()) return "";
  std::string text = fmt::format(" Refuted by: {}", o.refuted_by);
  if (report) {
    for (const ReportValue& v : report->values) {
      if (v.what == o.refuted_by) return text + fmt::format(" = {}.", value_text(v.value));
    }
  }
  return text + ".";
}

Graded grade_options(const Shown& s, const std::string& typed) {
  const Item& item = *s.item;
  const auto chosen = *chosen_options(typed, item.options.size());
  Graded g;
  std::size_t fitting = 0;
  for (std::size_t at = 0; at < s.order.size(); ++at) {
    const Option& o = item.options[s.order[at]];
    const bool taken = std::count(chosen.begin(), chosen.end(), at) > 0;
    fitting += taken == o.right;
    if (taken && !o.right && g.key.empty()) g.key = o.misconception, g.sentence = o.why;
    if (!taken && o.right && g.sentence.empty()) g.sentence = o.why;
  }
  g.right = fitting == item.options.size();
  g.share =
      item.kind == Kind::kSingle ? double(g.right) : double(fitting) / double(item.options.size());
  if (g.right) g.sentence.clear();
  return g;
}

Graded grade_match(const Shown& s, const std::string& typed) {
  const Item& item = *s.item;
  Graded g;
  std::size_t right = 0;
  const auto chosen = *matches(typed, item);
  for (const auto& [left, at] : chosen) {
    const std::size_t taken = s.order[at];
    right += taken == left;
    if (taken != left && g.key.empty()) {
      g.key = fmt::format("{} taken for {}", item.pairs[taken].right, item.pairs[left].left);
      g.sentence = item.pairs[left].why;
    }
  }
  g.right = right == lefts(item);
  g.share = double(right) / double(lefts(item));
  return g;
}

Graded grade_classify(const Item& item, const std::string& typed) {
  const Classified c = *classified(typed, item);
  Graded g{.right = c.label == item.label, .share = double(c.label == item.label)};
  g.confidence = c.confidence;
  if (g.right) return g;
  g.key = c.label == "?" ? "unsure"
                         : fmt::format("{} taken for {}", label_of(item, item.label).model,
                                       label_of(item, c.label).model);
  g.sentence = item.why;
  return g;
}

std::vector<std::string> option_rationales(const Shown& s, const std::string& typed,
                                           const LessonReport* report) {
  const auto chosen = *chosen_options(typed, s.item->options.size());
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < s.order.size(); ++at) {
    const Option& o = s.item->options[s.order[at]];
    const bool taken = std::count(chosen.begin(), chosen.end(), at) > 0;
    lines.push_back(fmt::format("  {}) {} [{}{}]", letter(at), o.text, o.right ? "right" : "wrong",
                                taken ? ", yours" : ""));
    lines.push_back("     " + o.why);
    if (!o.right) {
      lines.push_back(
          fmt::format("     The belief behind it: {}.{}", o.misconception, refutation(o, report)));
    }
  }
  return lines;
}

std::vector<std::string> match_rationales(const Shown& s, const std::string& typed) {
  std::vector<std::string> lines;
  const auto chosen = *matches(typed, *s.item);
  for (std::size_t i = 0; i < s.item->pairs.size(); ++i) {
    const Pair& p = s.item->pairs[i];
    if (p.left.empty()) {
      lines.push_back(fmt::format("  belongs to none: {}", p.right));
    } else {
      const std::size_t taken = s.order[chosen.at(i)];
      lines.push_back(
          fmt::format("  {} {} -> {} [{}]", i + 1, p.left, p.right,
                      taken == i ? "right" : "wrong; yours: " + s.item->pairs[taken].right));
    }
    lines.push_back("     " + p.why);
  }
  return lines;
}

std::vector<std::string> classify_rationales(const Item& item, const std::string& typed) {
  const Classified c = *classified(typed, item);
  const std::string yours = c.label == "?" ? "unsure" : label_of(item, c.label).text;
  std::vector<std::string> lines = {
      fmt::format("  {}; you said: {} [{}]", label_of(item, item.label).text, yours,
                  c.label == item.label ? "right" : "wrong"),
      "     " + item.why};
  for (const Reason& r : item.reasons) {
    if (r.key != c.reason || c.label == "?") continue;
    lines.push_back(fmt::format("     Your reason, \"{}\", speaks for {}{}.", r.text,
                                label_of(item, r.label).text,
                                r.label == c.label ? "" : ", which is not what you chose"));
  }
  return lines;
}

}  // namespace

Shown shown(const Item& item, std::uint64_t seed) {
  const std::size_t count = item.kind == Kind::kMatch ? item.pairs.size() : item.options.size();
  return {&item, shuffled(count, seed, item.id)};
}

std::vector<std::string> question_lines(const Shown& s) {
  const Item& item = *s.item;
  std::vector<std::string> lines;
  std::istringstream question(item.question);
  for (std::string line; std::getline(question, line);) lines.push_back(line);
  if (item.kind == Kind::kMatch) {
    for (std::size_t i = 0; i < lefts(item); ++i) {
      lines.push_back(fmt::format("  {}  {}", i + 1, item.pairs[i].left));
    }
  }
  for (std::size_t at = 0; at < s.order.size(); ++at) {
    lines.push_back(fmt::format("  {}) {}", letter(at),
                                item.kind == Kind::kMatch ? item.pairs[s.order[at]].right
                                                          : item.options[s.order[at]].text));
  }
  for (const Reason& r : item.reasons) lines.push_back(fmt::format("  {}  {}", r.key, r.text));
  lines.push_back("Answer: " + expected_form(item) + ".");
  return lines;
}

std::string complaint(const Shown& s, const std::string& typed) {
  const Item& item = *s.item;
  const std::vector<std::string> words = words_of(typed);
  bool fits = false;
  switch (item.kind) {
    case Kind::kSingle:
    case Kind::kMultiple: {
      const auto chosen = chosen_options(typed, item.options.size());
      fits = chosen && !chosen->empty() && (item.kind == Kind::kMultiple || chosen->size() == 1);
      break;
    }
    case Kind::kNumeric:
      fits = words.size() == 1 && number_in(words[0]);
      break;
    case Kind::kMatch: {
      const auto found = matches(typed, item);
      fits = found && found->size() == lefts(item);
      break;
    }
    case Kind::kClassify:
      fits = classified(typed, item).has_value();
      break;
  }
  return fits ? "" : "Expected: " + expected_form(item) + ".";
}

Graded grade(const Shown& s, const std::string& typed) {
  const Item& item = *s.item;
  switch (item.kind) {
    case Kind::kMatch:
      return grade_match(s, typed);
    case Kind::kClassify:
      return grade_classify(item, typed);
    case Kind::kNumeric: {
      // A hair of slack, so that an answer at the very border counts.
      const double slack = 1e-12 * std::max(1.0, std::abs(item.answer));
      const bool right =
          std::abs(*number_in(words_of(typed)[0]) - item.answer) <= item.tolerance + slack;
      return {.right = right, .share = double(right), .sentence = right ? "" : item.why};
    }
    default:
      return grade_options(s, typed);
  }
}

std::vector<std::string> rationale_lines(const Shown& s, const std::string& typed,
                                         const LessonReport* report) {
  switch (s.item->kind) {
    case Kind::kMatch:
      return match_rationales(s, typed);
    case Kind::kClassify:
      return classify_rationales(*s.item, typed);
    case Kind::kNumeric:
      return {
          fmt::format("  {:g} (within {:g}) {}; yours: {} [{}]", s.item->answer, s.item->tolerance,
                      s.item->unit, typed, grade(s, typed).right ? "right" : "wrong"),
          "     " + s.item->why};
    default:
      return option_rationales(s, typed, report);
  }
}

}  // namespace pupil::course
