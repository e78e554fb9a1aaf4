#include "cli/synonyms.h"

#include <algorithm>

namespace pupil::cli {
namespace {

// What transformers, TRL, PEFT and nanoGPT call it (with dashes), and what Pupil does. A name that
// several options answer to stands once for each command that has it.
constexpr struct {
  const char *theirs, *ours;
} kNames[] = {
    {"--learning-rate", "--lr"},
    {"--max-lr", "--lr"},
    {"--batch-size", "--micro-batch-size"},
    {"--per-device-train-batch-size", "--micro-batch-size"},
    {"--micro-batch", "--micro-batch-size"},
    {"--gradient-accumulation-steps", "--accumulate"},
    {"--grad-accum", "--accumulate"},
    {"--max-steps", "--steps"},
    {"--max-iters", "--steps"},
    {"--iterations", "--steps"},
    {"--num-epochs", "--epochs"},
    {"--num-train-epochs", "--epochs"},
    {"--lr-scheduler-type", "--schedule"},
    {"--lr-schedule", "--schedule"},
    {"--scheduler", "--schedule"},
    {"--warmup-steps", "--warmup"},
    {"--warmup-iters", "--warmup"},
    {"--wd", "--weight-decay"},
    {"--max-grad-norm", "--clip"},
    {"--grad-clip", "--clip"},
    {"--max-seq-length", "--max-length"},
    {"--max-seq-len", "--max-length"},
    {"--packing", "--pack"},
    {"--neftune-noise-alpha", "--neftune-alpha"},
    {"--label-smoothing-factor", "--label-smoothing"},
    {"--model-name-or-path", "--model"},
    {"--base-model", "--model"},
    {"--checkpoint", "--model"},
    {"--peft", "--adapter"},
    {"--lora", "--adapter"},
    {"--dataset", "--data"},
    {"--dataset-name", "--data"},
    {"--train-file", "--data"},
    {"--train-data", "--data"},
    {"--input", "--text"},
    {"--validation-file", "--eval-data"},
    {"--eval-file", "--eval-data"},
    {"--eval-steps", "--eval-every"},
    {"--eval-interval", "--eval-every"},
    {"--save-steps", "--save-every"},
    {"--output", "--out"},
    {"--output-dir", "--out"},
    {"--out-dir", "--out"},
    {"--chat-template", "--template"},
    {"--prompt-template", "--template"},
    {"--rank", "--lora-rank"},
    {"--lora-r", "--lora-rank"},
    {"--alpha", "--lora-alpha"},
    {"--target-modules", "--lora-targets"},
    {"--lora-target-modules", "--lora-targets"},
    {"--n-layer", "--layers"},
    {"--num-layers", "--layers"},
    {"--n-head", "--heads"},
    {"--num-heads", "--heads"},
    {"--n-embd", "--dim"},
    {"--hidden-size", "--dim"},
    {"--block-size", "--context"},
    {"--context-length", "--context"},
    {"--max-tokens", "--max-new-tokens"},
    {"--length", "--max-new-tokens"},
    {"--temp", "--temperature"},
    {"--n-vocab", "--vocab-size"},
};

}  // namespace

std::string name_here(std::string typed) {
  std::replace(typed.begin(), typed.end(), '_', '-');
  for (const auto& name : kNames) {
    if (typed == name.theirs) return name.ours;
  }
  return "";
}

}  // namespace pupil::cli
