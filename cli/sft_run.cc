#include "cli/sft_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "cli/counted.h"
#include "cli/dry_run.h"
#include "cli/folder_lock.h"
#include "cli/model_dtype.h"
#include "cli/progress.h"
#include "cli/run_record.h"
#include "cli/sft_report.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "sft/example_data.h"
#include "sft/special_rows.h"
#include "sft/template_jinja.h"
#include "sft/trainer.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

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

// A data set that gives nothing to learn, or much less than it seems to.
void expect_use(const DataSet& data, double max_lost) {
  const RenderReport& r = data.report();
  const std::string& path = data.reader().path();
  const long skipped = data.reader().skipped_count();
  if (r.targets == 0) {
    throw InputError(fmt::format(
        "{}: no record has a supervised token, so that nothing could be learned; look at it with "
        "`pupil render`, and at --mask and --truncate",
        path));
  }
  const std::int64_t lost = skipped + r.dropped + r.lost_targets, all = skipped + r.records;
  if (double(lost) <= max_lost * double(all)) return;
  throw InputError(
      fmt::format("{}: {} of {} records are lost: {} skipped as bad, {} dropped, {} cut down to no "
                  "target; --max-lost {:.2g} would allow it",
                  path, lost, all, skipped, r.dropped, r.lost_targets,
                  std::ceil(100 * double(lost) / double(all)) / 100));
}

// Records of another form than the main ones take template and mask from that form.
DataOptions replay_options(const DataOptions& main, const std::string& path, RecordForm form) {
  DataOptions options = main;
  options.data = path;
  options.format = "auto";
  RecordReader reader(path, {.skip_bad = main.skip_bad});
  reader.peek();
  if (reader.form() != form) options.chat_template = options.mask = "";
  return options;
}

class SftRun {
 public:
  SftRun(const SftSettings& s, const Common& common)
      : s_(s),
        common_(common),
        input_(load_model_input(s.model, common)),
        data_(open_data_input(s.data, input_.tokenizer, input_.gpt.config())),
        records_(read_data_set(data_, common)) {
    expect_use(*records_, s.max_lost);
    if (!s.replay.empty()) replay_ = read_another(replay_options(s.data, s.replay, data_.form));
    load_evaluation();  // it may bring special tokens, too: before the vocabulary is grown
    base_hash_ = !input_.base_hash.empty() ? input_.base_hash
                 : input_.adapter          ? input_.adapter->base_hash
                                           : hash_of_weights(input_.gpt);
    grow_for_tokens();
    if (s.lora_rank > 0) start_adapter();
    if (input_.adapter) train_special_tokens();
    refuse_damaged(trainable(), s.model.adapter.empty() ? s.model.model : s.model.adapter);
    if (input_.adapter) refuse_damaged(input_.gpt.parameters(), s.model.model);
  }

  int run() {
    const DataPlan plan{.micro_batch = s_.micro_batch_size,
                        .accumulate = s_.accumulate,
                        .order = s_.order == "file" ? ExampleOrder::kFile : ExampleOrder::kShuffle,
                        .seed = std::uint64_t(common_.seed),
                        .pad_side = s_.batches.side(),
                        .pack_length = s_.batches.pack_length(s_.data, input_.gpt.config()),
                        .group_by_length = s_.group_by_length,
                        .replay_share = s_.replay_share};
    const ExampleData examples(records_, plan, replay_);
    if (plan.pack_length > 0) log_packing(examples.rows_per_epoch(), plan.pack_length);
    const std::int64_t steps =
        s_.steps > 0 ? s_.steps
                     : std::int64_t(std::ceil(s_.epochs * double(examples.steps_per_epoch())));
    const auto [beta1, beta2] = s_.parsed_betas();
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
                    .dropout_seed = std::uint64_t(common_.seed),
                    .neftune_alpha = s_.neftune_alpha,
                    .kl_weight = s_.kl_weight,
                    .l2_weight = s_.l2_to_start};
    options.save_every = s_.save_every;
    options.eval_every = s_.eval_every;
    options.patience = s_.patience;
    options.resume = s_.resume;
    options.fingerprint = fingerprint(record_);
    if (s_.dry_run) return report_dry_run(steps, examples.step(0)[0]);
    make_folder(s_.out);
    const FolderLock lock(s_.out);
    if (s_.resume) {
      expect_same_run(s_.out, record_);
    } else {
      remove_earlier_best();
    }

    Progress progress(common_, "sft", steps);
    TrainHooks hooks;
    hooks.batches = [&](std::int64_t number) { return examples.step(number); };
    if (evaluation_) hooks.evaluate = [&] { return evaluate_loss(input_.gpt, *evaluation_); };
    hooks.log = [&](const std::string& line) { progress.log(line); };
    hooks.on_step = [&](std::int64_t step, const StepResult& r, double, double seconds) {
      progress.step(
          step, fmt::format("loss {:.4f}  {:.0f} tokens/s", r.loss, double(r.n_tokens) / seconds));
    };
    hooks.on_evaluation = [&](std::int64_t step, const Evaluation& e) {
      progress.log(fmt::format("step {}: evaluation loss {:.4f} over {} targets", step, e.loss,
                               e.n_targets));
    };
    hooks.save_model = [&] { save(s_.out); };
    hooks.save_best = [&] { save(best_folder()); };
    watch_interrupt();
    watch_termination();
    hooks.interrupted = interrupt_requested;
    const TrainResult result = train(input_.gpt, trainable(), options, hooks);
    if (result.interrupted) {
      progress.log(fmt::format("interrupted after step {}; the state is saved, go on with --resume",
                               result.steps));
      throw Interrupted();
    }
    const bool talks = data_.template_name != "none" && data_.form != RecordForm::kText;
    report_training(s_, common_, result,
                    {.adapter = input_.adapter.has_value(),
                     .tokenizer = input_.tokenizer.has_value(),
                     .talks = talks,
                     .best_folder = best_folder()});
    return 0;
  }

 private:
  void log_packing(std::int64_t rows, std::int64_t length) const {
    log_line(common_, fmt::format("packed into {} rows of at most {} tokens{}", rows, length,
                                  replay_ ? ", replayed ones included" : ""));
  }
  void remove_earlier_best() const {
    for (const std::string& needed : {s_.model.model, s_.model.adapter}) {
      std::error_code none;
      if (!std::filesystem::equivalent(needed, best_folder(), none)) continue;
      throw UsageError(
          fmt::format("{} is where this run puts its best model; choose another --out", needed));
    }
    // Only where both folders are a run's: OUT/best may be somebody's own.
    if (file_exists(s_.out + "/run.json") && file_exists(best_folder() + "/run.json")) {
      std::filesystem::remove_all(best_folder());
    }
  }
  void load_evaluation() {
    if (s_.eval_data.empty()) return;
    DataOptions options = s_.data;
    options.data = s_.eval_data;
    evaluation_.emplace(read_another(options),
                        DataPlan{.micro_batch = s_.micro_batch_size, .order = ExampleOrder::kFile});
  }
  // A data set beside the main one; special tokens that it brings are added to those.
  std::shared_ptr<const DataSet> read_another(const DataOptions& options) {
    DataInput input = open_data_input(options, input_.tokenizer, input_.gpt.config());
    const auto& added = input.added_specials;
    data_.added_specials.insert(data_.added_specials.end(), added.begin(), added.end());
    return read_data_set(input, common_);
  }
  void start_adapter() {
    LoraConfig lora = s_.lora;
    lora.rank = s_.lora_rank;
    add_lora(input_.gpt, lora, std::uint64_t(common_.seed));
    const bool quantised = !input_.base_hash.empty();
    input_.adapter =
        AdapterInfo{lora, s_.model.model, base_hash_, quantised ? s_.model.quantise : ""};
  }
  void grow_for_tokens() {
    const std::int64_t before = input_.gpt.config().vocab_size;
    if (input_.tokenizer) input_.gpt.grow_vocabulary(input_.tokenizer->vocab_size());
    if (const std::int64_t after = input_.gpt.config().vocab_size; after > before) {
      log_line(common_, fmt::format("embedding: {} rows added to {}, each the mean of those",
                                    after - before, before));
    }
  }
  // Tokens that the template brought are rows that nobody has trained.
  void train_special_tokens() {
    std::vector<std::int32_t> ids;
    for (const SpecialToken& token : data_.added_specials) ids.push_back(token.id);
    for (const std::string& name : s_.special_tokens) {
      const auto id = input_.tokenizer ? input_.tokenizer->special(name) : std::nullopt;
      if (!id)
        throw UsageError(fmt::format("--lora-special-tokens: the tokenizer has no {}", name));
      ids.push_back(*id);
    }
    train_special_rows(input_.gpt, input_.adapter->lora, ids);
    std::vector<std::string> trained, frozen;
    const auto& special = input_.adapter->lora.special_ids;
    for (const std::string& name : data_.template_specials) {
      const auto id = input_.tokenizer->special(name);
      const bool trains = id && std::find(special.begin(), special.end(), *id) != special.end();
      (trains ? trained : frozen).push_back(name);
    }
    if (!trained.empty()) {
      log_line(common_, fmt::format("embedding rows that train beside the adapter: {}",
                                    fmt::join(trained, ", ")));
    }
    if (!frozen.empty()) {
      log_line(common_,
               fmt::format("embedding rows that stay as the base has them: {}; if it never "
                           "met these tokens, train them by --lora-special-tokens {}",
                           fmt::join(frozen, ", "), fmt::join(frozen, ",")));
    }
  }
  std::vector<NamedParameter> trainable() {
    return input_.adapter ? lora_parameters(input_.gpt) : input_.gpt.parameters();
  }
  std::string best_folder() const { return s_.out + "/best"; }
  void save(const std::string& folder) {
    const SaveType type = save_type(s_.save_dtype);
    make_folder(folder);
    if (input_.adapter) {
      save_adapter(folder, input_.gpt, *input_.adapter, type);
    } else {
      // What ends an answer, so that other readers' generation stops there, too.
      if (input_.tokenizer) input_.folder.eos_id = input_.tokenizer->eos();
      if (!data_.stop_ids.empty()) input_.folder.eos_id = data_.stop_ids.front();
      save_model(folder, input_.gpt, input_.folder, type);
    }
    if (input_.tokenizer) save_tokenizer(with_template(*input_.tokenizer), folder);
    write_run_record(folder, record_);
  }
  /// The tokenizer, and the template that the model was tuned with in its place as Jinja.
  Tokenizer with_template(Tokenizer tokenizer) const {
    const std::string& name = data_.template_name;
    const bool has_own = name == "model" || name == "none";
    if (has_own || tokenizer.kind() == TokenizerKind::kWords) return tokenizer;
    if (auto jinja = template_as_jinja(chat_template(name), tokenizer)) {
      tokenizer.jinja_chat = JinjaChat{std::move(*jinja), {}};
    }
    return tokenizer;
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
        {"format", form_name(data_.form)},
        {"template", data_.template_name},
        {"template_sha256", data_.template_hash},
        {"tokenizer_sha256", input_.tokenizer ? input_.tokenizer->hash() : ""},
        {"mask", data_.mask_name},
        {"mask_share", records_->report().mask_share()},
        {"records", records_->size()},
        {"skipped", records_->reader().skipped_count()},
        {"pack", s_.batches.pack},
        {"pad_side", s_.batches.pad_side},
        {"group_by_length", s_.group_by_length},
        {"replay", s_.replay},
        {"replay_sha256", s_.replay.empty() ? "" : sha256_of_file(s_.replay)},
        {"replay_share", s_.replay_share},
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
        {"prompt_loss_weight", s_.data.prompt_loss_weight},
        {"neftune_alpha", s_.neftune_alpha},
        {"kl_weight", s_.kl_weight},
        {"l2_to_start", s_.l2_to_start},
        {"order", s_.order},
        {"eval_data", s_.eval_data},
        {"eval_data_sha256", s_.eval_data.empty() ? "" : sha256_of_file(s_.eval_data)},
        {"patience", s_.patience},
        {"stop_ids", data_.stop_ids},
        {"seed", common_.seed},
        {"dtype", common_.dtype}};
    if (input_.adapter) {
      const LoraConfig& lora = input_.adapter->lora;
      r["lora"] = {{"rank", lora.rank},
                   {"alpha", lora.alpha},
                   {"dropout", lora.dropout},
                   {"rslora", lora.rslora},
                   {"dora", lora.dora},
                   {"targets", lora.targets},
                   {"target_pattern", lora.target_pattern},
                   {"modules_to_save", lora.modules_to_save},
                   {"special_ids", lora.special_ids},
                   {"base_quantisation", input_.adapter->base_quantisation}};
    }
    return r;
  }
  int report_dry_run(std::int64_t steps, const Batch& first) {
    std::int64_t trained = 0;
    for (const NamedParameter& p : trainable()) trained += p.variable->value().numel();
    const RenderReport& r = records_->report();
    if (common_.json) {
      fmt::print("{}\n", nlohmann::ordered_json{{"records", records_->size()},
                                                {"tokens", r.tokens},
                                                {"targets", r.targets},
                                                {"steps", steps},
                                                {"trained_parameters", trained},
                                                {"parameters", input_.gpt.parameter_count()},
                                                {"first_batch", as_json(first, input_.tokenizer)}}
                             .dump());
    } else {
      const bool coloured = colours(common_, STDOUT_FILENO);
      fmt::print("The first micro-batch; supervised is what {}:\n{}",
                 coloured ? "is green (yellow: with a weight other than 1)" : "stands in [[ ]]",
                 painted(first, input_.tokenizer, coloured));
      fmt::print(
          "{}, {}, {} supervised ({:.1f} %)\n{} on {} of {} parameters; nothing was written\n",
          counted(std::int64_t(records_->size()), "record"), counted(r.tokens, "token"), r.targets,
          100 * r.mask_share(), counted(steps, "step"), trained, input_.gpt.parameter_count());
    }
    return 0;
  }
  const SftSettings& s_;
  const Common& common_;
  ModelInput input_;
  DataInput data_;
  std::shared_ptr<const DataSet> records_, replay_;
  std::optional<ExampleData> evaluation_;
  std::string base_hash_;
  nlohmann::ordered_json record_;
};
}  // namespace

int run_sft(const SftSettings& settings, const Common& common) {
  return SftRun(settings, common).run();
}

}  // namespace pupil::cli
