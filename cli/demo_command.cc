#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/demo.h"
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
  watch_interrupt();
  const DemoResult result = run_demo(options, progress, [&](const DemoStage& stage) {
    bar.reset();
    if (!common.json) print_stage(stage);
  });
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
  fmt::print("Talk to it: ./pupil chat --model {}/sft\n", s.out);
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
