#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/counted.h"
#include "cli/folder_lock.h"
#include "cli/model_dtype.h"
#include "cli/next_command.h"
#include "cli/out_folder.h"
#include "cli/progress.h"
#include "cli/run_record.h"
#include "nn/file.h"
#include "nn/model_folder.h"
#include "nn/sha256.h"
#include "sft/text_data.h"
#include "sft/tokenizer.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

constexpr double kLargest = INT32_MAX;  // of what is counted

struct Settings {
  std::string text, out, tokenizer = "bytes";
  OutFolder out_folder;
  GptConfig model{.context = 64, .n_layer = 4, .n_head = 4, .n_embd = 128};
  std::int64_t batch_size = 12, steps = 2000, warmup = 100, eval_every = 500, save_every = 0;
  double lr = 1e-3, min_lr = 1e-4, weight_decay = 0.1, beta2 = 0.99, clip = 1, val_fraction = 0.1;
  std::string norm = "layer", positions = "learned", mlp = "gelu";
  bool resume = false;
};

Tokenizer make_tokenizer(const std::string& name, const std::string& text) {
  if (name == "bytes") return Tokenizer::bytes();
  if (name == "chars") return Tokenizer::characters(text);
  return load_tokenizer(name);
}

// What must hold between options.
void check(const Settings& s) {
  const auto expect_multiple = [](const char* option, std::int64_t value, const char* of,
                                  std::int64_t base) {
    if (base > 0 && value % base != 0) {
      throw UsageError(
          fmt::format("{} is {}; expected a multiple of {} {}", option, value, of, base));
    }
  };
  expect_multiple("--dim", s.model.n_embd, "--heads", s.model.n_head);
  expect_multiple("--heads", s.model.n_head, "--kv-heads", s.model.n_kv_head);
  if (s.positions == "rope") {
    expect_multiple("--dim with --positions rope", s.model.n_embd, "2 x --heads",
                    2 * s.model.n_head);
  }
  if (s.min_lr > s.lr) {
    throw UsageError(fmt::format("--min-lr is {}; expected at most --lr {}", s.min_lr, s.lr));
  }
}

int pretrain(Settings s, const Common& common) {
  check(s);
  s.out_folder.expect_free(s.out, s.resume);
  s.model.norm = s.norm == "rms" ? NormKind::kRms : NormKind::kLayer;
  s.model.positions = s.positions == "rope" ? PositionKind::kRope : PositionKind::kLearned;
  s.model.mlp = s.mlp == "swiglu" ? MlpKind::kSwiglu : MlpKind::kGeluTanh;
  const std::string text = read_file(s.text);
  if (text.empty()) throw InputError(s.text + ": the file is empty");
  const Tokenizer tokenizer = make_tokenizer(s.tokenizer, text);
  s.model.vocab_size = tokenizer.vocab_size();
  const TextData data(tokenizer.encode(text), s.val_fraction, s.model.context);
  Gpt gpt(s.model, std::uint64_t(common.seed), model_dtype(common));

  const nlohmann::ordered_json settings = {{"command", "pretrain"},
                                           {"text", s.text},
                                           {"text_sha256", sha256(text)},
                                           {"tokenizer", s.tokenizer},
                                           {"tokenizer_sha256", tokenizer.hash()},
                                           {"layers", s.model.n_layer},
                                           {"heads", s.model.n_head},
                                           {"kv_heads", s.model.kv_heads()},
                                           {"dim", s.model.n_embd},
                                           {"context", s.model.context},
                                           {"bias", s.model.bias},
                                           {"norm", s.norm},
                                           {"positions", s.positions},
                                           {"mlp", s.mlp},
                                           {"tied_head", s.model.tied_head},
                                           {"dropout", s.model.dropout},
                                           {"batch_size", s.batch_size},
                                           {"steps", s.steps},
                                           {"lr", s.lr},
                                           {"min_lr", s.min_lr},
                                           {"warmup", s.warmup},
                                           {"weight_decay", s.weight_decay},
                                           {"beta2", s.beta2},
                                           {"clip", s.clip},
                                           {"val_fraction", s.val_fraction},
                                           {"seed", common.seed},
                                           {"dtype", common.dtype}};
  make_folder(s.out);
  const FolderLock lock(s.out);
  if (s.resume) expect_same_run(s.out, settings);
  ModelFolder folder;
  folder.eos_id = tokenizer.eos();
  TrainOptions options;
  options.out = s.out;
  options.steps = s.steps;
  options.schedule = {.kind = ScheduleKind::kCosine,
                      .peak = s.lr,
                      .steps = s.steps,
                      .warmup = s.warmup,
                      .min_ratio = s.lr > 0 ? s.min_lr / s.lr : 0,
                      .nanogpt_warmup = true};
  options.adamw = {.beta1 = 0.9, .beta2 = s.beta2, .eps = 1e-8, .weight_decay = s.weight_decay};
  options.step.clip = s.clip;
  options.step.dropout_seed = std::uint64_t(common.seed);
  options.save_every = s.save_every;
  options.eval_every = s.eval_every;
  options.resume = s.resume;
  options.fingerprint = fingerprint(settings);

  log_line(common,
           fmt::format("{} parameters, vocabulary {}, {} training tokens, {} validation tokens",
                       gpt.parameter_count(), s.model.vocab_size, data.training_tokens(),
                       data.validation_tokens()));
  const std::vector<Batch> validation =
      s.val_fraction > 0 ? data.validation_batches(s.batch_size) : std::vector<Batch>();
  Progress progress(common, "pretrain", s.steps);
  TrainHooks hooks;
  hooks.batches = [&](std::int64_t number) {
    std::vector<Batch> step;
    step.push_back(data.training_batch(std::uint64_t(common.seed), number, s.batch_size));
    return step;
  };
  if (!validation.empty()) hooks.evaluate = [&] { return evaluate_loss(gpt, validation); };
  hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double seconds) {
    progress.step(
        step, fmt::format("loss {:.4f}  {:.0f} tokens/s", r.loss, double(r.n_tokens) / seconds));
  };
  hooks.on_evaluation = [&](std::int64_t step, const Evaluation& e) {
    progress.log(
        fmt::format("step {}: validation loss {:.4f} over {} tokens", step, e.loss, e.n_targets));
  };
  hooks.save_model = [&] {
    save_tokenizer(tokenizer, s.out);
    save_model(s.out, gpt, folder, SaveType::kF32);
    write_run_record(s.out, settings);
  };
  hooks.log = [&](const std::string& line) { progress.log(line); };
  watch_interrupt();
  watch_termination();
  hooks.interrupted = interrupt_requested;
  const TrainResult result = train(gpt, gpt.parameters(), options, hooks);
  if (result.interrupted) {
    progress.log(fmt::format("interrupted after step {}; the state is saved, go on with --resume",
                             result.steps));
    throw Interrupted();
  }
  if (common.json) {
    nlohmann::ordered_json line = {{"steps", result.steps}, {"loss", result.last.loss}};
    if (result.evaluation) line["val_loss"] = result.evaluation->loss;
    line["seconds"] = result.seconds;
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print("{} in {:.1f} s, loss {:.4f}", counted(result.steps, "step"), result.seconds,
               result.last.loss);
    if (result.evaluation) fmt::print(", validation loss {:.4f}", result.evaluation->loss);
    fmt::print("\nmodel in {}\n", s.out);
    const std::string prompt =
        opening(text, std::min<std::size_t>(20, std::size_t(s.model.context) / 2));
    if (!prompt.empty()) {
      suggest(common, fmt::format("generate --model {} --prompt {} --temperature 0.8",
                                  shell_word(s.out), shell_word(prompt)));
    }
  }
  return 0;
}

}  // namespace

Command pretrain_command() {
  return {"pretrain", "Train a GPT to predict the next token of a text.",
          "./pupil pretrain --text README.md --out build/model --steps 20 --dim 32 --context 32",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options.text("--text", s->text, "the text file, UTF-8", "FILE").required();
            s->out_folder.declare(options, s->out, "folder for the model");
            options
                .text("--tokenizer", s->tokenizer, "bytes, chars, or a folder with tokenizer.json",
                      "NAME")
                .integer("--layers", s->model.n_layer, "blocks")
                .at_least(1)
                .at_most(1000)
                .integer("--heads", s->model.n_head, "attention heads")
                .at_least(1)
                .at_most(kLargest)
                .integer("--kv-heads", s->model.n_kv_head, "key/value heads (0: as many as heads)")
                .at_least(0)
                .at_most(kLargest)
                .integer("--dim", s->model.n_embd, "width")
                .at_least(1)
                .at_most(kLargest)
                .integer("--context", s->model.context, "longest sequence, tokens")
                .at_least(1)
                .at_most(kLargest)
                .integer("--batch-size", s->batch_size, "windows in a step")
                .at_least(1)
                .at_most(65536)
                .integer("--steps", s->steps, "optimizer steps")
                .at_least(1)
                .at_most(kLargest)
                .number("--lr", s->lr, "peak learning rate")
                .at_least(0)
                .number("--min-lr", s->min_lr, "learning rate at the end of the cosine")
                .at_least(0)
                .integer("--warmup", s->warmup, "warm-up steps")
                .at_least(0)
                .at_most(kLargest)
                .number("--weight-decay", s->weight_decay, "on parameters of two or more axes")
                .at_least(0)
                .number("--beta2", s->beta2, "AdamW's second beta (the first is 0.9)")
                .at_least(0)
                .below(1)
                .number("--clip", s->clip, "largest gradient norm (0: off)")
                .at_least(0)
                .number("--dropout", s->model.dropout, "probability, in [0, 1)")
                .at_least(0)
                .below(1)
                .on_off("--bias", s->model.bias, "biases in linear maps and norms")
                .on_off("--tied-head", s->model.tied_head, "the head shares the token embedding")
                .choice("--norm", s->norm, {"layer", "rms"}, "normalisation")
                .choice("--positions", s->positions, {"learned", "rope"}, "positions")
                .choice("--mlp", s->mlp, {"gelu", "swiglu"}, "MLP")
                .integer("--eval-every", s->eval_every, "steps between evaluations (0: at the end)")
                .at_least(0)
                .at_most(kLargest)
                .number("--val-fraction", s->val_fraction,
                        "share of the text, its end, for validation")
                .at_least(0)
                .below(1)
                .integer("--save-every", s->save_every, "steps between saves (0: at the end)")
                .at_least(0)
                .at_most(kLargest)
                .flag("--resume", s->resume, "go on from the state in --out");
            return [s, &common] { return pretrain(*s, common); };
          }};
}

}  // namespace pupil::cli
