#include "cli/generation_options.h"

#include <cstdint>

#include "sft/model_template.h"

namespace pupil::cli {

void GenerationOptions::declare(Options& options) {
  options.integer("--max-new-tokens", max_new_tokens, "tokens to make at most")
      .at_least(0)
      .at_most(INT32_MAX)
      .number("--temperature", temperature, "0: always the most probable token")
      .at_least(0)
      .integer("--top-k", top_k, "keep the k most probable tokens (0: all)")
      .at_least(0)
      .number("--top-p", top_p, "keep the most probable tokens of this total mass, in (0, 1]")
      .number("--min-p", min_p, "keep tokens of at least this share of the best one's probability")
      .at_least(0)
      .at_most(1)
      .number("--repetition-penalty", repetition_penalty, "above 1: tokens seen before get rarer")
      .integers("--stop-ids", stop_ids,
                "token ids that end the answer (none: the template's and the model's)")
      .at_least(0)
      .at_most(INT32_MAX)
      .flag("--no-cache", no_cache, "compute every position again for each token");
}

SamplingOptions GenerationOptions::sampling() const {
  SamplingOptions s{.repetition_penalty = repetition_penalty,
                    .temperature = temperature,
                    .top_k = top_k,
                    .top_p = top_p,
                    .min_p = min_p};
  s.check();
  return s;
}

GenerateOptions GenerationOptions::resolve(const ModelInput& input, const std::string& chat_name,
                                           const Common& common) const {
  GenerateOptions g;
  g.max_new_tokens = max_new_tokens;
  g.sampling = sampling();
  g.seed = std::uint64_t(common.seed);
  g.use_cache = !no_cache;
  for (const std::int64_t id : stop_ids) g.stop_ids.push_back(std::int32_t(id));
  if (!stop_ids.empty()) return g;
  if (!chat_name.empty() && input.tokenizer) {
    g.stop_ids = template_named(chat_name, &*input.tokenizer).stop_ids(*input.tokenizer);
  } else if (input.tokenizer && input.tokenizer->eos()) {
    g.stop_ids = {*input.tokenizer->eos()};
  } else if (input.folder.eos_id) {
    g.stop_ids = {*input.folder.eos_id};
  }
  // Where the model's folder names several, it ends its answers by any of them.
  if (!input.folder.further_eos_ids.empty()) {
    const auto& further = input.folder.further_eos_ids;
    g.stop_ids.push_back(*input.folder.eos_id);
    g.stop_ids.insert(g.stop_ids.end(), further.begin(), further.end());
  }
  return g;
}

}  // namespace pupil::cli
