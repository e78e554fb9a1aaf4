#include "sft/answer_evaluation.h"

#include <algorithm>

#include "nn/generate.h"

namespace pupil {
namespace {

constexpr std::size_t kRowsAtOnce = 32;

std::vector<std::int32_t> prompt_of(const Rendered& record) {
  const auto first = std::find(record.mask.begin(), record.mask.end(), std::uint8_t{1});
  return {record.ids.begin(), record.ids.begin() + (first - record.mask.begin())};
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

std::vector<microworld::Metric> evaluate_answers(const Gpt& gpt, const Tokenizer& tokenizer,
                                                 std::span<const Rendered> records,
                                                 const std::vector<std::int32_t>& stop_ids,
                                                 std::int64_t limit) {
  std::vector<std::vector<std::int32_t>> prompts;
  for (const Rendered& record : records) {
    auto prompt = prompt_of(record);
    const bool fits = !prompt.empty() && std::int64_t(prompt.size()) < gpt.config().context;
    if (fits) prompts.push_back(std::move(prompt));
  }
  GenerateOptions options;
  options.max_new_tokens = limit;
  options.stop_ids = stop_ids;
  std::int64_t stopped = 0, empty = 0;
  std::vector<double> lengths;
  for (std::size_t begin = 0; begin < prompts.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(prompts.size(), begin + kRowsAtOnce);
    const std::vector<std::vector<std::int32_t>> part(prompts.begin() + std::ptrdiff_t(begin),
                                                      prompts.begin() + std::ptrdiff_t(end));
    for (const Generated& answer : generate(gpt, part, options)) {
      const std::string text = tokenizer.decode(answer.ids, /*show_specials=*/false);
      stopped += answer.finish == Finish::kStop;
      empty += is_blank(text);
      lengths.push_back(double(text.size()));
    }
  }
  std::sort(lengths.begin(), lengths.end());
  const auto n = std::int64_t(lengths.size());
  const auto at = [&](double share) {
    return lengths.empty() ? 0.0 : lengths[std::size_t(share * double(lengths.size() - 1))];
  };
  // The middle half of the lengths stands where a share has its interval.
  return {microworld::share("answers", "stop", stopped, n),
          microworld::share("answers", "empty", empty, n),
          {"answers", "median_length", at(0.5), at(0.25), at(0.75), n}};
}

}  // namespace pupil
