// The deck: the cards of all lessons, and the items that a student missed.
//
// .pupil/cards.json holds the schedule by the cards' permanent ids; texts stay in the lessons'
// files. Entries of cards that this course does not know are kept.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "course/items/item.h"
#include "course/items/schedule.h"
#include "course/work_folder.h"

namespace pupil::course {

struct Card {
  std::string id, lesson, front, back;
};

struct DueCard {
  Card card;
  CardState state;
  bool fresh = false;  ///< never asked before
};

/// cards.toml of every lesson that has one. Throws InputError with file and line.
std::vector<Card> read_cards(const Course& course);

/// Items of a finished set that were answered wrongly become cards of their own, due at once, and
/// those that were right this time go. Cards of classify would show a text once seen: there are
/// none.
void add_missed(const WorkFolder& folder, const ItemSet& set,
                const std::vector<std::string>& missed);

class Deck {
 public:
  Deck(const Course& course, const WorkFolder& folder);

  /// What is due on `today`: missed items first, then the longest overdue, then at most `fresh` new
  /// cards (those begun on the same day count) in the order of the course. `lesson` empty: all.
  std::vector<DueCard> due(std::int64_t today, std::int64_t fresh, const std::string& lesson) const;
  /// Enters a review and saves.
  void reviewed(const DueCard& card, CardGrade grade, std::int64_t today);
  const std::vector<Card>& cards() const { return cards_; }
  /// How many are due on `day` or before, new ones apart.
  std::int64_t due_by(std::int64_t day) const;

 private:
  const WorkFolder& folder_;
  std::vector<Card> cards_;
};

}  // namespace pupil::course
