// Family lora: adapters written by PEFT on a model of the family gpt2, whose batch they share.
#include <fmt/format.h>

#include <filesystem>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "cli/golden/model.h"
#include "nn/model_folder.h"
#include "sft/adapter_folder.h"

namespace pupil::golden {
namespace {

struct Adapted {
  explicit Adapted(const std::string& folder)
      : base(base_folder(folder)), gpt(load_model(base, DType::kFloat64).gpt) {
    load_adapter(folder + "/adapter", gpt);
  }
  std::vector<Record> records() const {
    return read_records(std::filesystem::path(base).parent_path().string() + "/batch.jsonl");
  }

  std::string base;
  Gpt gpt;

 private:
  // base_model_name_or_path is relative to the case's folder.
  static std::string base_folder(const std::string& folder) {
    const std::string relative =
        read_json(folder + "/adapter/adapter_config.json").at("base_model_name_or_path");
    return (std::filesystem::path(folder) / relative).lexically_normal().string();
  }
};

Values logits(const std::string& folder) {
  const Adapted model(folder);
  return record_logits(model.gpt, model.records());
}

Gradients adapter_gradients(const std::string& folder) {
  Adapted model(folder);
  const auto trainable = lora_parameters(model.gpt);
  Gradients result = gradients(model.gpt, trainable, batch_of(model.records()));
  double count = 0;
  for (const NamedParameter& p : trainable) count += double(p.variable->value().numel());
  result.numbers.put("trainable", count);
  return result;
}

Training adapter_training(const std::string& folder) {
  Adapted model(folder);
  return train(model.gpt, lora_parameters(model.gpt), batch_of(model.records()),
               train_settings(folder + "/expected.json"));
}

Values merged(const std::string& folder) {
  Adapted model(folder);
  fold_lora(model.gpt);
  Values values;
  for (const auto& [name, value] : stored_tensors(model.gpt)) values.put(name, value);
  return values;
}

Expected expected_loss(const std::string& path) {
  const Json json = read_json(path);
  Expected expected;
  for (const char* field : {"loss", "n_targets", "grad_norm", "trainable"}) {
    expected.put(field, json.at(field).get<double>(), kModelTolerance);
  }
  return expected;
}

Expected tensors(const std::string& path) { return expected_tensors(path, kModelTolerance); }

}  // namespace

std::vector<Case> lora_cases(const std::string& dir) {
  std::vector<Case> cases;
  for (const std::string& name : folders_in(dir)) {
    const std::string folder = dir + "/" + name;
    const auto add = [&](const char* what, const char* file, auto compute, auto read) {
      if (left_out(folder, file)) return;
      const std::string path = folder + "/" + file;
      cases.push_back({"lora", name + " " + what, compute, [=] { return read(path); }, {}});
    };
    add(
        "logits", "expected.safetensors", [=] { return logits(folder); }, tensors);
    add(
        "loss", "expected.json", [=] { return adapter_gradients(folder).numbers; }, expected_loss);
    add(
        "gradients", "expected_grads.safetensors",
        [=] { return adapter_gradients(folder).tensors; }, tensors);
    add(
        "training", "expected.json", [=] { return adapter_training(folder).numbers; },
        expected_training);
    add(
        "trained", "expected_trained.safetensors", [=] { return adapter_training(folder).tensors; },
        tensors);
    add(
        "merged", "expected_merged.safetensors", [=] { return merged(folder); }, tensors);
  }
  return cases;
}

}  // namespace pupil::golden
