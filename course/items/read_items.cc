// Quiz, match and classify from their files.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "course/items/item.h"
#include "course/toml.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Kind = Item::Kind;

ItemSet item_set(const Lesson& lesson, const char* form, const std::string& path) {
  if (!file_exists(path)) throw UsageError(fmt::format("lesson {} has no {}", lesson.id, form));
  return {fmt::format("{}-{}", lesson.id, form), lesson.title, sha256_of_file(path), {}};
}

std::string objective_of(const Course& course, const TomlTable& table) {
  const std::string id = table.text("objective");
  for (const Objective& o : course.objectives) {
    if (o.id == id) return id;
  }
  table.fail("objective", fmt::format("is \"{}\", which lessons/course.toml does not list", id));
}

void add_item(ItemSet& set, const TomlTable& table, const Lesson& lesson, Item item) {
  if (!item.id.starts_with(lesson.id + "-")) {
    table.fail("id", fmt::format("must begin with {}-", lesson.id));
  }
  for (const Item& other : set.items) {
    if (other.id == item.id) table.fail("id", "stands here twice");
  }
  set.items.push_back(std::move(item));
}

Option read_option(const TomlTable& table) {
  table.expect_keys({"text", "right", "why", "misconception", "refuted_by"});
  Option o{table.text("text"), table.text("why"), table.flag_or("right", false)};
  o.misconception = table.text_or("misconception", "");
  o.refuted_by = table.text_or("refuted_by", "");
  if (!o.right && o.misconception.empty()) {
    table.fail("misconception", "is missing: say what someone believes who takes this option");
  }
  return o;
}

Item read_question(const Course& course, const TomlTable& table) {
  table.expect_keys({"id", "kind", "objective", "skill", "question", "option", "answer",
                     "tolerance", "unit", "why"});
  Item item{.id = table.text("id"),
            .objective = objective_of(course, table),
            .question = table.text("question")};
  item.skill = table.flag_or("skill", false);
  const std::string kind = table.text("kind");
  if (kind == "numeric") {
    item.kind = Kind::kNumeric;
    item.answer = table.number("answer");
    item.tolerance = table.number("tolerance");
    item.unit = table.text_or("unit", "");
    item.why = table.text("why");
    if (item.tolerance < 0) table.fail("tolerance", "must not be negative");
    return item;
  }
  if (kind != "single" && kind != "multiple") {
    table.fail("kind", "must be \"single\", \"multiple\" or \"numeric\"");
  }
  item.kind = kind == "single" ? Kind::kSingle : Kind::kMultiple;
  for (const TomlTable& option : table.tables("option"))
    item.options.push_back(read_option(option));
  const auto right = std::count_if(item.options.begin(), item.options.end(),
                                   [](const Option& o) { return o.right; });
  if (item.options.size() < 2 || item.options.size() > 9)
    table.fail("option", "must stand 2 to 9 times");
  if (right == 0 || (item.kind == Kind::kSingle && right != 1)) {
    table.fail("option",
               fmt::format("{} of them are right; a single item has one, a multiple item one or "
                           "more",
                           right));
  }
  return item;
}

// A report's samples of one model, in an order of this seed.
std::vector<const ReportSample*> drawn(const LessonReport& report, const std::string& model,
                                       std::uint64_t seed) {
  std::vector<const ReportSample*> found, drawn;
  std::set<std::string> seen;
  for (const ReportSample& s : report.samples) {
    if (s.model == model && seen.insert(s.prompt + s.text).second) found.push_back(&s);
  }
  for (const std::size_t i : shuffled(found.size(), seed, model)) drawn.push_back(found[i]);
  return drawn;
}

Item classify_item(const ItemSet& set, const TomlTable& head, const std::vector<Label>& labels,
                   const std::vector<Reason>& reasons, const std::string& objective) {
  Item item{.kind = Kind::kClassify,
            .id = fmt::format("{}-{}", set.name, set.items.size() + 1),
            .objective = objective,
            .question = head.text("question")};
  item.labels = labels;
  item.reasons = reasons;
  return item;
}

}  // namespace

ItemSet read_quiz(const Course& course, const Lesson& lesson) {
  const std::string path = lesson.folder + "/quiz.toml";
  ItemSet set = item_set(lesson, "quiz", path);
  const TomlTable file = TomlTable::read(path);
  file.expect_keys({"item"});
  for (const TomlTable& table : file.tables("item")) {
    add_item(set, table, lesson, read_question(course, table));
  }
  if (set.items.empty()) file.fail("item", "must stand at least once");
  return set;
}

ItemSet read_match(const Course& course, const Lesson& lesson) {
  const std::string path = lesson.folder + "/match.toml";
  ItemSet set = item_set(lesson, "match", path);
  const TomlTable file = TomlTable::read(path);
  file.expect_keys({"item"});
  for (const TomlTable& table : file.tables("item")) {
    table.expect_keys({"id", "objective", "question", "pair"});
    Item item{.kind = Kind::kMatch,
              .id = table.text("id"),
              .objective = objective_of(course, table),
              .question = table.text("question")};
    std::set<std::string> rights;
    for (const TomlTable& pair : table.tables("pair")) {
      pair.expect_keys({"left", "right", "why"});
      item.pairs.push_back({pair.text_or("left", ""), pair.text("right"), pair.text("why")});
      if (!rights.insert(item.pairs.back().right).second) pair.fail("right", "stands here twice");
    }
    // Those without a left side behind the others, so that the lefts are numbered 1, 2, ...
    std::stable_partition(item.pairs.begin(), item.pairs.end(),
                          [](const Pair& p) { return !p.left.empty(); });
    if (item.pairs.size() < 3 || item.pairs.size() > 9)
      table.fail("pair", "must stand 3 to 9 times");
    add_item(set, table, lesson, std::move(item));
  }
  if (set.items.empty()) file.fail("item", "must stand at least once");
  return set;
}

ItemSet read_classify(const Course& course, const Lesson& lesson, const LessonReport& report,
                      std::uint64_t seed) {
  const std::string path = lesson.folder + "/classify.toml";
  ItemSet set = item_set(lesson, "classify", path);
  set.sha256 = sha256(set.sha256 + report.path);  // other texts are other items
  const TomlTable file = TomlTable::read(path);
  file.expect_keys({"question", "objective", "count", "label", "reason", "item"});
  std::vector<Label> labels;
  std::vector<Reason> reasons;
  const auto expect_label = [&](const TomlTable& table) {
    const std::string key = table.text("label");
    for (const Label& l : labels) {
      if (l.key == key) return key;
    }
    table.fail("label", fmt::format("is \"{}\"; no [[label]] has this key", key));
  };
  for (const TomlTable& table : file.tables("label")) {
    table.expect_keys({"key", "model", "text", "why"});
    labels.push_back(
        {table.text("key"), table.text("model"), table.text("text"), table.text("why")});
    if (labels.back().key.size() != 1 || labels.back().key == "?")
      table.fail("key", "must be one letter");
  }
  if (labels.size() < 2) file.fail("label", "must stand at least twice");
  for (const TomlTable& table : file.tables("reason")) {
    table.expect_keys({"key", "text", "label"});
    reasons.push_back({table.text("key"), table.text("text"), expect_label(table)});
  }
  const std::string objective = objective_of(course, file);
  const std::int64_t each = file.integer("count") / std::int64_t(labels.size());
  if (each < 1 || each > 50) file.fail("count", "must be 1 to 50 for each label");
  for (const Label& label : labels) {
    const auto samples = drawn(report, label.model, seed);
    if (std::int64_t(samples.size()) < each) {
      file.fail("count",
                fmt::format("asks for {} different texts of {}; the lesson's program wrote {}",
                            each, label.model, samples.size()));
    }
    for (std::int64_t i = 0; i < each; ++i) {
      const ReportSample& s = *samples[std::size_t(i)];
      Item item = classify_item(set, file, labels, reasons, objective);
      item.question += fmt::format("\n{}\n-> {}", s.prompt, s.text);
      item.label = label.key;
      item.why = label.why + (s.evidence.empty() ? "" : " Evidence: " + s.evidence + ".");
      set.items.push_back(std::move(item));
    }
  }
  for (const TomlTable& table : file.tables("item")) {
    table.expect_keys({"id", "text", "label", "why"});
    Item item = classify_item(set, file, labels, reasons, objective);
    item.id = table.text("id");
    item.question += "\n" + table.text("text");
    item.label = expect_label(table);
    item.why = table.text("why");
    add_item(set, table, lesson, std::move(item));
  }
  std::vector<Item> mixed;
  for (const std::size_t i : shuffled(set.items.size(), seed, set.name))
    mixed.push_back(set.items[i]);
  set.items = std::move(mixed);
  return set;
}

// Fisher and Yates; the remainder's bias is below 2^-59 here.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed, const std::string& name) {
  std::uint64_t mixed = seed;
  for (const char c : name) mixed = mixed * 1099511628211u + static_cast<unsigned char>(c);
  std::mt19937_64 random(mixed);
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

}  // namespace pupil::course
