#include "sft/microworld_tokenizer.h"

#include "microworld/vocabulary.h"

namespace pupil {

Tokenizer microworld_tokenizer() {
  std::vector<std::string> words, specials;
  for (std::int32_t id = 0; id < microworld::kVocabularySize; ++id) {
    words.emplace_back(microworld::word(id));
    if (id < microworld::kFirstFunctionWord) specials.push_back(words.back());
  }
  return Tokenizer::words(words, specials);
}

}  // namespace pupil
