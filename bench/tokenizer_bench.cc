// Byte-pair encoding on one core: MB/s of text, with the tokenizer of a folder (BPE_TOKENIZER) on a
// text file (BPE_TEXT), and on the same text with every second word replaced by random letters.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
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

/// 10 MB of the text, repeated.
std::string long_text(const char* path) {
  const std::string once = read_file(path) + "\n";
  std::string text;
  while (text.size() < 10'000'000) text += once;
  return text;
}

std::string with_unseen_words(const std::string& text) {
  std::mt19937 random(1);
  std::string result;
  bool replace = false;
  for (std::size_t begin = 0; begin < text.size(); replace = !replace) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (replace) {
      for (int n = 3 + int(random() % 8); n > 0; --n) result += char('a' + random() % 26);
    } else {
      result += text.substr(begin, end - begin);
    }
    result += ' ';
    begin = end + 1;
  }
  return result;
}

void report(State& state, const std::string& text) {
  state.counters["MB/s"] =
      Counter(1e-6 * double(text.size()) * double(state.iterations()), Counter::kIsRate);
}

void encode(State& state, std::string (*change)(const std::string&)) {
  const char *folder = needed(state, "BPE_TOKENIZER"), *path = needed(state, "BPE_TEXT");
  if (!folder || !path) return;
  const Tokenizer tokenizer = load_tokenizer(folder);
  const std::string text = change(long_text(path));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(text).size());
  report(state, text);
}

void split(State& state) {
  const char* path = needed(state, "BPE_TEXT");
  if (!path) return;
  const std::string text = long_text(path);
  for (auto _ : state) {
    std::size_t pieces = 0;
    for (std::size_t at = 0; at < text.size(); ++pieces) at = piece_end(text, at);
    benchmark::DoNotOptimize(pieces);
  }
  report(state, text);
}

BENCHMARK_CAPTURE(encode, plain, [](const std::string& text) { return text; });
BENCHMARK_CAPTURE(encode, half_unseen, with_unseen_words);
BENCHMARK(split);

}  // namespace
}  // namespace pupil

BENCHMARK_MAIN();
