#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/next_command.h"
#include "cli/progress.h"
#include "cli/run_record.h"
#include "sft/evaluation.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::string out = "demo";
  bool quick = false;
};

void print_stage(const DemoStage& s) {
  fmt::print("{:<7} {}\n", s.name, s.purpose);
  fmt::print(
      "        {} of {} parameters trained on {} tokens in {:.1f} s ({:.0f} tokens/s), loss "
      "{:.3f}\n",
      s.trained, s.parameters, s.tokens, s.seconds, double(s.tokens) / s.seconds,
      s.losses.empty() ? 0.0 : s.losses.back());
  for (std::size_t i = 0; i < 2 && i < s.samples.size(); ++i) {
    fmt::print("        {} -> {}\n", s.samples[i].prompt, s.samples[i].answer);
  }
  std::fflush(stdout);
}

std::string cell(const DemoStage& stage, const char* slice, const char* metric) {
  for (const microworld::Metric& m : stage.metrics) {
    if (m.slice == slice && m.metric == metric) {
      return fmt::format("{:.3f} [{:.2f}, {:.2f}]", m.value, m.low, m.high);
    }
  }
  return "";
}

void print_table(const DemoResult& result) {
  constexpr struct {
    const char *title, *slice, *metric, *chance;
  } kRows[] = {{"held-out questions right", "held-out", "accuracy", "0.062"},
               {"  some value of the relation", "held-out", "shape", ""},
               {"  ends by itself", "held-out", "stop", ""},
               {"unknown names right", "unknown", "accuracy", "0.062"},
               {"another question after one", "base", "another_question", ""},
               {"answer anywhere after one", "base", "contains_answer", ""},
               {"cloze (facts recited)", "cloze", "cloze", "0.062"},
               {"NLL of fresh documents", "corpus", "corpus_nll", ""}};
  fmt::print("\n{:<30}", "value [95 % interval]");
  for (const DemoStage& s : result.stages) fmt::print("{:<22}", s.name);
  fmt::print("chance\n");
  for (const auto& row : kRows) {
    fmt::print("{:<30}", row.title);
    for (const DemoStage& s : result.stages) fmt::print("{:<22}", cell(s, row.slice, row.metric));
    fmt::print("{}\n", row.chance);
  }
}

const microworld::Metric* held_out_accuracy(const DemoStage& stage) {
  for (const microworld::Metric& m : stage.metrics) {
    if (m.slice == "held-out" && m.metric == "accuracy") return &m;
  }
  return nullptr;
}

// The command that opens a chat with the better of the two tuned models: after a short
// pretraining, fine-tuning of all weights remembers less than an adapter does.
std::string talk(const DemoResult& result) {
  double sft = 0, lora = 0;
  for (const DemoStage& stage : result.stages) {
    const microworld::Metric* right = held_out_accuracy(stage);
    if (right && stage.name == "sft") sft = right->value;
    if (right && stage.name == "lora") lora = right->value;
  }
  const auto folder = [&](const char* name) { return shell_word(result.options.out + name); };
  const std::string models =
      sft < lora ? folder("/base") + " --adapter " + folder("/lora") : folder("/sft");
  return fmt::format("Talk to the {} model, right in {:.0f} % of cases: ./pupil chat --model {}",
                     sft < lora ? "lora" : "sft", 100 * std::max(sft, lora), models);
}

int demo(const Settings& s, const Common& common) {
  DemoOptions options;
  options.out = s.out;
  options.seed = std::uint64_t(common.seed);
  if (s.quick) options.pretrain_steps = 600, options.sft_steps = 80;
  std::unique_ptr<Progress> bar;
  std::string stage_name;
  const auto progress = [&](const DemoStage& stage, std::int64_t step, std::int64_t steps,
                            double loss) {
    if (stage.name != stage_name) {
      stage_name = stage.name;
      bar = std::make_unique<Progress>(common, stage.name, steps);
    }
    bar->step(step, fmt::format("loss {:.3f}", loss));
  };
  bool has_model = false;
  const auto on_stage = [&](const DemoStage& stage) {
    bar.reset();
    has_model = true;
    if (!common.json) print_stage(stage);
  };
  watch_interrupt();
  DemoResult result;
  try {
    result = run_demo(options, progress, on_stage);
  } catch (const Interrupted&) {
    bar.reset();
    log_line(common, has_model ? fmt::format("interrupted; there is no report, but the models made "
                                             "so far are in {}",
                                             s.out)
                               : "interrupted; nothing was kept");
    throw;
  }
  write_demo_results(result);
  write_demo_report(result);
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"results", s.out + "/results.json"},
                                              {"report", s.out + "/report.html"},
                                              {"seconds", result.seconds}}
                           .dump());
    return 0;
  }
  print_table(result);
  fmt::print("\n{:.0f} s in all. Report: {}/report.html\n", result.seconds, s.out);
  if (s.quick) fmt::print("--quick trains a quarter: the knowledge is there, answers are worse.\n");
  fmt::print("{}\n", talk(result));
  return 0;
}

}  // namespace

Command demo_command() {
  return {"demo", "See what supervised fine-tuning does: base, SFT and LoRA on a small world.",
          "./pupil demo", [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options.text("--out", s->out, "folder for models and report")
                .flag("--quick", s->quick, "a quarter of the training");
            return [s, &common] { return demo(*s, common); };
          }};
}

}  // namespace pupil::cli
