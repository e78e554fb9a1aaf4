// The main job: what supervised fine-tuning does, on the microworld, measured in one run.
//
//   base     pretrained on documents: it continues, it does not answer
//   sft      the same weights after masked fine-tuning: it answers and stops
//   lora     the same with a low-rank adapter of a few per cent of the parameters
//   random   fine-tuning without pretraining: the shape of an answer, no knowledge
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "microworld/data_sets.h"
#include "microworld/interval.h"

namespace pupil::cli {

struct DemoOptions {
  std::string out;
  std::uint64_t seed = 0;
  std::int64_t pretrain_steps = 2400, pretrain_rows = 32;
  std::int64_t sft_steps = 160, sft_rows = 32;
  double pretrain_lr = 3e-3, sft_lr = 1e-3, lora_lr = 5e-3, lora_alpha = 8;
  std::int64_t lora_rank = 4;
};

/// One question, and what a model wrote behind it.
struct DemoSample {
  std::string prompt, answer, truth;
  bool right = false;
};

struct DemoStage {
  std::string name;              ///< "base", "sft", "lora", "random"
  std::string purpose;           ///< one sentence
  std::vector<double> losses{};  ///< a training step each
  double learning_rate = 0;
  double seconds = 0;       ///< of training
  std::int64_t tokens = 0;  ///< read in training
  std::int64_t parameters = 0, trained = 0;
  double mask_share = 1;  ///< supervised share of the tokens
  std::vector<microworld::Metric> metrics{};
  std::vector<DemoSample> samples{};
  std::string weights_sha256{};
};

struct DemoResult {
  DemoOptions options;
  std::vector<DemoStage> stages;
  double seconds = 0;
};

/// Told of every training step: stage, step, of how many, a note.
using DemoProgress =
    std::function<void(const DemoStage& stage, std::int64_t step, std::int64_t steps, double loss)>;

/// Runs the stages, writes OUT/base, OUT/sft (model folders) and OUT/lora (adapter folder).
DemoResult run_demo(const DemoOptions& options, const DemoProgress& progress,
                    const std::function<void(const DemoStage&)>& on_stage);

/// OUT/report.html: one file that opens offline; OUT/accuracy.svg: its first picture.
void write_demo_report(const DemoResult& result);
/// OUT/results.json: every number of the report.
void write_demo_results(const DemoResult& result);

}  // namespace pupil::cli
