#include "cli/batch_options.h"

namespace pupil::cli {

void BatchOptions::declare_packing(Options& options) {
  options.choice("--pack", pack, {"none", "isolated"},
                 "isolated: several records in a row of --max-length tokens, none sees another");
}

void BatchOptions::declare(Options& options) {
  declare_packing(options);
  options.choice("--pad-side", pad_side, {"right", "left", "none"},
                 "where short rows are padded (none: the rows of a micro-batch become one)");
}

std::int64_t BatchOptions::pack_length(const DataOptions& data, const GptConfig& model) const {
  if (pack == "none") return 0;
  return data.max_length > 0 ? data.max_length : model.context;
}

}  // namespace pupil::cli
