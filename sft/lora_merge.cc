// Adapters folded into the weights, and taken out again (sft/lora.h).
#include "sft/lora.h"

#include <utility>

#include "sft/special_rows.h"
#include "tensor/matmul.h"

namespace pupil {
namespace {

// W + s (B A)^T, for DoRA with columns of the lengths m; (in, out).
Tensor merged_weight(const Linear& l) {
  const NoGrad no_grad;
  const Lora& lora = *l.lora;
  Tensor sum = tensor::matmul(lora.a.value(), true, lora.b.value(), true);
  sum.scale_(lora.scale);
  sum.add_(l.weight_values(sum.dtype()));
  if (!lora.magnitude.defined()) return sum;
  return mul(constant(sum), div(lora.magnitude, constant(column_norms(l)))).value();
}

}  // namespace

void settle_lora(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (l->lora && l->lora->magnitude.defined()) l->lora->norms = column_norms(*l);
  }
  fold_special_rows(gpt);
}

void merge_lora(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (!l->lora || l->lora->is_merged) continue;
    Variable merged = parameter(merged_weight(*l), l->name + ".weight");
    merged.leaf()->trainable = false;
    l->lora->unmerged = std::exchange(l->weight, merged);
    l->lora->is_merged = true;
  }
}

void unmerge_lora(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (!l->lora || !l->lora->is_merged) continue;
    l->weight = std::exchange(l->lora->unmerged, Variable());
    l->lora->is_merged = false;
  }
}

void fold_lora(Gpt& gpt) {
  merge_lora(gpt);
  for (Linear* l : gpt.linears()) {
    if (l->lora) l->quantised = nullptr;
    l->lora = nullptr;
  }
  fold_special_rows(gpt);
}

}  // namespace pupil
