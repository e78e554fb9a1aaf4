// From logits to the next token: filters in the order and with the definitions of transformers,
// then a draw.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace pupil {

/// A value at its default switches the filter off.
struct SamplingOptions {
  double repetition_penalty = 1;  ///< > 0; once a distinct id: positive logits / p, others * p
  double temperature = 1;         ///< >= 0; 0: the largest logit, ties to the lower id
  std::int64_t top_k = 0;         ///< >= 0; keep the k largest
  double top_p = 1;               ///< (0, 1]; keep in falling order while the mass before is < p
  double min_p = 0;               ///< [0, 1]; keep p >= min_p * max

  /// Throws UsageError naming the option that is out of range.
  void check() const;
};

/// The filtered distribution of the next token; removed ids have probability 0. `previous` are the
/// ids so far, the prompt included. Ties keep the lower id. Throws InputError on NaN logits.
std::vector<double> next_token_distribution(std::span<const double> logits,
                                            std::span<const std::int32_t> previous,
                                            const SamplingOptions& options);

/// The id at position u in [0, 1) of the cumulative distribution.
std::int32_t draw(std::span<const double> probabilities, double u);

}  // namespace pupil
