// The saved state of a run: weights and optimizer moments exactly as they are in memory, and how
// far the run has come, in one safetensors file that is replaced atomically.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "nn/optimizer.h"
#include "sft/step.h"

namespace pupil {

/// The (weighted) mean loss over supervised tokens of an evaluation set.
struct Evaluation {
  double loss = 0;
  std::int64_t n_targets = 0;
};

/// The lowest loss of a run's evaluations, and the step after which it was measured.
struct Best {
  double loss = std::numeric_limits<double>::infinity();
  std::int64_t step = 0;
};

/// What a run knows besides its weights and moments.
struct RunProgress {
  std::int64_t steps = 0;                ///< done
  StepResult last;                       ///< of the last step
  std::optional<Evaluation> evaluation;  ///< the last one
  std::optional<Best> best;              ///< of the evaluations so far
  std::int64_t without_best = 0;         ///< evaluations since then, for early stopping
};

void save_state(const std::string& folder, const ParameterArena& arena, const AdamW& optimizer,
                const RunProgress& progress, const std::string& fingerprint);

/// Restores what save_state wrote and returns the progress; nothing when there is no state.
/// Throws InputError when the state belongs to other data, settings or another model.
std::optional<RunProgress> load_state(const std::string& folder, ParameterArena& arena,
                                      AdamW& optimizer, const std::string& fingerprint);

bool has_state(const std::string& folder);
/// How many steps the saved run has done; nothing without a state. Throws InputError for a file
/// that is none.
std::optional<std::int64_t> saved_step(const std::string& folder);
/// Forgets the state of an earlier run, when a new one begins in the same folder.
void remove_state(const std::string& folder);

}  // namespace pupil
