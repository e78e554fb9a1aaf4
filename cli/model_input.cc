#include "cli/model_input.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/counted.h"
#include "cli/model_dtype.h"
#include "cli/progress.h"
#include "nn/file.h"
#include "nn/json_fields.h"
#include "sft/model_template.h"
#include "sft/quantised_base.h"
#include "tensor/error.h"

namespace pupil::cli {
void ModelOptions::declare(Options& options, bool adapter_required) {
  options.text("--model", model, "model folder", "DIR").required();
  options.text("--adapter", adapter, "PEFT LoRA folder on top of the model", "DIR");
  if (adapter_required) options.required();
  options.choice("--quantise", quantise, {"auto", "none", "nf4", "int8"},
                 "bits of the frozen base: nf4 4.13, int8 8; auto: as the adapter was trained");
}

void ModelOptions::need_adapter_on_quantised_base(bool starts_adapter) const {
  if (quantise == "auto" || quantise == "none" || starts_adapter || !adapter.empty()) return;
  throw UsageError(fmt::format(
      "--quantise {} freezes the model; give it an adapter to train (--adapter, --lora-rank)",
      quantise));
}

void DataOptions::declare(Options& options, const char* longest) {
  options.text("--data", data, "records: JSON Lines or a JSON array", "FILE").required();
  declare_rendering(options, longest);
  options
      .number("--prompt-loss-weight", prompt_loss_weight,
              "weight in the loss of tokens that are not supervised")
      .at_least(0)
      .at_most(1000);
}

void DataOptions::declare_rendering(Options& options, const char* longest) {
  options
      .text("--format", format,
            "form of the records: auto, messages, prompt-completion, alpaca, text, ids", "FORM")
      .check([](const std::string& name) { record_form(name); })
      .text(
          "--template", chat_template,
          "chatml, alpaca, llama2, zephyr, plain, microworld, or model: the folder's own (none: by "
          "the form)",
          "NAME")
      .check(check_template_name)
      .text("--mask", mask,
            "what is supervised: assistant, completion, last, all (none: by the form)", "MODE")
      .check([](const std::string& name) { mask_mode(name); })
      .integer("--max-length", max_length,
               fmt::format("tokens of a record at most (0: {})", longest).c_str())
      .at_least(0)
      .choice("--truncate", truncate, {"start", "end", "drop", "error"}, "for longer records")
      .flag("--skip-bad", skip_bad, "count and list records that do not fit instead of stopping");
}

namespace {

// An adapter on `base`, which is of the precision `kind`, and the tokenizer for it.
ModelInput with_adapter(const ModelInput& base, const std::string& path, const std::string& model,
                        const std::string& kind, const Common& common) {
  ModelInput input{base.folder, base.gpt.share()};
  input.base_hash = base.base_hash;
  if (!path.empty()) {
    input.adapter = load_adapter(path, input.gpt, input.base_hash);
    const AdapterInfo& info = *input.adapter;
    const std::string trained_on = info.base_quantisation.empty() ? "none" : info.base_quantisation;
    if (!info.base_hash.empty() && trained_on != kind) {
      log_line(common, fmt::format("{}: trained on a base with --quantise {}, runs here on one "
                                   "with {}: answers may differ",
                                   path, trained_on, kind));
    }
  }
  for (const std::string& folder : {path, model}) {
    if (folder.empty() || input.tokenizer || !has_tokenizer(folder)) continue;
    input.tokenizer = load_tokenizer(folder);
    if (input.tokenizer->vocab_size() > input.gpt.config().vocab_size) {
      throw InputError(
          fmt::format("{}: the tokenizer has {} ids, the model a vocabulary of {}; they "
                      "do not belong together",
                      folder, input.tokenizer->vocab_size(), input.gpt.config().vocab_size));
    }
  }
  return input;
}

}  // namespace

std::vector<ModelInput> load_model_inputs(const ModelOptions& options,
                                          const std::vector<std::string>& adapters,
                                          const Common& common) {
  LoadedModel loaded = load_model(options.model, model_dtype(common));
  ModelInput base{std::move(loaded.folder), std::move(loaded.gpt)};
  std::string kind = options.quantise;
  if (kind == "auto") {
    kind = adapters[0].empty() ? "" : read_adapter_info(adapters[0]).base_quantisation;
    if (kind.empty()) kind = "none";
  }
  if (kind != "none") {
    base.base_hash = hash_of_weights(base.gpt);
    quantise_base(base.gpt, quantisation(kind));
  }
  std::vector<ModelInput> inputs;
  for (const std::string& path : adapters) {
    inputs.push_back(with_adapter(base, path, options.model, kind, common));
  }
  if (kind != "none") {
    log_line(common,
             fmt::format("{}: {} base, {}", options.model, kind, text(memory_of(inputs[0].gpt))));
  }
  return inputs;
}

ModelInput load_model_input(const ModelOptions& options, const Common& common) {
  return std::move(load_model_inputs(options, {options.adapter}, common)[0]);
}

std::string recorded_template(const ModelOptions& options) {
  for (const std::string& folder : {options.adapter, options.model}) {
    const std::string path = folder + "/run.json";
    if (folder.empty() || !file_exists(path)) continue;
    const auto json = read_json_object(path);
    const std::string name = FieldReader(json, path).text("template", "");
    if (!name.empty() && name != "none") return name;
  }
  return "";
}

DataInput open_data_input(const DataOptions& options, std::optional<Tokenizer>& tokenizer,
                          const GptConfig& model) {
  const std::int64_t longest = options.max_length > 0 ? options.max_length : model.context;
  if (longest > model.context) {
    throw UsageError(
        fmt::format("--max-length {} is beyond the model's context of {}", longest, model.context));
  }
  RecordReader reader(options.data,
                      {.form = record_form(options.format), .skip_bad = options.skip_bad});
  const Record* first = reader.peek();
  if (!first) reader.throw_empty();
  DataInput input;
  input.form = reader.form();
  const ChatTemplate chat =
      template_named(options.chat_template.empty() ? usual_template(*first)
                                                   : std::string_view(options.chat_template),
                     tokenizer ? &*tokenizer : nullptr);
  const MaskMode mode = options.mask.empty() ? usual_mask(input.form) : mask_mode(options.mask);
  const bool is_text = input.form != RecordForm::kIds;
  if (is_text && !tokenizer) {
    throw InputError(
        fmt::format("{}: the records are text, but the model's folder has no "
                    "tokenizer; add its tokenizer.json, or give records of ids",
                    options.data));
  }
  if (is_text) {
    input.template_specials = chat.specials(*tokenizer);
    input.added_specials = chat.add_specials(*tokenizer);
    input.stop_ids = chat.stop_ids(*tokenizer);
  }
  input.template_name = is_text ? chat.name() : "none";
  input.template_hash = is_text ? chat.hash() : "";
  input.mask_name = mask_name(mode);
  const std::int32_t ids = std::int32_t(
      std::max<std::int64_t>(model.vocab_size, tokenizer ? tokenizer->vocab_size() : 0));
  input.records =
      std::make_unique<RenderedRecords>(std::move(reader),
                                        Renderer(is_text ? tokenizer : std::optional<Tokenizer>(),
                                                 chat, mode, ids, options.prompt_loss_weight),
                                        LengthLimit{longest, truncation(options.truncate)});
  return input;
}

void log_data_input(const DataInput& input, const RecordReader& reader, const RenderReport& report,
                    const Common& common) {
  const RenderReport& r = report;
  log_line(common,
           fmt::format("{}: {} of form {}, template {}, mask {}: {}, {} supervised ({:.1f} %)",
                       reader.path(), counted(r.records, "record"), form_name(input.form),
                       input.template_name, input.mask_name, counted(r.tokens, "token"), r.targets,
                       100 * r.mask_share()));
  if (!input.added_specials.empty()) {
    std::string added;
    for (const SpecialToken& token : input.added_specials) {
      added += fmt::format("{}{} = {}", added.empty() ? "" : ", ", token.name, token.id);
    }
    log_line(common,
             fmt::format("{} token{} added to the tokenizer: {}", input.added_specials.size(),
                         input.added_specials.size() == 1 ? "" : "s", added));
  }
  std::string losses;
  for (const auto& [count, what] :
       {std::pair<std::int64_t, const char*>{reader.skipped_count(), "skipped as bad"},
        {r.shortened, "shortened"},
        {r.dropped, "dropped"},
        {r.without_targets, "without a target"}}) {
    if (count > 0) losses += fmt::format("{}{} {}", losses.empty() ? "" : ", ", count, what);
  }
  if (!losses.empty()) log_line(common, fmt::format("{}: {}", reader.path(), losses));
  for (const SkippedRecord& bad : reader.skipped()) {
    log_line(common, fmt::format("{}:{}: {}", reader.path(), bad.line, bad.reason));
  }
  const long more = reader.skipped_count() - long(reader.skipped().size());
  if (more > 0) log_line(common, fmt::format("{}: and {} more", reader.path(), more));
}

void for_each_record(DataInput& input, const Common& common,
                     const std::function<void(const Rendered&)>& use) {
  RenderedRecords& records = *input.records;
  if (!records.reader().size()) {
    for (const Rendered& record : read_all(input, common)) use(record);
    return;
  }
  while (records.next()) {
  }
  log_data_input(input, records.reader(), records.report(), common);
  records.rewind();
  while (const auto record = records.next()) use(*record);
}

std::vector<Rendered> read_all(DataInput& input, const Common& common) {
  std::vector<Rendered> all;
  while (auto rendered = input.records->next()) all.push_back(std::move(*rendered));
  log_data_input(input, input.records->reader(), input.records->report(), common);
  return all;
}

std::vector<Example> read_examples(DataInput& input, const Common& common) {
  std::vector<Example> examples;
  for (const Rendered& rendered : read_all(input, common)) examples.push_back(to_example(rendered));
  return examples;
}

std::shared_ptr<const DataSet> read_data_set(DataInput& input, const Common& common) {
  constexpr double kMiB = 1 << 20;
  const double size = double(input.records->reader().size().value_or(0));
  Progress progress(common, "read", std::int64_t(std::ceil(size / kMiB)));
  auto data =
      std::make_shared<const DataSet>(std::move(*input.records), [&progress](std::uint64_t bytes) {
        progress.step(std::int64_t(double(bytes) / kMiB), "MiB of records");
      });
  log_data_input(input, data->reader(), data->report(), common);
  return data;
}

}  // namespace pupil::cli
