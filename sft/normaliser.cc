#include "sft/normaliser.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "tensor/error.h"

namespace pupil {

Normaliser Normaliser::parse(const std::string& text) {
  if (text == "tokens") return {Kind::kTokens};
  if (text == "examples") return {Kind::kExamples};
  if (text == "microbatch") return {Kind::kMicrobatch};
  constexpr std::string_view kPrefix = "constant:";
  if (text.starts_with(kPrefix)) {
    char* end = nullptr;
    const double k = std::strtod(text.c_str() + kPrefix.size(), &end);
    if (end != text.c_str() + kPrefix.size() && *end == 0 && k > 0 && std::isfinite(k)) {
      return {Kind::kConstant, k};
    }
  }
  throw UsageError(
      fmt::format("unknown normaliser \"{}\"; choose tokens, examples, microbatch or "
                  "constant:K with K above 0",
                  text));
}

std::string Normaliser::str() const {
  switch (kind) {
    case Kind::kTokens:
      return "tokens";
    case Kind::kExamples:
      return "examples";
    case Kind::kMicrobatch:
      return "microbatch";
    case Kind::kConstant:
      return fmt::format("constant:{}", constant);
  }
  return "";
}

double Normaliser::factor(std::span<const Batch> step, std::size_t index) const {
  double targets = 0;
  std::int64_t examples = 0;
  for (const Batch& batch : step) {
    targets += batch.target_weight;
    examples += batch.n_examples;
  }
  const auto one_over = [](double n) { return n > 0 ? 1 / n : 0; };
  switch (kind) {
    case Kind::kTokens:
      return one_over(targets);
    case Kind::kExamples:
      return one_over(double(examples));
    case Kind::kMicrobatch:
      return one_over(step[index].target_weight) * one_over(double(step.size()));
    case Kind::kConstant:
      return one_over(constant * double(examples));
  }
  return 0;
}

}  // namespace pupil
