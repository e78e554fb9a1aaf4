// Kernels that walk rows, at the shapes of a training step: GB/s of the bytes each must move at
// least once, next to a copy of the same bytes. nano, lesson, mini and gpt2 are the sizes of
// `pupil bench step`; the widest rows are logits.
//
// Use --benchmark_filter=layer_norm for a part.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/layer_norm.h"
#include "kernels/parallel.h"
#include "kernels/reduce.h"
#include "kernels/rms_norm.h"
#include "kernels/softmax.h"

namespace pupil {
namespace {

struct Rows {
  const char* name;
  std::int64_t rows, width;
};

constexpr Rows kActivations[] = {
    {"nano", 1024, 64}, {"lesson", 4096, 128}, {"mini", 4096, 384}, {"gpt2", 256, 768}};
constexpr Rows kLogits[] = {{"lesson", 1024, 128}, {"gpt2", 256, 50304}};

// All arrays a kernel may want, filled with something harmless.
struct Arrays {
  std::int64_t rows, width;
  std::vector<float> x, y, dy, dx, weight, bias, dweight, dbias, mean, rstd, scratch;

  explicit Arrays(Rows r) : rows(r.rows), width(r.width) {
    const std::size_t n = rows * width;
    for (std::vector<float>* v : {&x, &y, &dy, &dx}) v->resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = float(i * 2654435761u % 1000) / 500 - 1;
      dy[i] = float(i * 40503u % 1000) / 500 - 1;
    }
    for (std::vector<float>* v : {&weight, &bias, &dweight, &dbias}) v->assign(width, .5f);
    mean.assign(rows, .1f);
    rstd.assign(rows, 1.f);
    scratch.resize(cpu::layer_norm_scratch(rows, width));
  }
  View<float> view(std::vector<float>& v) { return dense(v.data(), rows, width); }
};

using Kernel = void (*)(Arrays&);

void run(benchmark::State& state, Kernel kernel, Rows rows, int thread_count, int passes) {
  set_threads(thread_count);
  Arrays a(rows);
  for (auto _ : state) {
    kernel(a);
    benchmark::ClobberMemory();
  }
  const double bytes = double(passes) * sizeof(float) * rows.rows * rows.width;
  using benchmark::Counter;
  state.counters["GB/s"] = Counter(1e-9 * bytes * double(state.iterations()), Counter::kIsRate);
}

void copy(Arrays& a) {
  constexpr std::int64_t kTile = 1 << 14;
  const std::int64_t n = a.rows * a.width;
  parallel_for((n + kTile - 1) / kTile, [&](std::int64_t t) {
    const std::int64_t end = (t + 1) * kTile < n ? (t + 1) * kTile : n;
    std::memcpy(&a.y[t * kTile], &a.x[t * kTile], (end - t * kTile) * sizeof(float));
  });
}
void layer_norm_forward(Arrays& a) {
  cpu::layer_norm_forward<float>(a.view(a.y), a.mean.data(), a.rstd.data(), a.view(a.x),
                                 a.weight.data(), a.bias.data(), 1e-5f);
}
void layer_norm_backward(Arrays& a) {
  cpu::layer_norm_backward<float>(a.view(a.dx), false, a.dweight.data(), a.dbias.data(),
                                  a.scratch.data(), a.view(a.dy), a.view(a.x), a.weight.data(),
                                  a.mean.data(), a.rstd.data());
}
void layer_norm_backward_frozen(Arrays& a) {
  cpu::layer_norm_backward<float>(a.view(a.dx), false, nullptr, nullptr, nullptr, a.view(a.dy),
                                  a.view(a.x), a.weight.data(), a.mean.data(), a.rstd.data());
}
void rms_norm_forward(Arrays& a) {
  cpu::rms_norm_forward<float>(a.view(a.y), a.rstd.data(), a.view(a.x), a.weight.data(), 1e-5f);
}
void rms_norm_backward(Arrays& a) {
  cpu::rms_norm_backward<float>(a.view(a.dx), false, a.dweight.data(), a.scratch.data(),
                                a.view(a.dy), a.view(a.x), a.weight.data(), a.rstd.data());
}
void softmax_forward(Arrays& a) { cpu::softmax_forward<float>(a.view(a.y), a.view(a.x)); }
void softmax_backward(Arrays& a) {
  cpu::softmax_backward<float>(a.view(a.dx), false, a.view(a.dy), a.view(a.y));
}
void log_softmax_forward(Arrays& a) { cpu::log_softmax_forward<float>(a.view(a.y), a.view(a.x)); }
void log_softmax_backward(Arrays& a) {
  cpu::log_softmax_backward<float>(a.view(a.dx), false, a.view(a.dy), a.view(a.y));
}
void logsumexp_forward(Arrays& a) { cpu::logsumexp_forward<float>(a.mean.data(), a.view(a.x)); }
void sum_rows(Arrays& a) { cpu::sum<float>(a.mean.data(), a.x.data(), {a.rows, a.width, 1}, 1); }
void sum_columns(Arrays& a) {
  cpu::sum<float>(a.dbias.data(), a.x.data(), {1, a.rows, a.width}, 1);
}

void add(const char* name, Kernel kernel, Rows rows, int passes) {
  for (int thread_count : {1, 2}) {
    const std::string full = std::string(name) + "/" + rows.name + "/" + std::to_string(rows.rows) +
                             "x" + std::to_string(rows.width) +
                             "/threads:" + std::to_string(thread_count);
    benchmark::RegisterBenchmark(full.c_str(), run, kernel, rows, thread_count, passes)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace pupil

int main(int argc, char** argv) {
  using namespace pupil;
  for (const Rows& rows : kActivations) {
    add("copy", copy, rows, 2);
    add("layer_norm_forward", layer_norm_forward, rows, 2);
    add("layer_norm_backward", layer_norm_backward, rows, 3);
    add("layer_norm_backward_frozen", layer_norm_backward_frozen, rows, 3);
    add("rms_norm_forward", rms_norm_forward, rows, 2);
    add("rms_norm_backward", rms_norm_backward, rows, 3);
    add("sum_rows", sum_rows, rows, 1);
    add("sum_columns", sum_columns, rows, 1);
  }
  for (const Rows& rows : kLogits) {
    add("copy", copy, rows, 2);
    add("softmax_forward", softmax_forward, rows, 2);
    add("softmax_backward", softmax_backward, rows, 3);
    add("log_softmax_forward", log_softmax_forward, rows, 2);
    add("log_softmax_backward", log_softmax_backward, rows, 3);
    add("logsumexp_forward", logsumexp_forward, rows, 1);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
