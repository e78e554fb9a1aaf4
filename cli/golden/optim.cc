// Family optim: learning rates of schedules, runs of optimizers, clipping.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

constexpr Tolerance kTolerance{1e-12};
constexpr int kStepsBeyondTheEnd = 3;

// ---- schedules ----------------------------------------------------------------------------------

// transformers' names for our schedules.
Schedule schedule_of(const Json& entry) {
  static const std::map<std::string, ScheduleKind> kKinds{
      {"constant", ScheduleKind::kConstant},
      {"constant_with_warmup", ScheduleKind::kConstant},
      {"linear", ScheduleKind::kLinear},
      {"cosine", ScheduleKind::kCosine},
      {"cosine_with_min_lr", ScheduleKind::kCosine},
      {"warmup_stable_decay", ScheduleKind::kWsd}};
  const std::string name = entry.at("name");
  if (!kKinds.contains(name)) throw InputError("this engine has no schedule " + name);
  const Json& options = entry.at("options");
  Schedule schedule{.kind = kKinds.at(name), .peak = entry.at("peak_lr")};
  schedule.steps = entry.at("steps");
  schedule.warmup = entry.at("warmup");
  schedule.min_ratio = options.value("min_lr_rate", options.value("min_lr_ratio", 0.0));
  schedule.decay = options.value("num_decay_steps", std::int64_t(-1));
  return schedule;
}

Values rates(const Schedule& schedule) {
  std::vector<double> lr;
  for (std::int64_t k = 0; k < schedule.steps + kStepsBeyondTheEnd; ++k) {
    lr.push_back(schedule.rate(k));
  }
  Values values;
  values.put("lr", lr);
  return values;
}

// ---- parameters with given values and gradients -------------------------------------------------

// The tensors PREFIX0, PREFIX1, ... of a file, as parameters in an arena.
struct Parameters {
  Parameters(const InputTensors& file, const std::string& prefix) {
    for (int i = 0; file.contains(prefix + std::to_string(i)); ++i) {
      variables.push_back(parameter(file.f64(prefix + std::to_string(i)), std::to_string(i)));
    }
    for (Variable& v : variables) named.push_back({v.leaf()->name, &v});
  }
  void set_grad(std::size_t i, const Tensor& grad) {
    Leaf& leaf = *variables[i].leaf();
    leaf.grad.copy_(grad);
    leaf.has_grad = true;
  }
  std::vector<Variable> variables;
  std::vector<NamedParameter> named;
};

// ---- runs of optimizers -------------------------------------------------------------------------

template <class Optimizer, class Options>
Values run(const std::string& path, const Options& options, double lr) {
  const InputTensors file(path, {"param.", "grad."});
  Parameters parameters(file, "param.");
  ParameterArena arena(parameters.named, /*decay_all=*/true);
  Optimizer optimizer(arena, options);
  Values values;
  for (int step = 0; file.contains(fmt::format("grad.{}.0", step)); ++step) {
    for (std::size_t i = 0; i < parameters.variables.size(); ++i) {
      parameters.set_grad(i, file.f64(fmt::format("grad.{}.{}", step, i)));
    }
    optimizer.step(lr);
    for (std::size_t i = 0; i < parameters.variables.size(); ++i) {
      values.put(fmt::format("after.{}.{}", step, i), parameters.variables[i].value());
    }
  }
  return values;
}

Values run_optimizer(const std::string& path, const std::string& name, const Json& o) {
  const double lr = o.at("lr"), decay = o.at("weight_decay");
  if (name.starts_with("adamw")) {
    return run<AdamW>(path,
                      AdamWOptions{.beta1 = o.at("betas").at(0),
                                   .beta2 = o.at("betas").at(1),
                                   .eps = o.at("eps"),
                                   .weight_decay = decay},
                      lr);
  }
  if (name.starts_with("sgd")) {
    return run<Sgd>(
        path,
        SgdOptions{
            .momentum = o.at("momentum"), .weight_decay = decay, .nesterov = o.at("nesterov")},
        lr);
  }
  throw InputError(fmt::format("{}: this engine has no optimizer {}", path, name));
}

Expected expected_with_prefix(const std::string& path, const std::string& prefix) {
  const SafetensorsFile file(path);
  Expected expected;
  for (const auto& [name, entry] : file.entries()) {
    if (name.starts_with(prefix)) expected.put(name, file.read(name, DType::kFloat64), kTolerance);
  }
  return expected;
}

// ---- clipping -----------------------------------------------------------------------------------

Values clip(const std::string& path, double max_norm) {
  const InputTensors file(path, {"grad."});
  Parameters parameters(file, "grad.");
  ParameterArena arena(parameters.named);
  for (std::size_t i = 0; i < parameters.variables.size(); ++i) {
    parameters.set_grad(i, parameters.variables[i].value());
  }
  Values values;
  const double norm = arena.grad_norm();
  values.put("norm", norm);
  for (std::size_t i = 0; i < parameters.variables.size(); ++i) {
    Tensor clipped = parameters.variables[i].grad().clone();
    clipped.scale_(clip_scale(norm, max_norm));
    values.put(fmt::format("clipped.{}", i), clipped);
  }
  return values;
}

Expected expected_clip(const std::string& path, const Json& entry) {
  Expected expected = expected_with_prefix(path, "clipped.");
  expected.put("norm", entry.at("norm").get<double>(), kTolerance);
  return expected;
}

}  // namespace

std::vector<Case> optim_cases(const std::string& dir) {
  const std::string schedules = dir + "/schedules.json", runs = dir + "/runs.json",
                    clips = dir + "/clip.json";
  std::vector<Case> cases;
  const auto add = [&](std::string name, auto compute, auto expected) {
    cases.push_back({"optim", std::move(name), compute, expected, {}});
  };
  std::size_t i = 0;
  for (const Json& entry : read_json(schedules)) {
    Json inputs = entry;
    inputs.erase("lr");
    add(
        "schedule " + entry.at("name").get<std::string>(),
        [=] { return rates(schedule_of(inputs)); },
        [=] {
          Expected expected;
          expected.put("lr", read_json(schedules).at(i).at("lr").get<std::vector<double>>(),
                       kTolerance);
          return expected;
        });
    ++i;
  }
  for (const Json& entry : read_json(runs)) {
    const std::string name = entry.at("name"), file = entry.at("file"), path = dir + "/" + file;
    const Json options = entry.at("options");
    if (left_out(dir, file)) continue;
    add(
        name, [=] { return run_optimizer(path, name, options); },
        [=] { return expected_with_prefix(path, "after."); });
  }
  i = 0;
  for (const Json& entry : read_json(clips)) {
    const std::string file = entry.at("file"), path = dir + "/" + file;
    const double max_norm = entry.at("max_norm");
    if (!left_out(dir, file)) {
      add(
          file.substr(0, file.rfind(".safetensors")), [=] { return clip(path, max_norm); },
          [=] { return expected_clip(path, read_json(clips).at(i)); });
    }
    ++i;
  }
  return cases;
}

}  // namespace pupil::golden
