// A small training run of each kind, whole in memory: what determinism, resume and the trainer are
// tested on. Dropout is on, micro-batches differ in length, some examples have no target.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nn/file.h"
#include "nn/model_folder.h"
#include "sft/adapter_folder.h"
#include "sft/example_data.h"
#include "sft/text_data.h"
#include "sft/trainer.h"
#include "tests/small_models.h"

namespace pupil::small {

/// kPacked: LoRA on packed rows, a second data set replayed.
enum class RunKind { kPretrain, kSft, kLora, kPacked };
inline const char* name_of(RunKind kind) {
  constexpr const char* kNames[] = {"pretrain", "sft", "lora", "packed"};
  return kNames[int(kind)];
}

/// A new empty folder that goes when the object goes.
class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("pupil_run_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string str() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// Names in the folder that hold `part`.
  std::vector<std::string> names(const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename();
      if (name.find(part) != std::string::npos) found.push_back(name);
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

class TrainingRun {
 public:
  static constexpr std::int64_t kSteps = 24, kSaveEvery = 5, kEvalEvery = 4;

  /// `out` empty: nothing is written.
  explicit TrainingRun(RunKind kind, const std::string& out = "", DType dtype = DType::kFloat32)
      : gpt(config_of(), 3, dtype),
        kind_(kind),
        text_(ids(600), 0.2, 12),
        examples_(data_of(kind)) {
    if (has_adapter()) {
      adapter_.lora = {.rank = 3,
                       .alpha = 6,
                       .dropout = 0.1,
                       .rslora = false,
                       .targets = {"c_attn", "c_proj", "c_fc"},
                       .modules_to_save = {},
                       .special_ids = {1, 4}};
      add_lora(gpt, adapter_.lora, 4);
    }
    options.out = out;
    options.steps = kSteps;
    options.schedule = {.kind = ScheduleKind::kCosine, .peak = 0.01, .steps = kSteps, .warmup = 4};
    options.adamw.weight_decay = 0.1;
    options.step.dropout_seed = 11;
    options.save_every = kSaveEvery;
    options.eval_every = kEvalEvery;
    options.fingerprint = name_of(kind);
    hooks.batches = [this](std::int64_t number) {
      if (kind_ != RunKind::kPretrain) return examples_.step(number);
      return std::vector<Batch>{text_.training_batch(7, number, 5)};
    };
    evaluation_ =
        kind == RunKind::kPretrain ? text_.validation_batches(4) : batches_of(examples(20, 5), 6);
    hooks.evaluate = [this] { return evaluate_loss(gpt, evaluation_); };
    hooks.on_step = [this](std::int64_t, const StepResult& r, double, double) {
      losses.push_back(r.loss);
    };
    hooks.log = [this](const std::string& line) { log += line + "\n"; };
    hooks.save_model = [this] { save(); };
  }

  TrainResult train() {
    return pupil::train(gpt, has_adapter() ? lora_parameters(gpt) : gpt.parameters(), options,
                        hooks);
  }
  /// Writes model or adapter, as the commands do.
  void save() {
    if (options.out.empty()) return;
    if (has_adapter()) {
      save_adapter(options.out, gpt, adapter_);
    } else {
      save_model(options.out, gpt, ModelFolder());
    }
  }
  /// All parameters, adapters included, as bytes.
  std::string bits() {
    std::string bytes;
    auto all = gpt.parameters();
    if (has_adapter()) {
      for (const NamedParameter& p : lora_parameters(gpt)) all.push_back(p);
    }
    for (const NamedParameter& p : all) {
      const Tensor t = p.variable->value();
      const void* data = t.dtype() == DType::kFloat32 ? static_cast<const void*>(t.data<float>())
                                                      : static_cast<const void*>(t.data<double>());
      bytes.append(static_cast<const char*>(data), t.bytes());
    }
    return bytes;
  }

  Gpt gpt;
  TrainOptions options;
  TrainHooks hooks;
  std::vector<double> losses;  ///< of the steps of this process
  std::string log;

 private:
  bool has_adapter() const { return kind_ == RunKind::kLora || kind_ == RunKind::kPacked; }
  // Steps of 2 x 3 records, or of 2 x 2 packed rows: several epochs in 24 steps, none of them
  // whole.
  static ExampleData data_of(RunKind kind) {
    const auto list = std::make_shared<MemoryExamples>(examples(20, 5));
    if (kind != RunKind::kPacked) {
      return {list, {.micro_batch = 2, .accumulate = 3, .seed = 9}};
    }
    return {list,
            {.micro_batch = 2, .accumulate = 2, .seed = 9, .pack_length = 16, .replay_share = 0.2},
            std::make_shared<MemoryExamples>(examples(7, 6))};
  }
  static GptConfig config_of() {
    GptConfig c = config();
    c.n_embd = 16;
    c.dropout = 0.1;
    return c;
  }
  static std::vector<std::int32_t> ids(int count) {
    Random random(2);
    std::vector<std::int32_t> list;
    for (int i = 0; i < count; ++i) list.push_back(draw(random, 0, 12));
    return list;
  }

  RunKind kind_;
  TextData text_;
  ExampleData examples_;
  std::vector<Batch> evaluation_;
  AdapterInfo adapter_;
};

/// metrics.jsonl without the field that measures time.
inline std::string metrics_without_times(const std::string& folder) {
  std::string text = read_file(folder + "/metrics.jsonl");
  const std::string field = "\"tokens_per_s\":";
  for (std::size_t at; (at = text.find(field)) != std::string::npos;) {
    text.erase(at, text.find(',', at) + 1 - at);
  }
  return text;
}

}  // namespace pupil::small
