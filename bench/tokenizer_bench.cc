// Byte-pair encoding on one core: MB/s of a text file (BPE_TEXT) with the tokenizer of a folder
// (BPE_TOKENIZER). bench/compare_tokenizers.sh runs it beside other libraries.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "nn/file.h"
#include "sft/bpe_pretokenizer.h"
#include "sft/tokenizer.h"

namespace pupil {
namespace {

using benchmark::Counter;
using benchmark::State;

const char* needed(State& state, const char* name) {
  const char* value = std::getenv(name);
  if (!value) state.SkipWithError("set BPE_TOKENIZER to a tokenizer folder, BPE_TEXT to a text");
  return value;
}

void report(State& state, const std::string& text) {
  state.counters["MB/s"] =
      Counter(1e-6 * double(text.size()) * double(state.iterations()), Counter::kIsRate);
}

/// A fresh tokenizer encodes the text once: what it remembers comes from this text alone.
void encode(State& state) {
  const char *folder = needed(state, "BPE_TOKENIZER"), *path = needed(state, "BPE_TEXT");
  if (!folder || !path) return;
  const std::string text = read_file(path);
  for (auto _ : state) {
    state.PauseTiming();
    const Tokenizer tokenizer = load_tokenizer(folder);
    benchmark::DoNotOptimize(tokenizer.encode(text.substr(0, 1000)).size());
    state.ResumeTiming();
    benchmark::DoNotOptimize(tokenizer.encode(text).size());
  }
  report(state, text);
}

void split(State& state) {
  const char* path = needed(state, "BPE_TEXT");
  if (!path) return;
  const std::string text = read_file(path);
  for (auto _ : state) {
    std::size_t pieces = 0;
    for (std::size_t at = 0; at < text.size(); ++pieces) at = piece_end(text, at);
    benchmark::DoNotOptimize(pieces);
  }
  report(state, text);
}

BENCHMARK(encode)->Unit(benchmark::kMillisecond);
BENCHMARK(split)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pupil

BENCHMARK_MAIN();
