// The mask, and what each model wrote.
#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"
#include "microworld/vocabulary.h"

namespace pupil::cli {
namespace {

// Words as tokens, each with its bit of the mask below.
std::string masked_tokens(const std::string& text, int bit) {
  std::string html, token;
  for (std::istringstream words(text); words >> token;) {
    html += fmt::format("<span class=\"token m{0}\"><span>{1}</span><sub>{0}</sub></span> ", bit,
                        escape_html(token));
  }
  return html;
}

std::string mask_picture(const DemoResult& result) {
  const DemoStage* sft = find_stage(result, "sft");
  if (!sft || sft->samples.empty()) return "";
  const DemoSample& sample = sft->samples.front();
  return fmt::format(
      "<figure><p class=\"tokens\">{}{}</p><figcaption>The mask of a question with its answer, as "
      "fine-tuning sees such records: the loss counts tokens marked 1 only, {} of all tokens in "
      "training. The base model never saw the tokens of the chat template.</figcaption></figure>\n",
      masked_tokens(sample.prompt, 0),
      masked_tokens(sample.truth + " " + std::string(microworld::word(microworld::kEnd)), 1),
      percent(sft->mask_share));
}

std::string sample_item(const DemoSample& sample) {
  return fmt::format(
      "<li><span class=\"prompt\">{}</span> <span class=\"answer {}\">{}</span> <span "
      "class=\"verdict {}\">{}</span></li>\n",
      escape_html(sample.prompt), sample.right ? "right" : "wrong",
      sample.answer.empty() ? "(nothing)" : escape_html(sample.answer),
      sample.right ? "right" : "wrong",
      sample.right ? "\u2713" : "\u2717 truth: " + escape_html(sample.truth));
}

}  // namespace

std::string report_samples(const DemoResult& result) {
  std::string html =
      "<section>\n<h2>What the models wrote</h2>\n" + mask_picture(result) +
      "<p class=\"legend\">Below: <span class=\"prompt\">grey: the prompt, given</span> \u00b7 "
      "<span class=\"answer right\">underlined: written by the model, right</span> <span "
      "class=\"verdict right\">\u2713</span> \u00b7 <span class=\"answer wrong\">dotted: written "
      "by "
      "the model, wrong</span> <span class=\"verdict wrong\">\u2717</span> with the truth behind. "
      "Greedy decoding.</p>\n";
  auto out = std::back_inserter(html);
  for (const DemoStage& stage : result.stages) {
    fmt::format_to(out, "<h3>{} <span class=\"note\">{}</span></h3>\n<ul class=\"samples\">\n",
                   escape_html(stage_title(stage)), escape_html(stage.purpose));
    for (const DemoSample& sample : stage.samples) html += sample_item(sample);
    html += "</ul>\n";
  }
  return html + "</section>\n";
}

}  // namespace pupil::cli
