// How records become the rows of a batch: packed or not, padded where.
#pragma once
#include <string>

#include "cli/model_input.h"
#include "sft/batch.h"

namespace pupil::cli {

struct BatchOptions {
  std::string pack = "none", pad_side = "right";
  void declare(Options& options);
  void declare_packing(Options& options);  ///< --pack alone
  PadSide side() const { return pupil::pad_side(pad_side); }
  /// Tokens of a packed row; 0: a record a row.
  std::int64_t pack_length(const DataOptions& data, const GptConfig& model) const;
};

}  // namespace pupil::cli
