// The saved state of a run: weights, optimizer moments and the number of steps done, exactly as
// they are in memory, in one safetensors file that is replaced atomically.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "nn/optimizer.h"

namespace pupil {

void save_state(const std::string& folder, const ParameterArena& arena, const AdamW& optimizer,
                const std::string& fingerprint);

/// Restores what save_state wrote and returns the steps done; nothing when there is no state.
/// Throws InputError when the state belongs to other data, settings or another model.
std::optional<std::int64_t> load_state(const std::string& folder, ParameterArena& arena,
                                       AdamW& optimizer, const std::string& fingerprint);

/// metrics.jsonl: one line a step. Opening for a resumed run drops lines beyond the saved step.
class MetricsFile {
 public:
  MetricsFile(const std::string& folder, std::optional<std::int64_t> resumed_at);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;
  /// Appends one JSON object as a line; throws InputError when the disk is full.
  void line(const std::string& json);

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace pupil
