#include "sft/special_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"

namespace pupil {
namespace {

/// Adds the rows of those `ids` that `special` lacks, as they are in `table`.
void extend(TrainedRows& special, const Variable& table, const char* module,
            std::span<const std::int32_t> ids) {
  const std::int64_t V = table.shape()[0], C = table.shape()[1];
  const std::size_t before = special.ids.size();
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= V) {
      throw UsageError(fmt::format("special id {} is outside the vocabulary of {}", id, V));
    }
    const auto known = std::find(special.ids.begin(), special.ids.end(), id);
    if (known == special.ids.end()) special.ids.push_back(id);
  }
  if (special.ids.size() == before) return;
  const Tensor rows = Tensor::empty({std::int64_t(special.ids.size()), C}, table.dtype());
  for (std::size_t i = 0; i < special.ids.size(); ++i) {
    const auto at = std::int64_t(i), id = std::int64_t(special.ids[i]);
    rows.rows(at, at + 1)
        .copy_(i < before ? special.rows.value().rows(at, at + 1) : table.value().rows(id, id + 1));
  }
  special.rows = parameter(
      rows, fmt::format("base_model.model.{}.token_adapter.trainable_tokens_delta", module));
}

void extend_both(Gpt& gpt, std::span<const std::int32_t> ids,
                 std::span<const std::int32_t> head_ids) {
  extend(gpt.special_rows, gpt.wte, "transformer.wte", ids);
  if (gpt.lm_head.defined()) extend(gpt.special_head_rows, gpt.lm_head, "lm_head", head_ids);
}

void fold(Variable& table, TrainedRows& special) {
  if (special.ids.empty()) return;
  table = parameter(special.placed_in(table).value(), table.leaf()->name);
  table.leaf()->trainable = false;
  special = {};
}

}  // namespace

void add_special_rows(Gpt& gpt, const LoraConfig& config) {
  extend_both(gpt, config.special_ids, config.special_head_ids);
}

void train_special_rows(Gpt& gpt, LoraConfig& config, std::span<const std::int32_t> ids) {
  extend_both(gpt, ids, ids);
  config.special_ids = gpt.special_rows.ids;
  config.special_head_ids = gpt.special_head_rows.ids;
}

void fold_special_rows(Gpt& gpt) {
  fold(gpt.wte, gpt.special_rows);
  if (gpt.lm_head.defined()) fold(gpt.lm_head, gpt.special_head_rows);
}

}  // namespace pupil
