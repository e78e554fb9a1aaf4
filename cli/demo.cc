#include "cli/demo.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "cli/folder_lock.h"
#include "cli/options.h"
#include "cli/run_record.h"
#include "nn/file.h"
#include "nn/model_folder.h"
#include "sft/adapter_folder.h"
#include "sft/chat_template.h"
#include "sft/evaluation.h"
#include "sft/example_data.h"
#include "sft/microworld_data.h"
#include "sft/microworld_tokenizer.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

using microworld::World;

constexpr std::size_t kSamples = 6;  // questions shown of each model

// What only the chat template uses: the base never meets them.
constexpr std::array<std::int32_t, 3> kChatTokens = {microworld::kUser, microworld::kAsst,
                                                     microworld::kEnd};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Demo {
 public:
  Demo(const DemoOptions& options, const DemoProgress& progress,
       const std::function<void(const DemoStage&)>& on_stage)
      : options_(options), progress_(progress), on_stage_(on_stage), world_(options.seed) {
    folder_.bos_id = microworld::kBos;
    folder_.eos_id = microworld::kEnd;
    folder_.pad_id = microworld::kPad;
  }

  DemoResult run() {
    const double start = now();
    make_folder(options_.out);
    const FolderLock lock(options_.out);
    Gpt base(microworld_model(), options_.seed);
    pretrain(base);
    const std::string base_folder = options_.out + "/base";
    save(base, base_folder);

    Gpt tuned = load_model(base_folder).gpt;
    fine_tune("sft", "masked fine-tuning of all weights: it answers and stops", tuned, false);
    save(tuned, options_.out + "/sft");

    Gpt adapted = load_model(base_folder).gpt;
    fine_tune("lora", "the same with a low-rank adapter, base frozen", adapted, true);

    Gpt random(microworld_model(), options_.seed + 1);
    fine_tune("random", "fine-tuning without pretraining: the shape of an answer, no knowledge",
              random, false);
    result_.options = options_;
    result_.seconds = now() - start;
    return result_;
  }

 private:
  void pretrain(Gpt& gpt) {
    DemoStage stage{.name = "base", .purpose = "pretraining on documents: it continues text"};
    stage.learning_rate = options_.pretrain_lr;
    TrainOptions train = {.steps = options_.pretrain_steps};
    train.schedule = {.kind = ScheduleKind::kCosine,
                      .peak = options_.pretrain_lr,
                      .steps = options_.pretrain_steps,
                      .warmup = std::min<std::int64_t>(50, options_.pretrain_steps / 10),
                      .min_ratio = 0.1};
    train.adamw = {.beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.01};
    run_stage(
        stage, gpt, gpt.parameters(), train,
        [&](std::int64_t number) {
          std::vector<Batch> step;
          step.push_back(document_batch(world_, options_.seed, number, options_.pretrain_rows));
          return step;
        },
        [&] { gpt.renew_tokens(kChatTokens, options_.seed); });
  }

  void fine_tune(const char* name, const char* purpose, Gpt& gpt, bool lora) {
    DemoStage stage{.name = name, .purpose = purpose};
    stage.learning_rate = lora ? options_.lora_lr : options_.sft_lr;
    const ExampleData data(to_examples(training_set(world_)), options_.sft_rows, 1,
                           ExampleOrder::kShuffle, options_.seed);
    TrainOptions train = {.steps = options_.sft_steps};
    train.schedule = {.kind = ScheduleKind::kConstant,
                      .peak = stage.learning_rate,
                      .steps = options_.sft_steps,
                      .warmup = 10};
    train.adamw = {.beta1 = 0.9, .beta2 = 0.99};
    AdapterInfo adapter;
    if (lora) {
      adapter.base_hash = hash_of_weights(gpt);
      adapter.base_model = "../base";
      adapter.lora = {.rank = options_.lora_rank, .alpha = options_.lora_alpha};
      // The base never saw the tokens of the chat template: their rows must train, too.
      adapter.lora.special_ids.assign(kChatTokens.begin(), kChatTokens.end());
      add_lora(gpt, adapter.lora, options_.seed);
    }
    run_stage(stage, gpt, lora ? lora_parameters(gpt) : gpt.parameters(), train,
              [&](std::int64_t number) { return data.step(number); });
    if (lora) {
      const std::string path = options_.out + "/lora";
      save_adapter(path, gpt, adapter);
      save_tokenizer(microworld_tokenizer(), path);
      record(path);
    }
  }

  void run_stage(DemoStage& stage, Gpt& gpt, const std::vector<NamedParameter>& trainable,
                 const TrainOptions& train_options,
                 const std::function<std::vector<Batch>(std::int64_t)>& batches,
                 const std::function<void()>& after_training = {}) {
    stage.parameters = gpt.parameter_count();
    for (const NamedParameter& p : trainable) stage.trained += p.variable->value().numel();
    std::int64_t targets = 0;
    TrainHooks hooks;
    hooks.batches = batches;
    hooks.interrupted = interrupt_requested;
    hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double) {
      stage.losses.push_back(r.loss);
      stage.tokens += r.n_tokens;
      targets += r.n_targets;
      progress_(stage, step, train_options.steps, r.loss);
    };
    const TrainResult trained = train(gpt, trainable, train_options, hooks);
    if (trained.interrupted) throw Interrupted();
    stage.seconds = trained.seconds;
    if (after_training) after_training();
    stage.mask_share = double(targets) / double(stage.tokens);
    stage.metrics = evaluate_microworld(gpt, world_);
    stage.samples = samples(gpt);
    stage.weights_sha256 = hash_of_weights(gpt);
    on_stage_(stage);
    result_.stages.push_back(stage);
  }

  std::vector<DemoSample> samples(const Gpt& gpt) const {
    const Tokenizer tokenizer = microworld_tokenizer();
    const auto all = test_set(world_);
    std::vector<microworld::Example> chosen;
    for (std::size_t i = 0; i < kSamples; ++i) chosen.push_back(all[i * 29 % all.size()]);
    const auto answers = answer(gpt, chosen);
    std::vector<DemoSample> list;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      list.push_back({tokenizer.decode(chosen[i].prompt()), tokenizer.decode(answers[i]),
                      tokenizer.decode(chosen[i].answer),
                      microworld::judge(chosen[i], answers[i]).right});
    }
    return list;
  }

  void save(Gpt& gpt, const std::string& path) {
    save_model(path, gpt, folder_);
    save_tokenizer(microworld_tokenizer(), path);
    record(path);
  }
  void record(const std::string& path) const {
    write_run_record(path, {{"command", "demo"},
                            {"template", "microworld"},
                            {"template_sha256", chat_template("microworld").hash()},
                            {"mask", "assistant"},
                            {"normaliser", "tokens"},
                            {"world", options_.seed},
                            {"seed", options_.seed}});
  }

  DemoOptions options_;
  DemoProgress progress_;
  std::function<void(const DemoStage&)> on_stage_;
  World world_;
  ModelFolder folder_;
  DemoResult result_;
};

}  // namespace

DemoResult run_demo(const DemoOptions& options, const DemoProgress& progress,
                    const std::function<void(const DemoStage&)>& on_stage) {
  make_folder(options.out);
  return Demo(options, progress, on_stage).run();
}

void write_demo_results(const DemoResult& result) {
  nlohmann::ordered_json json;
  json["seed"] = result.options.seed;
  json["seconds"] = result.seconds;
  json["settings"] = {{"pretrain_steps", result.options.pretrain_steps},
                      {"pretrain_rows", result.options.pretrain_rows},
                      {"pretrain_lr", result.options.pretrain_lr},
                      {"sft_steps", result.options.sft_steps},
                      {"sft_rows", result.options.sft_rows},
                      {"sft_lr", result.options.sft_lr},
                      {"lora_lr", result.options.lora_lr},
                      {"lora_rank", result.options.lora_rank},
                      {"lora_alpha", result.options.lora_alpha}};
  json["environment"] = environment_record();
  for (const DemoStage& stage : result.stages) {
    nlohmann::ordered_json s = {{"name", stage.name},
                                {"seconds", stage.seconds},
                                {"tokens", stage.tokens},
                                {"tokens_per_s", double(stage.tokens) / stage.seconds},
                                {"parameters", stage.parameters},
                                {"trained", stage.trained},
                                {"mask_share", stage.mask_share},
                                {"weights_sha256", stage.weights_sha256},
                                {"final_loss", stage.losses.empty() ? 0.0 : stage.losses.back()}};
    for (const microworld::Metric& m : stage.metrics) {
      s["metrics"].push_back({{"slice", m.slice},
                              {"metric", m.metric},
                              {"value", m.value},
                              {"low", m.low},
                              {"high", m.high},
                              {"n", m.n}});
    }
    json["stages"].push_back(s);
  }
  write_file(result.options.out + "/results.json", json.dump(2) + "\n");
}

}  // namespace pupil::cli
