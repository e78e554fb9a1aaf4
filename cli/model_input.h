// What most commands begin with: a model, perhaps an adapter, its tokenizer, and records made into
// examples for it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "nn/model_folder.h"
#include "sft/adapter_folder.h"
#include "sft/data_set.h"
#include "sft/tokenizer.h"

namespace pupil::cli {

struct ModelOptions {
  std::string model, adapter;
  std::string quantise =
      "auto";  ///< of the frozen base: auto (as the adapter says), none, nf4, int8
  void declare(Options& options, bool adapter_required = false);
  /// Throws UsageError when the base is quantised and nothing on it would train.
  void need_adapter_on_quantised_base(bool starts_adapter) const;
};

struct ModelInput {
  ModelFolder folder;
  Gpt gpt;
  std::optional<AdapterInfo> adapter{};
  std::string base_hash{};  ///< of the base before it was quantised; empty when it is not
  std::optional<Tokenizer> tokenizer{};  ///< of the folder, when it has one
};
/// Loads the model, quantises it if asked to, attaches its adapter and finds its tokenizer. Throws
/// InputError when they do not fit together; says on stderr when an adapter meets its base in
/// another precision than it was trained on.
ModelInput load_model_input(const ModelOptions& options, const Common& common);
/// The same for several adapters on one base, which is in memory once; an empty name stands for the
/// base alone. The base's precision is that of the first adapter.
std::vector<ModelInput> load_model_inputs(const ModelOptions& options,
                                          const std::vector<std::string>& adapters,
                                          const Common& common);

/// The template that the adapter or else the model was tuned with, from its run.json; may be empty.
std::string recorded_template(const ModelOptions& options);

struct DataOptions {
  std::string data, format = "auto", chat_template, mask, truncate = "error";
  std::int64_t max_length = 0;  ///< 0: the model's context, where there is a model
  double prompt_loss_weight = 0;
  bool skip_bad = false;
  /// `longest` is what --max-length 0 stands for, for the help.
  void declare(Options& options, const char* longest = "the model's context");
  /// All but --data and weights.
  void declare_rendering(Options& options, const char* longest = "the model's context");
};

/// Records of a file as the model will see them, in memory one at a time.
struct DataInput {
  RecordForm form = RecordForm::kAuto;
  std::string template_name, template_hash, mask_name;
  std::vector<std::string> template_specials;  ///< the special tokens that the template places
  std::vector<SpecialToken> added_specials;    ///< those of them that the tokenizer lacked
  std::vector<std::int32_t> stop_ids;
  std::unique_ptr<RenderedRecords> records;
};

/// Opens a file of records: its first one shows form, template and mask. With `tokenizer`, the
/// template's special tokens are added to it; the caller grows the model.
DataInput open_data_input(const DataOptions& options, std::optional<Tokenizer>& tokenizer,
                          const GptConfig& model);

/// Says on stderr which form, template and mask were taken, and counts what was read and lost.
void log_data_input(const DataInput& input, const RecordReader& reader, const RenderReport& report,
                    const Common& common);

/// Calls `use` for one record after the other, when all have been read once and logged: a bad one
/// is found before anything is done. In memory is one record; those of a pipe, which can be read
/// once only, are all.
void for_each_record(DataInput& input, const Common& common,
                     const std::function<void(const Rendered&)>& use);
/// All records, in memory; logs them.
std::vector<Rendered> read_all(DataInput& input, const Common& common);
/// The same as examples.
std::vector<Example> read_examples(DataInput& input, const Common& common);
/// A training set of any size, which takes the input's records over; logs them, with progress.
std::shared_ptr<const DataSet> read_data_set(DataInput& input, const Common& common);

}  // namespace pupil::cli
