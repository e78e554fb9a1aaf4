#include "cli/bench.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>

#include "kernels/fma_peak.h"
#include "kernels/parallel.h"
#include "kernels/random.h"
#include "nn/generate.h"
#include "nn/kv_cache.h"
#include "sft/lora.h"
#include "sft/step.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Resident memory of this process now, in bytes.
std::int64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long pages = 0, resident = 0;
  if (file && std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file) std::fclose(file);
  return std::int64_t(resident) * ::sysconf(_SC_PAGESIZE);
}

std::int64_t peak_mib_above(std::int64_t start) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return (std::int64_t(usage.ru_maxrss) * 1024 - start) >> 20;
}

std::int64_t resident_at_start = resident_bytes();

// Multiply-adds of one token's forward pass through all matrices: weights, and half of T x T
// scores.
double forward_flops(const GptConfig& c, std::int64_t length) {
  const double C = double(c.n_embd), inner = double(c.inner());
  const double packed = double((c.n_head + 2 * c.kv_heads()) * c.head_dim());
  const double weights = C * packed + C * C + 2 * C * inner;
  const double attention = 2.0 * double(length) / 2 * C;
  return 2 * (double(c.n_layer) * (weights + attention) + C * double(c.vocab_size));
}

Batch random_batch(const BenchConfig& config) {
  std::vector<Example> examples;
  for (std::int64_t row = 0; row < config.batch; ++row) {
    Example e;
    for (std::int64_t t = 0; t < config.length; ++t) {
      const PhiloxWords w = philox(std::uint64_t(t), std::uint64_t(row), 1);
      const auto id = [&](int i) {
        return std::int32_t(w.word[i] % std::uint32_t(config.model.vocab_size));
      };
      e.ids.push_back(id(0));
      e.targets.push_back(id(1));
    }
    examples.push_back(std::move(e));
  }
  return make_batch(examples);
}

BenchResult summary(const BenchConfig& config, const std::vector<double>& times, double tokens,
                    double flops, DType dtype) {
  BenchResult r;
  r.config = config.name;
  const double t = median(times);
  r.median_ms = t * 1e3;
  r.tokens_per_s = tokens / t;
  r.gflop = flops * 1e-9;
  r.steps = std::int64_t(times.size());
  r.peak_rss_mib = peak_mib_above(resident_at_start);
  r.peak_share = flops / t / measure_fma_peak(dtype);
  return r;
}

constexpr int kWarmUp = 3, kFewest = 5;

// Seconds of each call, for about as many seconds as asked for.
template <class Step>
std::vector<double> time_steps(Step step, double seconds) {
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> times;
  const double end = now() + seconds;
  while (now() < end || times.size() < kFewest) {
    const double start = now();
    step();
    times.push_back(now() - start);
  }
  return times;
}

}  // namespace

const BenchConfig& bench_config(const std::string& name) {
  const auto shape = [](std::int64_t layers, std::int64_t heads, std::int64_t dim,
                        std::int64_t vocabulary, std::int64_t length) {
    return GptConfig{.vocab_size = vocabulary,
                     .context = length,
                     .n_layer = layers,
                     .n_head = heads,
                     .n_embd = dim};
  };
  static const BenchConfig configs[] = {{"nano", shape(2, 2, 64, 256, 64), 16, 64},
                                        {"lesson", shape(4, 4, 128, 512, 128), 32, 128},
                                        {"mini", shape(6, 6, 384, 2048, 256), 16, 256},
                                        {"gpt2", shape(12, 12, 768, 50304, 64), 4, 64}};
  for (const BenchConfig& config : configs) {
    if (config.name == name) return config;
  }
  throw UsageError(fmt::format("no configuration \"{}\"; choose nano, lesson, mini, gpt2", name));
}

double measure_fma_peak(DType dtype) {
  const int n = threads();
  double best = 0;
  dispatch_float("bench", dtype, [&]<class T>() {
    std::vector<double> flops(std::size_t(n), 0.0);
    std::vector<T> sinks(std::size_t(n) * 16);
    for (int repeat = 0; repeat < 5; ++repeat) {
      const double start = now();
      parallel_for(n, [&](std::int64_t i) {
        cpu::fma_burst<T>(&flops[std::size_t(i)], &sinks[std::size_t(i) * 16], 4000);
      });
      best = std::max(best, flops[0] * n / (now() - start));
    }
  });
  return best;
}

BenchResult bench_step(const BenchConfig& config, double seconds, DType dtype) {
  Gpt gpt(config.model, 0, dtype);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {.weight_decay = 0.01});
  const Batch batch = random_batch(config);
  const std::vector<double> times = time_steps(
      [&] { optimizer_step(gpt, arena, optimizer, std::span(&batch, 1), {}, 3e-4); }, seconds);
  const double tokens = double(config.batch * config.length);
  return summary(config, times, tokens, 3 * tokens * forward_flops(config.model, config.length),
                 dtype);
}

BenchResult bench_lora(const BenchConfig& config, const std::vector<std::string>& targets,
                       double seconds, DType dtype) {
  Gpt gpt(config.model, 0, dtype);
  add_lora(gpt, {.rank = 8, .alpha = 16, .targets = targets}, 0);
  ParameterArena arena(lora_parameters(gpt));
  AdamW optimizer(arena, {.weight_decay = 0.01});
  const Batch batch = random_batch(config);
  const std::vector<double> times = time_steps(
      [&] { optimizer_step(gpt, arena, optimizer, std::span(&batch, 1), {}, 1e-3); }, seconds);
  const double tokens = double(config.batch * config.length);
  // Forward, and the gradient of every product's input; the base's weights get none.
  return summary(config, times, tokens, 2 * tokens * forward_flops(config.model, config.length),
                 dtype);
}

BenchResult bench_generate(const BenchConfig& config, double seconds, DType dtype) {
  constexpr std::int64_t kPrompt = 16, kNew = 100;
  GptConfig shape = config.model;
  shape.context = std::max<std::int64_t>(shape.context, kPrompt + kNew);
  const Gpt gpt(shape, 0, dtype);
  std::vector<std::int32_t> prompt(kPrompt);
  std::iota(prompt.begin(), prompt.end(), 1);
  GenerateOptions greedy;
  greedy.max_new_tokens = kNew;
  std::vector<double> times = time_steps([&] { generate(gpt, {prompt}, greedy); }, seconds);
  for (double& t : times) t /= kNew;
  return summary(config, times, 1, forward_flops(shape, kPrompt + kNew / 2), dtype);
}

BenchResult bench_decode(const BenchConfig& config, double seconds, DType dtype) {
  const NoGrad no_grad;
  const GptConfig& c = config.model;
  Gpt gpt(c, 0, dtype);
  std::vector<double> times;
  const double end = now() + seconds;
  while (now() < end || times.size() < kFewest) {
    KvCache cache(c.n_layer, 1, c.context, c.kv_heads() * c.head_dim(), dtype);
    for (std::int64_t t = 0; t < c.context; ++t) {
      const Tensor id = Tensor::full({1, 1}, double(t % c.vocab_size), DType::kInt32);
      Pass pass;
      const double start = now();
      gpt.logits(gpt.hidden({.ids = id}, pass, &cache));
      times.push_back(now() - start);
    }
  }
  return summary(config, times, 1, forward_flops(c, c.context), dtype);
}

}  // namespace pupil::cli
