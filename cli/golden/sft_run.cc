// Family sft, run/: supervised fine-tuning step by step, with a schedule, accumulation and a last
// step of one micro-batch. What TRL's trainer gave in float32 stands beside, at float32's
// agreement.
#include <fmt/format.h>

#include "cli/golden/files.h"
#include "cli/golden/model.h"
#include "cli/golden/sft.h"
#include "nn/model_folder.h"
#include "sft/example_data.h"
#include "sft/render.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

// Adam amplifies rounding noise where the true gradient is 0: the key part of c_attn.bias.
constexpr Tolerance kTrainedTolerance{1e-9, 1e-9};
constexpr Tolerance kTrlTolerance{1e-5};

struct Settings {
  TrainOptions options;
  std::int64_t micro_batch = 0, accumulate = 0;
};

Settings settings_of(const std::string& dir) {
  const std::string path = dir + "/expected.json";
  const Json file = read_json(path);
  const Json& s = file.at("settings");
  if (s.at("optimizer") != "AdamW" || s.at("order") != "file" ||
      !s.at("normaliser").get<std::string>().starts_with("tokens")) {
    throw InputError(path + ": settings ask for another run than AdamW, order file, tokens");
  }
  Settings settings;
  settings.micro_batch = s.at("micro_batch");
  settings.accumulate = s.at("accumulate");
  TrainOptions& o = settings.options;
  o.steps = s.at("steps");
  o.schedule = {.kind = schedule_kind(s.at("schedule").get<std::string>()),
                .peak = s.at("peak_lr"),
                .steps = o.steps,
                .warmup = s.at("warmup")};
  o.adamw = {.beta1 = s.at("betas").at(0),
             .beta2 = s.at("betas").at(1),
             .eps = s.at("eps"),
             .weight_decay = s.at("weight_decay")};
  o.step.clip = s.at("clip");
  return settings;
}

Training run(const std::string& dir) {
  const Settings settings = settings_of(dir);
  Gpt gpt = load_model(dir + "/model", DType::kFloat64).gpt;
  std::vector<Example> examples;
  for (const Record& r : read_records(dir + "/data.jsonl")) {
    examples.push_back({r.ids, targets_from(r.labels), {}, {}});
  }
  const ExampleData data(examples, settings.micro_batch, settings.accumulate, ExampleOrder::kFile,
                         /*seed=*/0);
  Training result;
  TrainHooks hooks;
  hooks.batches = [&](std::int64_t number) { return data.step(number); };
  hooks.on_step = [&](std::int64_t step, const StepResult& r, double lr, double) {
    result.numbers.put(fmt::format("loss.{}", step), r.loss);
    result.numbers.put(fmt::format("grad_norm.{}", step), r.grad_norm);
    result.numbers.put(fmt::format("lr.{}", step), lr);
    result.numbers.put(fmt::format("n_targets.{}", step), double(r.n_targets));
  };
  pupil::train(gpt, gpt.parameters(), settings.options, hooks);
  for (const NamedParameter& p : gpt.parameters()) {
    result.tensors.put(p.name, p.variable->value());
  }
  return result;
}

/// `prefix` is "" for the float64 values or "trl_".
Expected expected_steps(const std::string& path, const std::string& prefix, Tolerance tolerance) {
  Expected expected;
  const Json file = read_json(path);
  for (const Json& step : file.at("steps")) {
    const auto number = [&](const std::string& name, const std::string& field, Tolerance t) {
      expected.put(fmt::format("{}.{}", name, step.at("step").get<int>()),
                   step.at(field).get<double>(), t);
    };
    number("loss", prefix + "loss", tolerance);
    number("grad_norm", prefix + "grad_norm", tolerance);
    number("lr", "lr", {1e-12});
    number("n_targets", "n_targets", {});
  }
  return expected;
}

}  // namespace

void add_sft_run(std::vector<Case>& cases, const std::string& dir) {
  const std::string steps = dir + "/expected.json", trained = dir + "/expected_trained.safetensors";
  const auto numbers = [=] { return run(dir).numbers; };
  cases.push_back(
      {"sft", "run", numbers, [=] { return expected_steps(steps, "", kModelTolerance); }, {}});
  cases.push_back({"sft",
                   "run beside TRL (float32)",
                   numbers,
                   [=] { return expected_steps(steps, "trl_", kTrlTolerance); },
                   {}});
  cases.push_back({"sft",
                   "run, trained",
                   [=] { return run(dir).tensors; },
                   [=] { return expected_tensors(trained, kTrainedTolerance); },
                   {}});
}

}  // namespace pupil::golden
