// Speed on fixed configurations (cli.md: bench).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "nn/gpt.h"

namespace pupil::cli {

struct BenchConfig {
  const char* name;
  GptConfig model;
  std::int64_t batch, length;
};
/// nano, lesson, mini, gpt2. Throws UsageError naming them.
const BenchConfig& bench_config(const std::string& name);

struct BenchResult {
  std::string config;
  double median_ms = 0;
  double tokens_per_s = 0;
  double peak_share = 0;          ///< arithmetic done / arithmetic peak measured in the same run
  std::int64_t peak_rss_mib = 0;  ///< largest resident size since start-up, less that at start-up
  double gflop = 0;               ///< of one step: matrix products and attention
  std::int64_t steps = 0;
};

/// Forward, backward, clip, AdamW; every position supervised. Runs for about `seconds`.
BenchResult bench_step(const BenchConfig& config, double seconds, DType dtype);
/// The same with a LoRA adapter of rank 8 on `targets` and the base frozen.
BenchResult bench_lora(const BenchConfig& config, const std::vector<std::string>& targets,
                       double seconds, DType dtype);
/// A token of a greedy continuation: prompt 16, 100 new tokens, the prompt's pass included.
BenchResult bench_generate(const BenchConfig& config, double seconds, DType dtype);
/// One cached token a step, batch 1.
BenchResult bench_decode(const BenchConfig& config, double seconds, DType dtype);

/// FLOP/s of all engine threads together, measured now.
double measure_fma_peak(DType dtype);

}  // namespace pupil::cli
