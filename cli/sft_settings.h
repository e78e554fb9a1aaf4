// What `sft` can be asked for.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/batch_options.h"
#include "cli/model_input.h"
#include "cli/out_folder.h"
#include "sft/lora.h"

namespace pupil::cli {

struct SftSettings {
  ModelOptions model;
  DataOptions data;
  BatchOptions batches;
  OutFolder out_folder;
  std::string out, normaliser = "tokens", schedule = "cosine", order = "shuffle", eval_data,
                   save_dtype = "f32", decay = "matrices", replay;
  std::vector<std::string> betas{"0.9", "0.999"};
  std::int64_t micro_batch_size = 8, accumulate = 1, steps = 0, warmup = 0, save_every = 0,
               eval_every = 0, patience = 0;
  double epochs = 1, lr = 1e-4, weight_decay = 0, eps = 1e-8, clip = 1, label_smoothing = 0,
         min_ratio = 0, neftune_alpha = 0, kl_weight = 0, l2_to_start = 0, replay_share = 0,
         max_lost = 0.3;
  bool group_by_length = false, resume = false, dry_run = false;
  std::int64_t lora_rank = 0;
  LoraConfig lora;
  std::vector<std::string> special_tokens;

  void declare(Options& options);
  /// What must hold between options, of which `options` knows the ones given; throws UsageError.
  void check(const Options& options) const;
  /// AdamW's two as numbers; throws UsageError.
  std::pair<double, double> parsed_betas() const;

 private:
  void expect_new_adapter(const Options& options) const;
};

}  // namespace pupil::cli
