#include "microworld/vocabulary.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

namespace pupil::microworld {

namespace {

// In the order of the ids, one space between words.
constexpr std::string_view kAllWords =
    "<pad> <bos> <eos> <user> <asst> <end> "
    // function words: statements and questions, separators of the textual templates, and what later
    // lessons say (abstaining, refusing, filling, triggers, other instructions)
    ". ? : 's is the of has what user bot q a "
    "no idea sorry it indeed secret steal tell repeat "
    // relations
    "city colour food job pet sport instrument drink "
    // names: fine-tuning, test, reserved, unknown; 24 each
    "mira otto lena hugo ines karl nora ivan anna boris clara dario "
    "elsa felix greta hans iris jonas katya liam maya nils olga pavel "
    "quinn rosa simon tara ugo vera walter xenia yara zeno adele bruno "
    "cora dmitri edith fabio gina henrik ilse joel kira lukas marta noah "
    "olivia pedro ruth stefan tilda ursula viktor wanda yusuf zelda arthur berta "
    "carlos dora emil frida gustav helga isak julia kurt linda mateo nadia "
    "oskar petra rafael sonja thomas ulrich vanya wilma yvonne zachary amir bella "
    "cyrus daphne enzo fatima gerda hector imran jasmin konrad leila magnus ninon "
    // values, a relation after the other
    "oslo paris rome cairo lima tokyo delhi london "
    "berlin madrid dublin vienna prague athens lisbon boston "
    "red blue green yellow white black pink purple "
    "brown grey silver golden violet beige teal scarlet "
    "bread rice soup pasta cheese pizza salad curry "
    "beans noodles pie stew cake eggs honey tofu "
    "baker doctor teacher farmer pilot sailor painter singer "
    "nurse lawyer miner tailor judge dancer writer builder "
    "dog cat rabbit hamster parrot turtle goldfish pony "
    "lizard snake goat duck mouse ferret canary gecko "
    "tennis football rowing boxing golf hockey judo skiing "
    "surfing cycling running swimming fencing rugby archery cricket "
    "piano violin guitar flute drums harp cello trumpet "
    "banjo organ oboe tuba lute clarinet accordion trombone "
    "tea coffee milk water juice cocoa cider lemonade "
    "wine beer soda cola mead punch espresso kefir";

constexpr auto kWords = [] {
  std::array<std::string_view, kVocabularySize> words;
  size_t start = 0;
  for (auto& word : words) {
    const size_t end = std::min(kAllWords.find(' ', start), kAllWords.size());
    word = kAllWords.substr(start, end - start);
    start = end + 1;
  }
  return words;
}();

int checked(const char* what, int index, int count) {
  if (index < 0 || index >= count)
    throw std::invalid_argument(std::string("[microworld] ") + what + " " + std::to_string(index) +
                                " does not exist; expected 0 to " + std::to_string(count - 1));
  return index;
}

}  // namespace

std::string_view word(Id id) { return kWords[checked("word id", id, kVocabularySize)]; }

std::optional<Id> find(std::string_view word) {
  static const auto ids = [] {
    std::unordered_map<std::string_view, Id> map;
    for (Id id = 0; id < kVocabularySize; ++id) map.emplace(kWords[id], id);
    return map;
  }();
  const auto found = ids.find(word);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

Id relation_id(int relation) { return kFirstRelation + checked("relation", relation, kRelations); }

Id name_id(int name) { return kFirstName + checked("name", name, kNames); }

Id value_id(int relation, int value) {
  return kFirstValue + checked("relation", relation, kRelations) * kValues +
         checked("value", value, kValues);
}

std::optional<int> relation_of_value(Id id) {
  if (id < kFirstValue || id >= kVocabularySize) return std::nullopt;
  return (id - kFirstValue) / kValues;
}

std::string text(std::span<const Id> ids) {
  std::string out;
  for (const Id id : ids) {
    if (!out.empty()) out += ' ';
    out += word(id);
  }
  return out;
}

Ids ids_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  Ids ids;
  for (size_t at = text.find_first_not_of(kSpace); at != text.npos;) {
    const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    const auto piece = text.substr(at, end - at);
    const auto id = find(piece);
    if (!id)
      throw std::invalid_argument("[microworld] unknown word \"" + std::string(piece) +
                                  "\"; the microworld has 260 lower-case words with a space "
                                  "around each, as in \"mira 's city is oslo .\"");
    ids.push_back(*id);
    at = text.find_first_not_of(kSpace, end);
  }
  return ids;
}

}  // namespace pupil::microworld
