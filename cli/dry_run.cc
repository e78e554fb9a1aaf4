#include "cli/dry_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/mask_painter.h"

namespace pupil::cli {

std::vector<BatchRecord> records_of(const Batch& batch) {
  const std::int64_t B = batch.input.ids.shape()[0], T = batch.input.ids.shape()[1];
  std::vector<BatchRecord> records;
  for (std::int64_t b = 0; b < B; ++b) {
    // Padding belongs to segment -1, a row without segments is one record.
    const auto segment = [&](std::int64_t t) {
      if (batch.input.segments.defined())
        return batch.input.segments.span<std::int32_t>()[b * T + t];
      return t < batch.lengths[std::size_t(b)] ? 0 : -1;
    };
    for (std::int64_t t = 0; t < T; ++t) {
      if (segment(t) < 0) continue;
      const bool first = t == 0 || segment(t) != segment(t - 1);
      if (first) records.emplace_back();
      const std::size_t at = std::size_t(b * T + t);
      records.back().ids.push_back(batch.input.ids.span<std::int32_t>()[at]);
      const bool supervised = !first && batch.targets.span<std::int32_t>()[at - 1] != kIgnoreIndex;
      const double weight = batch.weights.defined() && supervised
                                ? batch.weights.span<double>()[at - 1]
                                : double(supervised);
      records.back().weights.push_back(weight);
    }
  }
  return records;
}

std::string painted(const Batch& batch, const std::optional<Tokenizer>& tokenizer, bool coloured) {
  std::string text;
  MaskPainter painter(tokenizer, coloured);
  for (const BatchRecord& record : records_of(batch)) {
    for (std::size_t t = 0; t < record.ids.size(); ++t) {
      text += painter.token(record.ids[t], record.weights[t]);
    }
    text += painter.end();
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

nlohmann::ordered_json as_json(const Batch& batch, const std::optional<Tokenizer>& tokenizer) {
  auto list = nlohmann::ordered_json::array();
  for (const BatchRecord& record : records_of(batch)) {
    std::vector<int> mask;
    for (const double w : record.weights) mask.push_back(w != 0);
    list.push_back({{"text", tokenizer ? tokenizer->decode(record.ids) : ""},
                    {"ids", record.ids},
                    {"mask", mask}});
    const bool plain = std::all_of(record.weights.begin(), record.weights.end(),
                                   [](double w) { return w == 0 || w == 1; });
    if (!plain) list.back()["weights"] = record.weights;
  }
  return list;
}

}  // namespace pupil::cli
