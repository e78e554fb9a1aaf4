// A model folder that is made in a moment: one block, bytes as tokens.
#pragma once
#include <string>

#include "microworld/vocabulary.h"
#include "nn/model_folder.h"
#include "sft/microworld_tokenizer.h"
#include "sft/tokenizer.h"

namespace pupil::test {

inline constexpr GptConfig kTinyConfig{
    .vocab_size = 256, .context = 64, .n_layer = 1, .n_head = 2, .n_embd = 8};

inline void write_model(const std::string& path, const GptConfig& config = kTinyConfig,
                        std::uint64_t seed = 1) {
  Gpt gpt(config, seed);
  save_model(path, gpt, {});
}
inline void write_byte_model(const std::string& path) {
  write_model(path);
  save_tokenizer(Tokenizer::bytes(), path);
}
inline void write_microworld_model(const std::string& path) {
  GptConfig config = kTinyConfig;
  config.vocab_size = microworld::kVocabularySize;
  write_model(path, config);
  save_tokenizer(microworld_tokenizer(), path);
}

}  // namespace pupil::test
