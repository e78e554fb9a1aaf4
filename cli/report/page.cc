// The page: order of the sections, summary and claims.
#include <fmt/format.h>

#include <iterator>

#include "cli/report/claims.h"
#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"
#include "microworld/vocabulary.h"
#include "nn/file.h"

namespace pupil::cli {
namespace {

std::string pretraining_sentences(const DemoStage& base) {
  return fmt::format(
      "A GPT of {} parameters read {} tokens of short biographies in {} ({} tokens a second). "
      "Afterwards it recited {} of their facts. Asked for one of them in a plain question, it went "
      "on with another question in {} of cases; the answer stood somewhere in what it wrote in {}.",
      grouped(base.parameters), grouped(base.tokens), duration(base.seconds),
      per_second(double(base.tokens), base.seconds),
      share_text(find_metric(&base, "cloze", "cloze")),
      share_text(find_metric(&base, "base", "another_question")),
      share_text(find_metric(&base, "base", "contains_answer")));
}

std::string tuning_sentences(const DemoStage& sft) {
  const microworld::Metric* trained = find_metric(&sft, "trained", "accuracy");
  const microworld::Metric* held_out = find_metric(&sft, "held-out", "accuracy");
  return fmt::format(
      "Then {} steps of supervised fine-tuning with a mask ({}) on {} questions with their answers "
      "made of it a model that answers {} of the {} held-out questions correctly and ends {} of "
      "its "
      "answers by itself.",
      grouped(std::int64_t(sft.losses.size())), duration(sft.seconds),
      trained ? grouped(trained->n) : "a few", share_with_interval(held_out),
      held_out ? grouped(held_out->n) : "", share_text(find_metric(&sft, "held-out", "stop")));
}

}  // namespace

std::string report_summary(const DemoResult& result) {
  std::string text;
  const DemoStage *base = find_stage(result, "base"), *sft = find_stage(result, "sft");
  const DemoStage *lora = find_stage(result, "lora"), *random = find_stage(result, "random");
  if (base) text += pretraining_sentences(*base) + " ";
  if (sft) text += tuning_sentences(*sft) + " ";
  if (lora) {
    text += fmt::format(
        "A low-rank adapter that trains {} parameters ({} of the model's) reached {}. ",
        grouped(lora->trained), percent(double(lora->trained) / double(lora->parameters)),
        share_with_interval(find_metric(lora, "held-out", "accuracy")));
  }
  if (random) {
    text += fmt::format(
        "The same fine-tuning without pretraining reached {}; picking one of the {} values at "
        "random gives {}.",
        share_with_interval(find_metric(random, "held-out", "accuracy")), microworld::kValues,
        chance_text());
  }
  return fmt::format("<p class=\"summary\">{}</p>\n", text);
}

std::string report_claims(const DemoResult& result) {
  std::string html =
      "<section>\n<h2>What was to be shown</h2>\n<p>Each claim with the bounds it has to keep, set "
      "before the run, and what this run measured.</p>\n<ol class=\"claims\">\n";
  auto out = std::back_inserter(html);
  for (const Claim& claim : demo_claims(result)) {
    fmt::format_to(out,
                   "<li class=\"{}\"><strong>{}</strong> <span class=\"verdict\">{}</span><br>",
                   claim.holds() ? "holds" : "fails", claim.sentence,
                   claim.holds() ? "\u2713 holds" : "\u2717 not in this run");
    const char* separator = "";
    for (const Condition& c : claim.conditions) {
      fmt::format_to(out, "{}{}: <b>{}</b> <span class=\"bound\">(needs {} {:.0f}\u00a0%)</span>",
                     separator, c.what, percent(c.value), c.above ? "&gt;" : "&lt;", 100 * c.bound);
      separator = " \u00b7 ";
    }
    html += "</li>\n";
  }
  return html + "</ol>\n</section>\n";
}

std::string demo_report_html(const DemoResult& result) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>What supervised fine-tuning does</title>\n<style>" +
      report_css() +
      "</style>\n</head>\n<body>\n<main>\n<h1>Supervised fine-tuning teaches a model to answer; "
      "what "
      "it answers with, it learned before</h1>\n";
  for (const auto section : {report_summary, report_claims, report_accuracy, report_samples,
                             report_losses, report_costs, report_caveats, report_settings}) {
    html += section(result);
  }
  return html + "</main>\n</body>\n</html>\n";
}

void write_demo_report(const DemoResult& result) {
  write_file(result.options.out + "/report.html", demo_report_html(result));
  write_file(result.options.out + "/accuracy.svg", accuracy_picture(result));
}

}  // namespace pupil::cli
