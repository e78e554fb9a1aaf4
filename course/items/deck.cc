#include "course/items/deck.h"

#include <fmt/format.h>

#include <algorithm>

#include "course/toml.h"
#include "nn/file.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

std::string deck_path(const WorkFolder& folder) { return folder.state_folder() + "/cards.json"; }

bool usable(const Json& json) {
  return json.is_object() && json.value("version", 0) == kVersion && json.contains("cards") &&
         json["cards"].is_object() && json.contains("missed") && json["missed"].is_object();
}

// The deck, or what it was before, where a full disk or a kill damaged it.
Json read_deck(const WorkFolder& folder) {
  for (const std::string& path : {deck_path(folder), deck_path(folder) + ".bak"}) {
    if (!file_exists(path)) continue;
    try {
      Json json = read_json_file<Json>(path);
      if (usable(json)) return json;
    } catch (const InputError&) {  // the other one
    }
  }
  return {{"version", kVersion}, {"cards", Json::object()}, {"missed", Json::object()}};
}

void write_deck(const WorkFolder& folder, const Json& json) {
  const std::string path = deck_path(folder);
  make_folder(folder.state_folder());
  if (file_exists(path)) write_file(path + ".bak", read_file(path));
  write_file(path, json.dump(1) + "\n");
}

CardState state_of(const Json& entry) {
  CardState s;
  s.ease = entry.value("ease", s.ease);
  s.interval = entry.value("interval", s.interval);
  s.repetitions = entry.value("repetitions", s.repetitions);
  s.lapses = entry.value("lapses", s.lapses);
  s.due = entry.value("due", s.due);
  return s;
}

std::string card_id(const std::string& item) { return "missed:" + item; }

// Front and back of a missed item, from its text as it is today.
Card card_of(const Item& item, const std::string& lesson) {
  Card card{card_id(item.id), lesson, item.question, ""};
  const auto add = [&](const std::string& line) {
    card.back += (card.back.empty() ? "" : "\n") + line;
  };
  if (item.kind == Item::Kind::kNumeric) {
    add(fmt::format("{:g} {}", item.answer, item.unit));
    add(item.why);
  }
  for (const Option& o : item.options) {
    if (o.right) add(o.text + "\n" + o.why);
  }
  for (const Pair& p : item.pairs) {
    if (!p.left.empty()) add(p.left + " -> " + p.right);
  }
  return card;
}

}  // namespace

std::vector<Card> read_cards(const Course& course) {
  std::vector<Card> cards;
  for (const Lesson& lesson : course.lessons) {
    const std::string path = lesson.folder + "/cards.toml";
    if (!file_exists(path)) continue;
    const TomlTable file = TomlTable::read(path);
    file.expect_keys({"card"});
    for (const TomlTable& table : file.tables("card")) {
      table.expect_keys({"id", "front", "back"});
      const Card card{table.text("id"), lesson.id, table.text("front"), table.text("back")};
      for (const Card& other : cards) {
        if (other.id == card.id) table.fail("id", "belongs to another card, too");
      }
      if (!card.id.starts_with(lesson.id + "-")) {
        table.fail("id", fmt::format("must begin with {}-", lesson.id));
      }
      cards.push_back(card);
    }
  }
  return cards;
}

void add_missed(const WorkFolder& folder, const ItemSet& set,
                const std::vector<std::string>& missed) {
  const StateLock lock(folder, "cards");
  Json json = read_deck(folder);
  for (const Item& item : set.items) {
    if (item.kind == Item::Kind::kClassify) continue;
    const bool again = std::count(missed.begin(), missed.end(), item.id) > 0;
    json["missed"].erase(item.id);
    if (again) {
      json["missed"][item.id] = true;
      json["cards"].erase(card_id(item.id));  // due at once
    }
  }
  write_deck(folder, json);
}

Deck::Deck(const Course& course, const WorkFolder& folder)
    : folder_(folder), cards_(read_cards(course)) {
  const Json json = read_deck(folder);
  for (const Lesson& lesson : course.lessons) {
    std::vector<ItemSet> sets;
    if (file_exists(lesson.folder + "/quiz.toml")) sets.push_back(read_quiz(course, lesson));
    if (file_exists(lesson.folder + "/match.toml")) sets.push_back(read_match(course, lesson));
    for (const ItemSet& set : sets) {
      for (const Item& item : set.items) {
        if (json["missed"].contains(item.id)) cards_.push_back(card_of(item, lesson.id));
      }
    }
  }
}

std::vector<DueCard> Deck::due(std::int64_t today, std::int64_t fresh,
                               const std::string& lesson) const {
  const Json json = read_deck(folder_);
  std::vector<DueCard> missed, old, unseen;
  for (const Card& card : cards_) {
    const bool known = json["cards"].contains(card.id);
    if (known && json["cards"][card.id].value("first_day", std::int64_t(0)) == today &&
        !card.id.starts_with("missed:")) {
      fresh = std::max<std::int64_t>(0, fresh - 1);
    }
    if (!lesson.empty() && card.lesson != lesson) continue;
    const CardState state = known ? state_of(json["cards"][card.id]) : CardState{};
    if (known && state.due > today) continue;
    (card.id.starts_with("missed:") ? missed
     : known                        ? old
                                    : unseen)
        .push_back({card, state, !known});
  }
  std::stable_sort(old.begin(), old.end(),
                   [](const DueCard& a, const DueCard& b) { return a.state.due < b.state.due; });
  unseen.resize(std::min(unseen.size(), std::size_t(fresh)));
  missed.insert(missed.end(), old.begin(), old.end());
  missed.insert(missed.end(), unseen.begin(), unseen.end());
  return missed;
}

void Deck::reviewed(const DueCard& card, CardGrade grade, std::int64_t today) {
  const StateLock lock(folder_, "cards");
  Json json = read_deck(folder_);
  Json& entry = json["cards"][card.card.id];
  if (!entry.is_object()) entry = {{"first_day", today}};
  const CardState s = review(state_of(entry), grade, today);
  entry["ease"] = s.ease;
  entry["interval"] = s.interval;
  entry["repetitions"] = s.repetitions;
  entry["lapses"] = s.lapses;
  entry["due"] = s.due;
  write_deck(folder_, json);
}

std::int64_t Deck::due_by(std::int64_t day) const {
  const Json json = read_deck(folder_);
  return std::count_if(cards_.begin(), cards_.end(), [&](const Card& card) {
    return json["cards"].contains(card.id) && state_of(json["cards"][card.id]).due <= day;
  });
}

}  // namespace pupil::course
