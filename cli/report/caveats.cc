// What could fool you: each warning with the numbers of this run that show why.
#include <fmt/format.h>

#include <iterator>

#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"

namespace pupil::cli {
namespace {

std::string shape_is_not_knowledge(const DemoResult& result) {
  const DemoStage *random = find_stage(result, "random"), *sft = find_stage(result, "sft");
  return fmt::format(
      "<b>Shape is not knowledge.</b> The model fine-tuned from random weights gives an answer of "
      "the right shape in {} of cases and a right one in {}. The SFT model does the same where it "
      "cannot know: about names that no document mentions it still gives some value in {} of "
      "cases, "
      "right in {}. It was never shown that not knowing is an answer.",
      share_text(find_metric(random, "held-out", "shape")),
      share_text(find_metric(random, "held-out", "accuracy")),
      share_text(find_metric(sft, "unknown", "shape")),
      share_text(find_metric(sft, "unknown", "accuracy")));
}

std::string greedy_hides_calibration(const DemoResult& result) {
  std::string list;
  for (const DemoStage& stage : result.stages) {
    const microworld::Metric* p = find_metric(&stage, "held-out", "p_end");
    if (!p) continue;
    list += fmt::format("{}{}: stop {}, mean p(end) {}", list.empty() ? "" : "; ",
                        escape_html(stage_title(stage)),
                        share_text(find_metric(&stage, "held-out", "stop")), fixed(p->value, 3));
  }
  return fmt::format(
      "<b>Greedy decoding hides calibration.</b> A model can stop every time although it gives the "
      "end token a probability of .4 after the answer: nothing else was more probable. Sampling "
      "would show it. Measured here: {}.",
      list.empty() ? "\u2013" : list);
}

std::string small_sets(const DemoResult& result) {
  const microworld::Metric* sft = find_metric(find_stage(result, "sft"), "held-out", "accuracy");
  const microworld::Metric* lora = find_metric(find_stage(result, "lora"), "held-out", "accuracy");
  std::string comparison;
  if (sft && lora) {
    const bool overlap = sft->low <= lora->high && lora->low <= sft->high;
    comparison =
        fmt::format(" SFT {} and LoRA {} {}.", share_with_interval(sft), share_with_interval(lora),
                    overlap ? "overlap: this run does not say which is better"
                            : "do not overlap; other learning rates may turn the order round");
  }
  return fmt::format(
      "<b>The held-out set is small.</b> {} questions leave an interval of several points; the "
      "true one is wider, since eight questions share each name and are not independent.{}",
      sft ? grouped(sft->n) : "Few", comparison);
}

std::string one_seed(const DemoResult& result) {
  return fmt::format(
      "<b>One seed.</b> World, first weights and the order of the data come from seed {}. The "
      "intervals say nothing about how much another seed would change; repeat with <code>--seed "
      "{}</code> before you believe a difference of a few points.",
      result.options.seed, result.options.seed + 1);
}

std::string forgetting(const DemoResult& result) {
  std::string list;
  for (const DemoStage& stage : result.stages) {
    const microworld::Metric* nll = find_metric(&stage, "corpus", "corpus_nll");
    if (!nll || stage.name == "random") continue;
    list += fmt::format("{}{} {} nats, cloze {}", list.empty() ? "" : "; ",
                        escape_html(stage_title(stage)), fixed(nll->value, 3),
                        share_text(find_metric(&stage, "cloze", "cloze")));
  }
  return fmt::format(
      "<b>A gain on one measure can hide a loss on another.</b> Watch what the model could do "
      "before: fresh documents and facts recited, {}.",
      list.empty() ? "\u2013" : list);
}

}  // namespace

std::string report_caveats(const DemoResult& result) {
  std::string html = "<section>\n<h2>What could fool you</h2>\n<ul class=\"caveats\">\n";
  for (const auto caveat :
       {shape_is_not_knowledge, greedy_hides_calibration, small_sets, one_seed, forgetting}) {
    html += "<li>" + caveat(result) + "</li>\n";
  }
  return html +
         "<li><b>Losses of different masks are different quantities.</b> Pretraining averages over "
         "every token, fine-tuning over the answers alone: do not compare the two plots.</li>\n"
         "</ul>\n</section>\n";
}

}  // namespace pupil::cli
