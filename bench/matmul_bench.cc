// Matrix products of the shapes that training and generation use: GFLOP/s and share of the FMA
// peak.
//
// A layer takes `rows` positions from `in` to `out` features and needs three products:
//   NT  forward            out[rows,out]    = x[rows,in] w[out,in]^T
//   NN  gradient of x      dx[rows,in]      = dout[rows,out] w[out,in]
//   TN  gradient of w      dw[out,in]       = dout[rows,out]^T x[rows,in]
// Each at 1 thread and at 2. Generation (1 row) reads all weights once: there GB/s is the measure.
//
// f64/ marks products in double, as gradient checks use them. Use --benchmark_filter=NT/4096 for a
// part. On a busy machine repeat it and take the best: other programs only ever take time away.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/blas_core.h"
#include "kernels/cpu_features.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pupil {
namespace {

constexpr int kChains = 12;  // independent sums: 2 FMA units x 4 cycles, and some to spare
constexpr int kSteps = 20000;

// One function a vector width: kSteps dependent FMAs on kChains registers; returns its FLOPs.
#if defined(__x86_64__)
[[gnu::target("avx512f")]] double fma_512() {
  __m512 sum[kChains], x = _mm512_set1_ps(.5f);
  for (__m512& s : sum) s = _mm512_setzero_ps();
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sum[c] = _mm512_fmadd_ps(sum[c], x, x);
  }
  for (__m512& s : sum) benchmark::DoNotOptimize(s);
  return 2.0 * 16 * kChains * kSteps;
}

[[gnu::target("avx2,fma")]] double fma_256() {
  __m256 sum[kChains], x = _mm256_set1_ps(.5f);
  for (__m256& s : sum) s = _mm256_setzero_ps();
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sum[c] = _mm256_fmadd_ps(sum[c], x, x);
  }
  for (__m256& s : sum) benchmark::DoNotOptimize(s);
  return 2.0 * 8 * kChains * kSteps;
}
#endif

// Without FMA instructions: a multiplication and an addition on four floats.
double fma_128() {
  typedef float Four [[gnu::vector_size(16)]];
  Four sum[kChains] = {}, x = {.5f, .5f, .5f, .5f};
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * x + x;
  }
  for (Four& s : sum) benchmark::DoNotOptimize(s);
  return 2.0 * 4 * kChains * kSteps;
}

// FLOP/s in float of one core, the best of many short runs.
double peak_of_one_core() {
  auto run = fma_128;
#if defined(__x86_64__)
  const CpuFeatures cpu = read_cpu_features();
  if (cpu.avx2 && cpu.fma) run = fma_256;
  if (cpu.avx512f) run = fma_512;
#endif
  double best = 0;
  for (int i = 0; i < 500; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double flops = run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / taken.count());
  }
  return best;
}

struct Layer {
  std::int64_t rows, out, in;
};

constexpr Layer kLayers[] = {
    {864, 288, 96},   {864, 384, 96},   {864, 96, 384},    {1024, 192, 64},   {4096, 384, 128},
    {4096, 512, 128}, {4096, 128, 512}, {4096, 1152, 384}, {4096, 1536, 384}, {4096, 384, 1536},
    {256, 2304, 768}, {256, 3072, 768}, {256, 768, 3072},  {256, 50304, 768},
};
constexpr Layer kDoubleLayers[] = {{864, 384, 96}, {4096, 512, 128}, {256, 3072, 768}};
constexpr Layer kDecodes[] = {{1, 384, 128}, {1, 1536, 384}, {1, 3072, 768}, {1, 50304, 768}};

std::string name_of(const std::string& form, const Layer& l) {
  return form + "/" + std::to_string(l.rows) + "x" + std::to_string(l.out) + "x" +
         std::to_string(l.in);
}

template <class T>
void run_product(benchmark::State& state, std::string form, Layer layer, int thread_count,
                 double peak) {
  set_threads(thread_count);
  const auto [rows, out, in] = layer;
  std::vector<T> x(rows * in, T(.5)), w(out * in, T(.25)), y(rows * out, T(.125));
  const auto x_view = dense(x.data(), rows, in), w_view = dense(w.data(), out, in),
             y_view = dense(y.data(), rows, out);
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    if (form == "NT") cpu::matmul(y_view, x_view, false, w_view, true);
    if (form == "NN") cpu::matmul(x_view, y_view, false, w_view, false);
    if (form == "TN") cpu::matmul(w_view, y_view, true, x_view, false);
    benchmark::ClobberMemory();
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const double each = taken.count() / static_cast<double>(state.iterations());
  if (rows == 1) {
    state.counters["GB/s"] = 1e-9 * sizeof(T) * out * in / each;
  } else {
    const double speed = 2.0 * rows * out * in / each;
    state.counters["GFLOP/s"] = 1e-9 * speed;
    state.counters["peak%"] = 100 * speed / (peak * thread_count) * sizeof(T) / sizeof(float);
  }
}

void run_empty_loop(benchmark::State& state, int thread_count) {
  set_threads(thread_count);
  for (auto _ : state) {
    parallel_for(thread_count, [](std::int64_t i) { benchmark::DoNotOptimize(i); });
  }
}

template <class T>
void add(const std::string& form, const Layer& layer, double peak) {
  for (int thread_count : {1, 2}) {
    const std::string name = (sizeof(T) == 8 ? "f64/" : "") + name_of(form, layer) +
                             "/threads:" + std::to_string(thread_count);
    benchmark::RegisterBenchmark(name.c_str(), run_product<T>, form, layer, thread_count, peak)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace pupil

int main(int argc, char** argv) {
  using namespace pupil;
  const double peak = peak_of_one_core();
  benchmark::AddCustomContext("backend", cpu::matmul_backend());
  benchmark::AddCustomContext("FMA peak of one core, GFLOP/s", std::to_string(1e-9 * peak));
  for (const char* form : {"NT", "NN", "TN"}) {
    for (const Layer& layer : kLayers) add<float>(form, layer, peak);
    for (const Layer& layer : kDoubleLayers) add<double>(form, layer, peak);
  }
  for (const Layer& layer : kDecodes) {
    add<float>("NT", layer, peak);
    add<float>("NN", layer, peak);
  }
  benchmark::RegisterBenchmark("empty_loop/threads:2", run_empty_loop, 2)->UseRealTime();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
