// Attention at the shapes that training and generation use: GFLOP/s of the FLOPs that causal
// attention needs, 4 D (forward) and 10 D (backward) for each pair of a query and an earlier key.
//
//   forward, backward   kernels/attention.h
//   blas_products       the two products of forward alone, over whole T x T matrices through BLAS,
//                       without softmax and mask: what the kernel has to beat
//   cached              one new position a row against T kept ones; there GB/s is the measure
//
// Use --benchmark_filter=backward/mini for a part.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"

namespace pupil {
namespace {

struct Case {
  const char* name;
  cpu::AttentionShape shape;
};
constexpr Case kCases[] = {
    {"nano", {16, 64, 2, 2, 32}},    {"microworld", {32, 27, 4, 4, 24}},
    {"lesson", {32, 128, 4, 4, 32}}, {"mini", {16, 256, 6, 6, 64}},
    {"gpt2", {4, 64, 12, 12, 64}},   {"grouped", {4, 512, 8, 2, 64}},
    {"long", {1, 2048, 12, 12, 64}},
};

std::vector<float> numbers(std::int64_t n, float spread) {
  std::vector<float> values(n);
  for (std::int64_t i = 0; i < n; ++i) values[i] = spread * std::sin(float(i * 7919 % 10007));
  return values;
}

struct Buffers {
  std::vector<float> qkv, out, lse, dqkv, delta, dout;
  std::int64_t rows, width, head_width;

  explicit Buffers(const cpu::AttentionShape& s)
      : rows(s.batch * s.positions),
        width((s.n_head + 2 * s.n_kv_head) * s.head_dim),
        head_width(s.n_head * s.head_dim) {
    qkv = numbers(rows * width, 1);
    dout = numbers(rows * head_width, 1);
    out.resize(rows * head_width);
    lse.resize(rows * s.n_head);
    delta.resize(rows * s.n_head);
    dqkv.resize(rows * width);
  }
  View<float> view(std::vector<float>& x, std::int64_t w) { return dense(x.data(), rows, w); }
};

void report(benchmark::State& state, const cpu::AttentionShape& s, double per_pair) {
  const double pairs = .5 * s.batch * s.n_head * s.positions * (s.positions + 1);
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * per_pair * s.head_dim * pairs * double(state.iterations()),
                         benchmark::Counter::kIsRate);
}

void run_forward(benchmark::State& state, cpu::AttentionShape shape, int thread_count) {
  set_threads(thread_count);
  Buffers b(shape);
  for (auto _ : state) {
    cpu::attention_forward<float>(b.view(b.out, b.head_width), b.lse.data(), b.view(b.qkv, b.width),
                                  shape, nullptr);
    benchmark::ClobberMemory();
  }
  report(state, shape, 4);
}

void run_backward(benchmark::State& state, cpu::AttentionShape shape, int thread_count) {
  set_threads(thread_count);
  Buffers b(shape);
  cpu::attention_forward<float>(b.view(b.out, b.head_width), b.lse.data(), b.view(b.qkv, b.width),
                                shape, nullptr);
  for (auto _ : state) {
    cpu::attention_backward<float>(b.view(b.dqkv, b.width), false, b.delta.data(),
                                   b.view(b.dout, b.head_width), b.view(b.qkv, b.width),
                                   b.view(b.out, b.head_width), b.lse.data(), shape, nullptr);
    benchmark::ClobberMemory();
  }
  report(state, shape, 10);
}

void run_blas_products(benchmark::State& state, cpu::AttentionShape shape, int thread_count) {
  set_threads(thread_count);
  Buffers b(shape);
  const auto [B, T, H, K, D] = shape;
  std::vector<float> scores(B * H * T * T);
  for (auto _ : state) {
    parallel_for(B * H, [&, T = T, H = H, K = K, D = D](std::int64_t i) {
      const View<float> p = dense(scores.data() + i * T * T, T, T);
      float* const q = b.qkv.data() + i / H * T * b.width + i % H * D;
      float* const k = b.qkv.data() + i / H * T * b.width + (H + i % H / (H / K)) * D;
      float* const out = b.out.data() + i / H * T * b.head_width + i % H * D;
      const auto rows = [&, T = T, D = D](float* data, std::int64_t stride) {
        return View<float>{data, T, D, stride};
      };
      cpu::matmul<float>(p, rows(q, b.width), false, rows(k, b.width), true);
      cpu::matmul<float>(rows(out, b.head_width), p, false, rows(k + K * D, b.width), false);
    });
    benchmark::ClobberMemory();
  }
  report(state, shape, 4);
}

void run_cached(benchmark::State& state, cpu::AttentionShape s, int thread_count) {
  set_threads(thread_count);
  const std::int64_t T = s.positions, kv_width = s.n_kv_head * s.head_dim;
  const std::int64_t width = s.n_head * s.head_dim, rows = s.batch * T;
  std::vector<float> q = numbers(s.batch * width, 1), out(q.size());
  std::vector<float> k = numbers(rows * kv_width, 1), v = k;
  const std::vector<std::int32_t> lengths(s.batch, std::int32_t(T));
  s.positions = 1;
  for (auto _ : state) {
    cpu::attention_cached<float>(dense(out.data(), s.batch, width), dense(q.data(), s.batch, width),
                                 dense(k.data(), rows, kv_width), dense(v.data(), rows, kv_width),
                                 T, lengths.data(), s);
    benchmark::ClobberMemory();
  }
  state.counters["GB/s"] =
      benchmark::Counter(1e-9 * 2 * sizeof(float) * double(k.size()) * double(state.iterations()),
                         benchmark::Counter::kIsRate);
}

using Run = void (*)(benchmark::State&, cpu::AttentionShape, int);

void add(const std::string& name, Run run) {
  for (const Case& c : kCases) {
    for (const int thread_count : {1, 2}) {
      const std::string full = name + "/" + c.name + "/threads:" + std::to_string(thread_count);
      benchmark::RegisterBenchmark(full.c_str(), run, c.shape, thread_count)
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace
}  // namespace pupil

int main(int argc, char** argv) {
  using namespace pupil;
  benchmark::AddCustomContext("instruction set", isa_name(active_isa()));
  benchmark::AddCustomContext("backend", cpu::matmul_backend());
  add("forward", run_forward);
  add("backward", run_backward);
  add("blas_products", run_blas_products);
  add("cached", run_cached);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
