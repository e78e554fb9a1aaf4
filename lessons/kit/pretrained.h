// Base models of the microworld that lessons start from: trained at first use, then taken from a
// cache by hash.
//
// The hash covers everything that decides the weights: world, model, steps, rows, learning rate,
// the format of this file, and the processor's instruction set and BLAS core type (their roundings
// differ). The cache is $PUPIL_CACHE, else $XDG_CACHE_HOME/pupil, else ~/.cache/pupil. Training
// runs at low priority within the command that needs it; interrupted, it goes on from its last
// save.
#pragma once
#include <cstdint>
#include <string>

#include "lessons/kit/lesson.h"
#include "nn/gpt.h"

namespace pupil {

struct Pretraining {
  std::uint64_t seed = 0;     ///< of the world, the weights and the documents
  std::int64_t steps = 2400;  ///< of 32 documents; 2400 is the full dose
};

/// The rows of <user>, <asst> and <end> in the token embedding, which pretraining never meets: new
/// ones, or as the softmax left them, all pushed into one direction.
enum class ChatRows { kFresh, kPushed };

/// A base model on disk: it continues text.
struct BaseModel {
  std::string path;  ///< a model folder
  std::uint64_t seed = 0;
  bool cached = true;  ///< it was there; false: trained in this run
  /// As often as there are experiments that begin with it.
  Gpt load(ChatRows rows = ChatRows::kFresh) const;
};

/// The base of this dose. Tells `lesson` whether numbers from here on come from a cached model.
BaseModel pretrained(Lesson& lesson, const Pretraining& dose);

}  // namespace pupil
