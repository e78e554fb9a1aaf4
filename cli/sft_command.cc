#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/model_dtype.h"
#include "cli/model_input.h"
#include "cli/progress.h"
#include "cli/run_record.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "sft/example_data.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

constexpr double kLargest = INT32_MAX;  // of what is counted

struct Settings {
  ModelOptions model;
  DataOptions data;
  std::string out, normaliser = "tokens", schedule = "cosine", order = "shuffle", eval_data,
                   save_dtype = "f32", decay = "matrices", pack = "none";
  std::vector<std::string> betas{"0.9", "0.999"};
  std::int64_t micro_batch_size = 8, accumulate = 1, steps = 0, warmup = 0, save_every = 0,
               eval_every = 0, patience = 0;
  double epochs = 1, lr = 1e-4, weight_decay = 0, eps = 1e-8, clip = 1, label_smoothing = 0,
         min_ratio = 0;
  bool resume = false, dry_run = false;
  std::int64_t lora_rank = 0;
  LoraConfig lora;
  std::vector<std::string> special_tokens;
};

std::pair<double, double> parse_betas(const std::vector<std::string>& betas) {
  double values[2] = {};
  bool valid = betas.size() == 2;
  for (std::size_t i = 0; valid && i < 2; ++i) {
    char* end = nullptr;
    values[i] = std::strtod(betas[i].c_str(), &end);
    valid = *end == 0 && end != betas[i].c_str() && values[i] >= 0 && values[i] < 1;
  }
  if (!valid) {
    throw UsageError(fmt::format("--betas is {}; two numbers in [0, 1) are needed, as 0.9,0.999",
                                 fmt::join(betas, ",")));
  }
  return {values[0], values[1]};
}

// What must hold between options.
void check(const Settings& s) {
  parse_betas(s.betas);
  if (s.steps == 0 && s.epochs == 0) {
    throw UsageError("--steps and --epochs are both 0; one of them says how long to train");
  }
  if (s.lora_rank > 0 && !s.model.adapter.empty()) {
    throw UsageError(
        "--lora-rank starts a new adapter, --adapter goes on with one; give one of them");
  }
}

// NaN in a model that is to be trained would spread to every weight in one step.
void refuse_damaged(const std::vector<NamedParameter>& parameters, const std::string& path) {
  for (const NamedParameter& p : parameters) {
    const Tensor value = p.variable->value().to(DType::kFloat64);
    for (const double x : value.span<double>()) {
      if (std::isfinite(x)) continue;
      throw InputError(
          fmt::format("{}: {} holds {}, from which nothing can be trained; `pupil inspect {}` "
                      "lists what is damaged",
                      path, p.name, x, path));
    }
  }
}

class SftRun {
 public:
  SftRun(const Settings& s, const Common& common)
      : s_(s),
        common_(common),
        input_(load_model_input(s.model, common)),
        data_(load_data_input(s.data, input_.tokenizer, input_.gpt.config(), common)) {
    if (data_.report.targets == 0) {
      throw InputError(fmt::format(
          "{}: no record has a supervised token, so that nothing could be learned; look at it with "
          "`pupil render`, and at --mask and --truncate",
          s.data.data));
    }
    base_hash_ = input_.adapter ? input_.adapter->base_hash : hash_of_weights(input_.gpt);
    if (input_.tokenizer) input_.gpt.grow_vocabulary(input_.tokenizer->vocab_size());
    if (s.lora_rank > 0) start_adapter();
    refuse_damaged(trainable(), s.model.adapter.empty() ? s.model.model : s.model.adapter);
    if (input_.adapter) refuse_damaged(input_.gpt.parameters(), s.model.model);
  }

  int run() {
    const ExampleData examples(data_.examples(), s_.micro_batch_size, s_.accumulate,
                               s_.order == "file" ? ExampleOrder::kFile : ExampleOrder::kShuffle,
                               std::uint64_t(common_.seed));
    const std::int64_t steps =
        s_.steps > 0 ? s_.steps
                     : std::int64_t(std::ceil(s_.epochs * double(examples.steps_per_epoch())));
    const auto [beta1, beta2] = parse_betas(s_.betas);
    record_ = settings_record(steps);
    TrainOptions options;
    options.out = s_.out;
    options.steps = steps;
    options.schedule = {.kind = schedule_kind(s_.schedule),
                        .peak = s_.lr,
                        .steps = steps,
                        .warmup = s_.warmup,
                        .min_ratio = s_.min_ratio};
    options.adamw = {
        .beta1 = beta1, .beta2 = beta2, .eps = s_.eps, .weight_decay = s_.weight_decay};
    options.decay_all = s_.decay == "all";
    options.step = {.normaliser = Normaliser::parse(s_.normaliser),
                    .label_smoothing = s_.label_smoothing,
                    .clip = s_.clip,
                    .dropout_seed = std::uint64_t(common_.seed)};
    options.save_every = s_.save_every;
    options.eval_every = s_.eval_every;
    options.patience = s_.patience;
    options.resume = s_.resume;
    options.fingerprint = fingerprint(record_);
    if (s_.dry_run) return report_dry_run(steps);
    make_folder(s_.out);
    if (s_.resume) expect_same_run(s_.out, record_);

    std::vector<Batch> evaluation;
    if (!s_.eval_data.empty()) {
      DataOptions eval_options = s_.data;
      eval_options.data = s_.eval_data;
      evaluation = batches_of(
          load_data_input(eval_options, input_.tokenizer, input_.gpt.config(), common_).examples(),
          s_.micro_batch_size);
    }
    Progress progress(common_, "sft", steps);
    TrainHooks hooks;
    hooks.batches = [&](std::int64_t number) { return examples.step(number); };
    if (!evaluation.empty()) hooks.evaluate = [&] { return evaluate_loss(input_.gpt, evaluation); };
    hooks.log = [&](const std::string& line) { progress.log(line); };
    hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double seconds) {
      progress.step(
          step, fmt::format("loss {:.4f}  {:.0f} tokens/s", r.loss, double(r.n_tokens) / seconds));
    };
    hooks.on_evaluation = [&](std::int64_t step, const Evaluation& e) {
      progress.log(fmt::format("step {}: evaluation loss {:.4f} over {} targets", step, e.loss,
                               e.n_targets));
    };
    hooks.save_model = [&] { save(); };
    watch_interrupt();
    hooks.interrupted = interrupt_requested;
    const TrainResult result = train(input_.gpt, trainable(), options, hooks);
    if (result.interrupted) {
      progress.log(fmt::format("interrupted after step {}; the state is saved, go on with --resume",
                               result.steps));
      throw Interrupted();
    }
    report(result);
    return 0;
  }

 private:
  void start_adapter() {
    LoraConfig lora = s_.lora;
    lora.rank = s_.lora_rank;
    // Tokens that the template brought are rows the base never trained.
    for (const SpecialToken& token : data_.added_specials) lora.special_ids.push_back(token.id);
    for (const std::string& name : s_.special_tokens) {
      const auto id = input_.tokenizer ? input_.tokenizer->special(name) : std::nullopt;
      if (!id)
        throw UsageError(fmt::format("--lora-special-tokens: the tokenizer has no {}", name));
      lora.special_ids.push_back(*id);
    }
    add_lora(input_.gpt, lora, std::uint64_t(common_.seed));
    input_.adapter = AdapterInfo{lora, s_.model.model, base_hash_};
  }
  std::vector<NamedParameter> trainable() {
    return input_.adapter ? lora_parameters(input_.gpt) : input_.gpt.parameters();
  }
  void save() {
    const SaveType type = save_type(s_.save_dtype);
    if (input_.adapter) {
      save_adapter(s_.out, input_.gpt, *input_.adapter, type);
    } else {
      if (input_.tokenizer) input_.folder.eos_id = input_.tokenizer->eos();
      save_model(s_.out, input_.gpt, input_.folder, type);
    }
    if (input_.tokenizer) save_tokenizer(*input_.tokenizer, s_.out);
    write_run_record(s_.out, record_);
  }
  nlohmann::ordered_json settings_record(std::int64_t steps) {
    nlohmann::ordered_json r = {
        {"command", "sft"},
        {"model", s_.model.model},
        {"model_sha256", base_hash_},
        {"adapter", s_.model.adapter},
        {"adapter_sha256", s_.model.adapter.empty()
                               ? ""
                               : sha256_of_file(s_.model.adapter + "/adapter_model.safetensors")},
        {"data", s_.data.data},
        {"data_sha256", sha256_of_file(s_.data.data)},
        {"format", form_name(data_.file.form)},
        {"template", data_.template_name},
        {"template_sha256", data_.template_hash},
        {"tokenizer_sha256", input_.tokenizer ? input_.tokenizer->hash() : ""},
        {"mask", data_.mask_name},
        {"mask_share", data_.report.mask_share()},
        {"records", data_.rendered.size()},
        {"truncate", s_.data.truncate},
        {"max_length", s_.data.max_length},
        {"normaliser", s_.normaliser},
        {"micro_batch_size", s_.micro_batch_size},
        {"accumulate", s_.accumulate},
        {"steps", steps},
        {"lr", s_.lr},
        {"schedule", s_.schedule},
        {"warmup", s_.warmup},
        {"min_lr_ratio", s_.min_ratio},
        {"weight_decay", s_.weight_decay},
        {"decay", s_.decay},
        {"betas", s_.betas},
        {"eps", s_.eps},
        {"clip", s_.clip},
        {"label_smoothing", s_.label_smoothing},
        {"order", s_.order},
        {"eval_data", s_.eval_data},
        {"eval_data_sha256", s_.eval_data.empty() ? "" : sha256_of_file(s_.eval_data)},
        {"patience", s_.patience},
        {"stop_ids", data_.stop_ids},
        {"seed", common_.seed},
        {"dtype", common_.dtype}};
    if (input_.adapter) {
      const LoraConfig& lora = input_.adapter->lora;
      r["lora"] = {{"rank", lora.rank},       {"alpha", lora.alpha},
                   {"dropout", lora.dropout}, {"rslora", lora.rslora},
                   {"targets", lora.targets}, {"special_ids", lora.special_ids}};
    }
    return r;
  }
  int report_dry_run(std::int64_t steps) {
    std::int64_t trained = 0;
    for (const NamedParameter& p : trainable()) trained += p.variable->value().numel();
    const RenderReport& r = data_.report;
    if (common_.json) {
      fmt::print("{}\n", nlohmann::ordered_json{{"records", data_.rendered.size()},
                                                {"tokens", r.tokens},
                                                {"targets", r.targets},
                                                {"steps", steps},
                                                {"trained_parameters", trained},
                                                {"parameters", input_.gpt.parameter_count()}}
                             .dump());
    } else {
      fmt::print(
          "{} records, {} tokens, {} supervised ({:.1f} %)\n{} steps on {} of {} parameters; "
          "nothing was written\n",
          data_.rendered.size(), r.tokens, r.targets, 100 * r.mask_share(), steps, trained,
          input_.gpt.parameter_count());
    }
    return 0;
  }
  void report(const TrainResult& result) const {
    if (common_.json) {
      nlohmann::ordered_json line = {{"steps", result.steps}, {"loss", result.last.loss}};
      if (result.evaluation) line["val_loss"] = result.evaluation->loss;
      line["stopped_early"] = result.stopped_early;
      line["seconds"] = result.seconds;
      fmt::print("{}\n", line.dump());
      return;
    }
    fmt::print(
        "{} steps in {:.1f} s, loss {:.4f}{}{}\n{} in {}\n", result.steps, result.seconds,
        result.last.loss,
        result.evaluation ? fmt::format(", evaluation loss {:.4f}", result.evaluation->loss) : "",
        result.stopped_early ? ", stopped early" : "", input_.adapter ? "adapter" : "model",
        s_.out);
  }

  const Settings& s_;
  const Common& common_;
  ModelInput input_;
  DataInput data_;
  std::string base_hash_;
  nlohmann::ordered_json record_;
};

int sft(const Settings& s, const Common& common) {
  check(s);
  return SftRun(s, common).run();
}

}  // namespace

Command sft_command() {
  return {
      "sft", "Supervised fine-tuning: train a model, or an adapter on it, on records.",
      "./pupil sft --model tests/golden/gpt2/b/model --data tests/golden/gpt2/b/batch.jsonl "
      "--steps 2 "
      "--out build/tuned",
      [](Options& options, const Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        s->model.declare(options);
        s->data.declare(options);
        options.text("--out", s->out, "folder for the model or adapter", "DIR").required();
        options.text("--normaliser", s->normaliser, "tokens, examples, microbatch or constant:K")
            .check([](const std::string& text) { Normaliser::parse(text); })
            .choice("--pack", s->pack, {"none"}, "packing of records into rows")
            .integer("--micro-batch-size", s->micro_batch_size, "records in a forward pass")
            .at_least(1)
            .at_most(kLargest)
            .integer("--accumulate", s->accumulate, "micro-batches in an optimizer step")
            .at_least(1)
            .at_most(kLargest)
            .integer("--steps", s->steps, "optimizer steps (0: by --epochs)")
            .at_least(0)
            .at_most(kLargest)
            .number("--epochs", s->epochs, "passes over the data")
            .at_least(0)
            .at_most(1e6)
            .number("--lr", s->lr, "peak learning rate")
            .at_least(0)
            .choice("--schedule", s->schedule, {"constant", "linear", "cosine", "wsd"},
                    "learning rate over the steps")
            .integer("--warmup", s->warmup, "warm-up steps")
            .at_least(0)
            .at_most(kLargest)
            .number("--min-lr-ratio", s->min_ratio, "lowest rate / peak, for cosine and wsd")
            .at_least(0)
            .at_most(1)
            .number("--weight-decay", s->weight_decay, "AdamW's decoupled decay")
            .at_least(0)
            .choice("--decay", s->decay, {"matrices", "all"}, "which parameters decay")
            .list("--betas", s->betas, "AdamW's two betas")
            .number("--eps", s->eps, "AdamW's epsilon")
            .at_least(0)
            .number("--clip", s->clip, "largest gradient norm (0: off)")
            .at_least(0)
            .number("--label-smoothing", s->label_smoothing, "in [0, 1)")
            .at_least(0)
            .below(1)
            .choice("--order", s->order, {"shuffle", "file"}, "order of the records")
            .text("--eval-data", s->eval_data, "records for evaluation", "FILE")
            .integer("--eval-every", s->eval_every, "steps between evaluations (0: at the end)")
            .at_least(0)
            .at_most(kLargest)
            .integer("--patience", s->patience, "evaluations without a new best before stopping")
            .at_least(0)
            .at_most(kLargest)
            .integer("--save-every", s->save_every, "steps between saves (0: at the end)")
            .at_least(0)
            .at_most(kLargest)
            .choice("--save-dtype", s->save_dtype, {"f32", "f64", "f16", "bf16"},
                    "type of the stored weights")
            .flag("--resume", s->resume, "go on from the state in --out")
            .flag("--dry-run", s->dry_run, "read, render and count, but train and write nothing")
            .integer("--lora-rank", s->lora_rank,
                     "rank of a new adapter (0: train the whole model)")
            .at_least(0)
            .at_most(65536)
            .number("--lora-alpha", s->lora.alpha, "scale of the adapter is alpha / rank")
            .at_least(0)
            .list("--lora-targets", s->lora.targets, "linear maps that get an adapter")
            .number("--lora-dropout", s->lora.dropout, "on the adapter's input, in [0, 1)")
            .at_least(0)
            .below(1)
            .flag("--lora-rs", s->lora.rslora, "scale alpha / sqrt(rank)")
            .list("--lora-special-tokens", s->special_tokens,
                  "special tokens whose embedding rows train, too");
        return [s, &common] { return sft(*s, common); };
      }};
}

}  // namespace pupil::cli
