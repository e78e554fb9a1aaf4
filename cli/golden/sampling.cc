// Family sampling: the filtered distribution of the next token.
#include <fmt/format.h>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "nn/sampling.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

constexpr Tolerance kTolerance{1e-10};

SamplingOptions options_of(const Json& json) {
  SamplingOptions options;
  for (const auto& [name, value] : json.items()) {
    if (name == "repetition_penalty") {
      options.repetition_penalty = value;
    } else if (name == "temperature") {
      options.temperature = value;
    } else if (name == "top_k") {
      options.top_k = value;
    } else if (name == "top_p") {
      options.top_p = value;
    } else if (name == "min_p") {
      options.min_p = value;
    } else {
      throw InputError("this engine has no sampling option " + name);
    }
  }
  return options;
}

Values distribution(const Json& inputs) {
  Values values;
  values.put("probabilities",
             next_token_distribution(inputs.at("logits").get<std::vector<double>>(),
                                     inputs.at("previous_ids").get<std::vector<std::int32_t>>(),
                                     options_of(inputs.at("options"))));
  return values;
}

}  // namespace

std::vector<Case> sampling_cases(const std::string& dir) {
  const std::string path = dir + "/cases.jsonl";
  std::vector<Case> cases;
  std::size_t i = 0;
  for (Json inputs : read_json_lines(path)) {
    inputs.erase("probabilities");
    cases.push_back(
        {"sampling",
         fmt::format("line {}", i + 1),
         [=] { return distribution(inputs); },
         [=] {
           Expected expected;
           expected.put("probabilities",
                        read_json_lines(path).at(i).at("probabilities").get<std::vector<double>>(),
                        kTolerance);
           return expected;
         },
         {}});
    ++i;
  }
  return cases;
}

}  // namespace pupil::golden
