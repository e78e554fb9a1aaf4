// Settings, hashes and environment: what is needed to repeat the run and to know that it is the
// same.
#include <fmt/format.h>

#include <iterator>

#include "cli/report/html.h"
#include "cli/report/lookup.h"
#include "cli/report/sections.h"
#include "cli/run_record.h"

namespace pupil::cli {
namespace {

std::string entry(const std::string& name, const std::string& value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(name), escape_html(value));
}

}  // namespace

std::string report_settings(const DemoResult& result) {
  const DemoOptions& o = result.options;
  std::string html = "<section>\n<h2>Settings and hashes</h2>\n<dl>\n";
  html += entry("seed", std::to_string(o.seed));
  html += entry("pretraining",
                fmt::format("{} steps of {} documents, learning rate {}", grouped(o.pretrain_steps),
                            o.pretrain_rows, short_number(o.pretrain_lr)));
  html +=
      entry("fine-tuning", fmt::format("{} steps of {} questions, learning rate {}",
                                       grouped(o.sft_steps), o.sft_rows, short_number(o.sft_lr)));
  html += entry("LoRA", fmt::format("rank {}, alpha {}, learning rate {}", o.lora_rank,
                                    short_number(o.lora_alpha), short_number(o.lora_lr)));
  const nlohmann::ordered_json environment = environment_record();
  for (const auto& [name, value] : environment.items()) {
    html += entry(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  html +=
      "</dl>\n<h3>SHA-256 of the weights <span class=\"note\">an adapter: of the frozen model "
      "below it</span></h3>\n<dl>\n";
  for (const DemoStage& stage : result.stages) {
    fmt::format_to(std::back_inserter(html), "<dt>{}</dt><dd><code>{}</code></dd>\n",
                   escape_html(stage_title(stage)), escape_html(stage.weights_sha256));
  }
  const std::string out = escape_html(o.out);
  return html +
         fmt::format(
             "</dl>\n<h3>Try it</h3>\n<pre>./pupil chat --model {0}/sft\n"
             "./pupil chat --model {0}/base --adapter {0}/lora\n"
             "./pupil eval --model {0}/sft --suite microworld --world {1}</pre>\n</section>\n",
             out, o.seed);
}

}  // namespace pupil::cli
