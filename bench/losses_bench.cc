// Head and loss, lookups, dropout and optimizer steps at the shapes of training.
//
// GB/s counts the traffic that the contract headers state; `copy` is the yardstick: what the memory
// gives to one read and one write of arrays far larger than the caches. GFLOP/s of the head counts
// its three products.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "kernels/cross_entropy.h"
#include "kernels/dropout.h"
#include "kernels/parallel.h"
#include "tensor/embedding.h"
#include "tensor/linear_cross_entropy.h"
#include "tensor/optimizer.h"
#include "tensor/random.h"

namespace pupil {
namespace {

using benchmark::Counter;
using benchmark::State;

struct Size {
  const char* name;
  std::int64_t tokens, width, vocabulary, parameters;
};
constexpr Size kSizes[] = {{"nano", 1024, 64, 256, 120'000},
                           {"lesson", 4096, 128, 512, 900'000},
                           {"mini", 4096, 384, 2048, 11'500'000},
                           {"gpt2", 256, 768, 50304, 124'000'000}};

Tensor numbers(const Shape& shape) { return tensor::normal(shape, 0, 1, 1, 1); }
Tensor some_ids(const Size& s) {
  const Tensor values = tensor::uniform({s.tokens}, 0, double(s.vocabulary), 1, 2);
  Tensor ids = Tensor::empty({s.tokens}, DType::kInt32);
  for (std::int64_t i = 0; i < s.tokens; ++i) {
    ids.data<std::int32_t>()[i] = std::int32_t(values.data<float>()[i]);
  }
  return ids;
}

void report_bytes(State& state, double numbers_moved) {
  state.counters["GB/s"] =
      Counter(4e-9 * numbers_moved * double(state.iterations()), Counter::kIsRate);
}

void copy(State& state, Size) {
  const std::int64_t n = 1 << 26;
  const Tensor from = Tensor::zeros({n}), to = Tensor::zeros({n});
  for (auto _ : state) cpu::scaled_copy<float>(to.data<float>(), false, 1, from.data<float>(), n);
  report_bytes(state, 2.0 * n);
}

void head(State& state, Size s) {
  const Tensor x = numbers({s.tokens, s.width}), weight = numbers({s.vocabulary, s.width});
  const tensor::Targets targets{some_ids(s), {}, 0};
  const Tensor dx = Tensor::zeros(x.shape()), dweight = Tensor::zeros(weight.shape());
  for (auto _ : state) {
    const auto r = tensor::linear_cross_entropy("bench", x, weight, targets, true, true);
    dx.fill_(0);
    tensor::scatter_rows_add(dx, r.dx, r.rows, 0.5);
    tensor::scaled_into(dweight, false, 0.5, r.dweight);
  }
  state.counters["GFLOP/s"] =
      Counter(6e-9 * double(s.tokens * s.width) * double(s.vocabulary) * double(state.iterations()),
              Counter::kIsRate);
}

// What a chunk's logits go through between the products.
void loss_in_place(State& state, Size s) {
  const std::int64_t rows = std::min(s.tokens, tensor::head_chunk_rows(s.vocabulary));
  const Tensor logits = numbers({rows, s.vocabulary}), loss = Tensor::empty({rows});
  const Tensor ids = some_ids(s);
  const cpu::CrossEntropyRows<float> targets{ids.data<std::int32_t>(), nullptr, 0};
  for (auto _ : state) {
    cpu::cross_entropy_in_place<float>(loss.data<float>(), logits.view<float>(), targets);
  }
  state.counters["ns/logit"] =
      Counter(1e-9 * double(rows * s.vocabulary) * double(state.iterations()),
              Counter::kIsRate | Counter::kInvert);
}

void embedding(State& state, Size s) {
  const Tensor table = numbers({s.vocabulary, s.width}), ids = some_ids(s);
  for (auto _ : state) benchmark::DoNotOptimize(tensor::gather_rows("bench", table, ids));
  report_bytes(state, 2.0 * double(s.tokens * s.width));
}

void embedding_backward(State& state, Size s) {
  const Tensor dtable = numbers({s.vocabulary, s.width}), dout = numbers({s.tokens, s.width});
  const Tensor ids = some_ids(s);
  for (auto _ : state) tensor::scatter_rows_add(dtable, dout, ids);
  report_bytes(state, 3.0 * double(s.tokens * s.width));
}

void dropout(State& state, Size s) {
  const Tensor x = numbers({s.tokens, s.width}), y = Tensor::empty(x.shape());
  for (auto _ : state) {
    cpu::dropout<float>(y.data<float>(), false, x.data<float>(), x.numel(), 1u << 30, 4.f / 3, 1,
                        2);
  }
  report_bytes(state, 2.0 * double(x.numel()));
}

void adamw(State& state, Size s) {
  const Shape shape{s.parameters};
  const Tensor w = numbers(shape), g = numbers(shape), m = Tensor::zeros(shape),
               v = Tensor::zeros(shape);
  for (auto _ : state) tensor::adamw_step(w, m, v, g, {.weight_decay = 0.1});
  report_bytes(state, 7.0 * double(s.parameters));
}

void sgd(State& state, Size s) {
  const Shape shape{s.parameters};
  const Tensor w = numbers(shape), g = numbers(shape), b = Tensor::zeros(shape);
  for (auto _ : state) tensor::sgd_step(w, b, g, {.momentum = 0.9});
  report_bytes(state, 5.0 * double(s.parameters));
}

void norm(State& state, Size s) {
  const Tensor g = numbers({s.parameters});
  for (auto _ : state) benchmark::DoNotOptimize(tensor::sum_of_squares(g));
  report_bytes(state, double(s.parameters));
}

void add(const std::string& name, void (*run)(State&, Size), const Size& size) {
  for (const int thread_count : {1, 2}) {
    const std::string full = name + "/" + size.name + "/threads:" + std::to_string(thread_count);
    benchmark::RegisterBenchmark(full.c_str(),
                                 [=](State& state) {
                                   set_threads(thread_count);
                                   run(state, size);
                                 })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace pupil

int main(int argc, char** argv) {
  using namespace pupil;
  add("copy", copy, {"256MiB", 0, 0, 0, 0});
  for (const Size& size : kSizes) {
    add("head", head, size);
    add("loss_in_place", loss_in_place, size);
    add("embedding", embedding, size);
    add("embedding_backward", embedding_backward, size);
    add("dropout", dropout, size);
    add("adamw", adamw, size);
    add("sgd", sgd, size);
    add("norm", norm, size);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
