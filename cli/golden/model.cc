#include "cli/golden/model.h"

#include <cmath>
#include <limits>

#include "cli/golden/files.h"
#include "sft/render.h"
#include "sft/step.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

Example example_of(const Record& record) {
  Example example;
  example.ids = record.ids;
  example.targets = targets_from(record.labels);
  return example;
}

Batch row_of(const Record& record) { return make_batch(std::vector{example_of(record)}); }

std::string numbered(const char* name, std::size_t i) {
  return std::string(name) + "." + std::to_string(i);
}

}  // namespace

std::vector<Record> read_records(const std::string& path) {
  std::vector<Record> records;
  for (const Json& line : read_json_lines(path)) {
    records.push_back({line.at("ids"), line.at("labels")});
  }
  return records;
}

Batch batch_of(const std::vector<Record>& records) {
  std::vector<Example> examples;
  for (const Record& record : records) examples.push_back(example_of(record));
  return make_batch(examples);
}

Tensor row_logits(const Gpt& gpt, const Batch& row) {
  const NoGrad no_grad;
  Pass pass;
  const Tensor logits = gpt.logits(gpt.hidden(row.input, pass)).value();
  return logits.reshape({logits.shape()[1], logits.shape()[2]});
}

Values record_logits(const Gpt& gpt, const std::vector<Record>& records) {
  Values values;
  for (std::size_t i = 0; i < records.size(); ++i) {
    values.put(numbered("logits", i), row_logits(gpt, row_of(records[i])));
  }
  return values;
}

Values record_logprobs(const Gpt& gpt, const std::vector<Record>& records) {
  const NoGrad no_grad;
  Values values;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Batch row = row_of(records[i]);
    Record asked = records[i];  // every position has something to predict
    for (std::size_t t = 0; t < asked.ids.size(); ++t) {
      if (asked.labels[t] == kIgnoreIndex) asked.labels[t] = asked.ids[t];
    }
    const Tensor targets = row_of(asked).targets.reshape({std::int64_t(asked.ids.size())});
    const auto predicted =
        gather_logprob(constant(row_logits(gpt, row)), targets).value().to_vector<double>();
    std::vector<double> logprobs{std::numeric_limits<double>::quiet_NaN()};
    logprobs.insert(logprobs.end(), predicted.begin(), predicted.end() - 1);
    values.put(numbered("logprobs", i), logprobs);
    Pass pass;
    const LossSum loss = loss_sum(gpt, row, pass);
    values.put(numbered("loss_sum", i), loss.sum.value().item());
    values.put(numbered("n_targets", i), double(loss.n_targets));
  }
  return values;
}

Expected expected_logprobs(const std::string& path) {
  Expected expected;
  const Json json = read_json(path);
  const Json& records = json.at("records");
  for (std::size_t i = 0; i < records.size(); ++i) {
    std::vector<double> logprobs;
    for (const Json& p : records[i].at("logprobs")) {
      logprobs.push_back(p.is_null() ? std::numeric_limits<double>::quiet_NaN() : p.get<double>());
    }
    expected.put(numbered("logprobs", i), logprobs, kModelTolerance);
    expected.put(numbered("loss_sum", i), records[i].at("loss_sum").get<double>(), kModelTolerance);
    expected.put(numbered("n_targets", i), records[i].at("n_targets").get<double>(), {});
  }
  return expected;
}

Gradients gradients(const Gpt& gpt, const std::vector<NamedParameter>& trainable,
                    const Batch& batch) {
  ParameterArena arena(trainable);
  const StepResult step = accumulate_gradients(gpt, arena, {&batch, 1}, {}, 0);
  Gradients result;
  result.numbers.put("loss", step.loss);
  result.numbers.put("n_targets", double(step.n_targets));
  result.numbers.put("grad_norm", step.grad_norm);
  for (const auto& part : arena.parts()) result.tensors.put(part.name, part.variable.grad());
  return result;
}

TrainSettings train_settings(const std::string& path) {
  const Json file = read_json(path);
  const Json& s = file.at("train").at("settings");
  if (s.at("optimizer") != "AdamW" ||
      s.at("weight_decay_on") != "parameters with 2 or more dimensions") {
    throw InputError(path +
                     ": train.settings ask for another optimizer or decay than AdamW on "
                     "parameters with 2 or more dimensions");
  }
  return {.adamw = {.beta1 = s.at("betas").at(0),
                    .beta2 = s.at("betas").at(1),
                    .eps = s.at("eps"),
                    .weight_decay = s.at("weight_decay")},
          .lr = s.at("lr"),
          .clip = s.at("clip"),
          .steps = s.at("steps")};
}

Training train(const Gpt& gpt, const std::vector<NamedParameter>& trainable, const Batch& batch,
               const TrainSettings& settings) {
  ParameterArena arena(trainable);
  AdamW optimizer(arena, settings.adamw);
  StepOptions options;
  options.clip = settings.clip;
  Training result;
  for (std::int64_t k = 0; k < settings.steps; ++k) {
    const StepResult step =
        optimizer_step(gpt, arena, optimizer, {&batch, 1}, options, settings.lr);
    result.numbers.put(numbered("loss", std::size_t(k)), step.loss);
    result.numbers.put(numbered("grad_norm", std::size_t(k)), step.grad_norm);
  }
  for (const auto& part : arena.parts()) result.tensors.put(part.name, part.variable.value());
  return result;
}

Expected expected_training(const std::string& path) {
  Expected expected;
  const Json json = read_json(path);
  const Json& steps = json.at("train").at("steps");
  for (std::size_t k = 0; k < steps.size(); ++k) {
    expected.put(numbered("loss", k), steps[k].at("loss").get<double>(), kModelTolerance);
    expected.put(numbered("grad_norm", k), steps[k].at("grad_norm").get<double>(), kModelTolerance);
  }
  return expected;
}

}  // namespace pupil::golden
