#include "cli/sft_settings.h"

#include <fmt/format.h>

#include <cstdlib>

#include "sft/normaliser.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

constexpr double kLargest = INT32_MAX;  // of what is counted

constexpr const char* kOfNewAdapter[] = {
    "--lora-alpha",   "--lora-targets", "--lora-target-pattern", "--lora-modules-to-save",
    "--lora-dropout", "--lora-rs",      "--lora-dora",           "--lora-special-tokens"};

}  // namespace

std::pair<double, double> SftSettings::parsed_betas() const {
  double values[2] = {};
  bool valid = betas.size() == 2;
  for (std::size_t i = 0; valid && i < 2; ++i) {
    char* end = nullptr;
    values[i] = std::strtod(betas[i].c_str(), &end);
    valid = *end == 0 && end != betas[i].c_str() && values[i] >= 0 && values[i] < 1;
  }
  if (!valid) {
    throw UsageError(fmt::format("--betas is {}; two numbers in [0, 1) are needed, as 0.9,0.999",
                                 fmt::join(betas, ",")));
  }
  return {values[0], values[1]};
}

void SftSettings::check(const Options& options) const {
  parsed_betas();
  if (steps == 0 && epochs == 0) {
    throw UsageError("--steps and --epochs are both 0; one of them says how long to train");
  }
  if (eval_data.empty() && (eval_every > 0 || patience > 0)) {
    throw UsageError(fmt::format("{} needs --eval-data, the records to evaluate on",
                                 patience > 0 ? "--patience" : "--eval-every"));
  }
  OutFolder::expect_apart(out, "--model", model.model);
  OutFolder::expect_apart(out, "--adapter", model.adapter);
  if (lora_rank > 0 && !model.adapter.empty()) {
    throw UsageError(
        "--lora-rank starts a new adapter, --adapter goes on with one; give one of them");
  }
  expect_new_adapter(options);
  model.need_adapter_on_quantised_base(lora_rank > 0);
  if (replay.empty() != (replay_share == 0)) {
    throw UsageError(
        "--replay and --replay-share go together: the file, and its share of all rows, above 0");
  }
  if (group_by_length && batches.pack != "none") {
    throw UsageError("--group-by-length has no effect on packed rows; leave it or --pack out");
  }
  if (!dry_run) out_folder.expect_free(out, resume);
}

void SftSettings::expect_new_adapter(const Options& options) const {
  if (lora_rank > 0) return;
  for (const char* option : kOfNewAdapter) {
    if (!options.given(option)) continue;
    throw UsageError(
        model.adapter.empty()
            ? fmt::format("{} is for a new adapter; give its rank, too (--lora-rank)", option)
            : fmt::format("{} is for a new adapter; the one of --adapter, {}, goes on as it is",
                          option, model.adapter));
  }
}

void SftSettings::declare(Options& options) {
  model.declare(options);
  data.declare(options);
  batches.declare(options);
  out_folder.declare(options, out, "folder for the model or adapter");
  options.text("--normaliser", normaliser, "tokens, examples, microbatch or constant:K")
      .check([](const std::string& text) { Normaliser::parse(text); })
      .integer("--micro-batch-size", micro_batch_size,
               "rows (records, or packed ones) in a forward pass")
      .at_least(1)
      .at_most(kLargest)
      .integer("--accumulate", accumulate, "micro-batches in an optimizer step")
      .at_least(1)
      .at_most(kLargest)
      .integer("--steps", steps, "optimizer steps (0: by --epochs)")
      .at_least(0)
      .at_most(kLargest)
      .number("--epochs", epochs, "passes over the data")
      .at_least(0)
      .at_most(1e6)
      .number("--lr", lr, "peak learning rate")
      .at_least(0)
      .choice("--schedule", schedule, {"constant", "linear", "cosine", "wsd"},
              "learning rate over the steps")
      .integer("--warmup", warmup, "warm-up steps")
      .at_least(0)
      .at_most(kLargest)
      .number("--min-lr-ratio", min_ratio, "lowest rate / peak, for cosine and wsd")
      .at_least(0)
      .at_most(1)
      .number("--weight-decay", weight_decay, "AdamW's decoupled decay")
      .at_least(0)
      .choice("--decay", decay, {"matrices", "all"}, "which parameters decay")
      .list("--betas", betas, "AdamW's two betas")
      .number("--eps", eps, "AdamW's epsilon")
      .at_least(0)
      .number("--clip", clip, "largest gradient norm (0: off)")
      .at_least(0)
      .number("--label-smoothing", label_smoothing, "in [0, 1)")
      .at_least(0)
      .below(1)
      .number("--neftune-alpha", neftune_alpha,
              "size of the noise on token embeddings, 5 is usual (0: off)")
      .at_least(0)
      .at_most(1e6)
      .number("--kl-weight", kl_weight,
              "weight of the KL divergence from the starting model, in nats a token (0: off)")
      .at_least(0)
      .number("--l2-to-start", l2_to_start,
              "weight of the squared distance from the starting weights (0: off)")
      .at_least(0)
      .choice("--order", order, {"shuffle", "file"}, "order of the records")
      .flag("--group-by-length", group_by_length,
            "micro-batches of records of about one length, for less padding")
      .text("--replay", replay, "a second data set, mixed in against forgetting", "FILE")
      .number("--replay-share", replay_share, "its share of all rows, in [0, 1)")
      .at_least(0)
      .below(1)
      .number("--max-lost", max_lost,
              "largest share of records skipped, dropped or cut down to no target before giving up")
      .at_least(0)
      .at_most(1)
      .text("--eval-data", eval_data,
            "records for evaluation; the best model by it is kept in OUT/best", "FILE")
      .integer("--eval-every", eval_every, "steps between evaluations (0: at the end)")
      .at_least(0)
      .at_most(kLargest)
      .integer("--patience", patience, "evaluations without a new best before stopping")
      .at_least(0)
      .at_most(kLargest)
      .integer("--save-every", save_every, "steps between saves (0: at the end)")
      .at_least(0)
      .at_most(kLargest)
      .choice("--save-dtype", save_dtype, {"f32", "f64", "f16", "bf16"},
              "type of the stored weights")
      .flag("--resume", resume, "go on from the state in --out")
      .flag("--dry-run", dry_run,
            "show the first batch and the counts, but train and write nothing")
      .integer("--lora-rank", lora_rank, "rank of a new adapter (0: train the whole model)")
      .at_least(0)
      .at_most(65536)
      .number("--lora-alpha", lora.alpha, "scale of the adapter is alpha / rank")
      .at_least(0)
      .list("--lora-targets", lora.targets,
            "linear maps that get an adapter, by name or its end; all-linear: all")
      .text("--lora-target-pattern", lora.target_pattern,
            "regular expression on whole names, instead of --lora-targets", "REGEX")
      .list("--lora-modules-to-save", lora.modules_to_save,
            "modules that train whole beside the adapter, as ln_f")
      .number("--lora-dropout", lora.dropout, "on the adapter's input, in [0, 1)")
      .at_least(0)
      .below(1)
      .flag("--lora-rs", lora.rslora, "scale alpha / sqrt(rank)")
      .flag("--lora-dora", lora.dora, "DoRA: the lengths of columns train apart")
      .list("--lora-special-tokens", special_tokens,
            "special tokens whose embedding rows train, too");
}

}  // namespace pupil::cli
