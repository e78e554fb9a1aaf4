#include "course/mine.h"

#include <fmt/format.h>

#include <cmath>

#include "course/check_library.h"
#include "course/worker_process.h"
#include "microworld/data_sets.h"
#include "nn/arena.h"
#include "nn/gpt.h"
#include "nn/optimizer.h"
#include "sft/example_data.h"
#include "sft/microworld_data.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

using kit::Argument;
using kit::Call;

constexpr std::int64_t kRows = 8;
constexpr double kLearningRate = 3e-3;

// Fills in the outputs of a call; false: it could not.
using Caller = std::function<bool(Call&)>;

GptConfig small_model() {
  GptConfig config = microworld_model();
  config.n_layer = 1;
  config.n_head = 2;
  config.n_embd = 32;
  return config;
}

// One row of a batch as the exercise takes it. `mine` says which arguments its calls have:
//   "ids-mask"  logits (T, V), ids (T), mask (T): unshifted, as a template gives them
//   "targets"   logits (n, V), targets (n): the supervised rows alone; scalars stand behind it,
//               as in "targets tau=1"
class Row {
 public:
  Row(const Exercise& exercise, const Batch& batch, const Tensor& logits) : logits_(logits) {
    const std::size_t blank = exercise.mine.find(' ');
    with_mask_ = exercise.mine.substr(0, blank) == "ids-mask";
    std::string rest = blank == std::string::npos ? "" : exercise.mine.substr(blank + 1);
    if (const std::size_t sign = rest.find('='); sign != std::string::npos) {
      scalar_ = kit::input(rest.substr(0, sign), std::stod(rest.substr(sign + 1)));
    }
    ids_ = batch.input.ids.to_vector<std::int32_t>();
    targets_ = batch.targets.to_vector<std::int32_t>();
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      if (with_mask_ || targets_[t] >= 0) kept_.push_back(t);
    }
  }

  Call forward() const { return {"loss", with(kit::output("loss"))}; }
  Call backward() const {
    Call call{"backward", with(kit::input("dloss", 1.0))};
    call.arguments.push_back(kit::output("dlogits", {rows(), width()}));
    if (!scalar_.name.empty()) call.arguments.push_back(kit::output("d" + scalar_.name));
    return call;
  }
  /// dlogits of the call, back at the positions that it was made of.
  Tensor gradient(const Call& call) const {
    Tensor all = Tensor::zeros(logits_.shape(), DType::kFloat64);
    const std::vector<double>& d = call.at("dlogits").numbers;
    const auto w = std::size_t(width());
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      for (std::size_t v = 0; v < w; ++v) all.data<double>()[kept_[i] * w + v] = d[i * w + v];
    }
    return all;
  }

 private:
  std::int64_t width() const { return logits_.shape().back(); }
  std::int64_t rows() const { return std::int64_t(kept_.size()); }

  std::vector<Argument> with(Argument last) const {
    const auto w = std::size_t(width());
    std::vector<double> z;
    std::vector<std::int32_t> targets;
    for (const std::size_t t : kept_) {
      const double* row = logits_.data<double>() + t * w;
      z.insert(z.end(), row, row + w);
      targets.push_back(targets_[t]);
    }
    std::vector<Argument> list = {kit::input("logits", {rows(), width()}, z)};
    if (with_mask_) {
      std::vector<std::int32_t> mask(kept_.size(), 0);
      for (std::size_t t = 0; t + 1 < mask.size(); ++t) mask[t + 1] = targets_[t] >= 0;
      list.push_back(kit::input_ids("ids", {rows()}, ids_));
      list.push_back(kit::input_ids("mask", {rows()}, mask));
    } else {
      list.push_back(kit::input_ids("targets", {rows()}, targets));
    }
    if (!scalar_.name.empty()) list.push_back(scalar_);
    list.push_back(std::move(last));
    return list;
  }

  Tensor logits_;
  bool with_mask_ = false;
  Argument scalar_;
  std::vector<std::int32_t> ids_, targets_;
  std::vector<std::size_t> kept_;  // positions that are in the call
};

bool is_finite(ParameterArena& arena) {
  try {
    arena.grad_norm();
    return true;
  } catch (const GradientError&) {
    return false;
  }
}

// The losses of a run; it ends early when a call cannot be made or gives what is not finite.
std::vector<double> train(const Exercise& exercise, const MineOptions& options, const Caller& call,
                          const std::function<void(std::int64_t)>& on_step) {
  const microworld::World world(options.seed);
  const ExampleData data(to_examples(training_set(world)), 1, kRows, ExampleOrder::kShuffle,
                         options.seed);
  Gpt gpt(small_model(), options.seed, DType::kFloat64);
  ParameterArena arena(gpt.parameters());
  AdamW optimizer(arena, {.beta1 = 0.9, .beta2 = 0.99});
  std::vector<double> losses;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    arena.zero_grad();
    double sum = 0;
    const std::vector<Batch> batches = data.step(step);
    for (const Batch& batch : batches) {
      Pass pass;
      const Variable logits = gpt.logits(gpt.hidden(batch.input, pass));
      const Row row(exercise, batch, logits.value());
      Call forward = row.forward(), backward_call = row.backward();
      if (!call(forward) || !call(backward_call)) return losses;
      sum += forward.at("loss").numbers[0] / double(batches.size());
      Tensor gradient = row.gradient(backward_call);
      gradient.scale_(1.0 / double(batches.size()));
      backward(logits, gradient);
    }
    arena.complete_grads();
    if (!std::isfinite(sum) || !is_finite(arena)) return losses;
    losses.push_back(sum);
    optimizer.step(kLearningRate);
    on_step(step + 1);
  }
  return losses;
}

}  // namespace

MineCurves train_both(const Course& course, const Exercise& exercise, const std::string& object,
                      const MineOptions& options,
                      const std::function<void(std::int64_t)>& on_step) {
  if (exercise.mine.empty()) {
    throw UsageError(
        fmt::format("{} has no part in training; its functions are no loss", exercise.id));
  }
  const CheckLibrary library(check_folder(course, exercise));
  WorkerProcess worker(object, {.time_ms = 60000, .memory_mb = 1024, .level = options.level});
  MineCurves curves;
  const auto ask_student = [&](Call& call) {
    const bool good = worker.call(call) == Outcome::kGood;
    if (!good) curves.broke = worker.reason();
    return good;
  };
  const auto ask_reference = [&](Call& call) {
    library.run_reference(call);
    return true;
  };
  curves.mine = train(exercise, options, ask_student, on_step);
  curves.reference = train(exercise, options, ask_reference, [](std::int64_t) {});
  if (curves.broke.empty() && curves.mine.size() < curves.reference.size()) {
    curves.broke =
        fmt::format("step {} gave a loss or gradient that is not finite", curves.mine.size() + 1);
  }
  return curves;
}

}  // namespace pupil::course
