#include "cli/sft_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/counted.h"
#include "cli/next_command.h"

namespace pupil::cli {
namespace {

// Chat where the records were conversations; ids and plain text are continued.
void suggest_talk(const SftSettings& s, const Common& common, const SftOutcome& outcome) {
  std::string models = "--model " + shell_word(outcome.adapter ? s.model.model : s.out);
  if (outcome.adapter) models += " --adapter " + shell_word(s.out);
  if (outcome.talks) {
    suggest(common, "chat " + models);
  } else if (outcome.tokenizer) {
    suggest(common, fmt::format("generate {} --prompt TEXT", models));
  } else {
    suggest(common, fmt::format("generate {} --ids 1,2,3", models));
  }
}

}  // namespace

void report_training(const SftSettings& s, const Common& common, const TrainResult& result,
                     const SftOutcome& outcome) {
  if (common.json) {
    nlohmann::ordered_json line = {{"steps", result.steps}, {"loss", result.last.loss}};
    if (result.evaluation) line["val_loss"] = result.evaluation->loss;
    if (result.best) {
      line["best_val_loss"] = result.best->loss;
      line["best_step"] = result.best->step;
    }
    line["stopped_early"] = result.stopped_early;
    line["seconds"] = result.seconds;
    fmt::print("{}\n", line.dump());
    return;
  }
  fmt::print(
      "{} in {:.1f} s, loss {:.4f}{}{}\n{} in {}\n", counted(result.steps, "step"), result.seconds,
      result.last.loss,
      result.evaluation ? fmt::format(", evaluation loss {:.4f}", result.evaluation->loss) : "",
      result.stopped_early ? ", stopped early" : "", outcome.adapter ? "adapter" : "model", s.out);
  if (result.best) {
    fmt::print("best evaluation loss {:.4f} after step {}: {}\n", result.best->loss,
               result.best->step, outcome.best_folder);
  }
  suggest_talk(s, common, outcome);
}

}  // namespace pupil::cli
