// Family gpt2: models saved by transformers. A folder with model/ is one model with all its values;
// a folder with expected_FORM.safetensors beside FORM/ holds one model in several storage forms.
#include <fmt/format.h>

#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "cli/golden/model.h"
#include "nn/file.h"
#include "nn/generate.h"
#include "nn/model_folder.h"
#include "sft/render.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

// Adam amplifies rounding noise where the true gradient is 0.
constexpr Tolerance kTrainedTolerance{1e-9, 1e-9};

Gpt load(const std::string& path) { return load_model(path, DType::kFloat64).gpt; }

// ---- greedy text --------------------------------------------------------------------------------

constexpr std::int64_t kNewIds = 10;

Values greedy(const std::string& model, const std::vector<std::vector<std::int32_t>>& prompts) {
  const Gpt gpt = load(model);
  Values values;
  GenerateOptions options;  // greedy
  options.max_new_tokens = kNewIds;
  const auto results = generate(gpt, prompts, options);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values.put(fmt::format("ids.{}", i),
               std::vector<double>(results[i].ids.begin(), results[i].ids.end()));
  }
  return values;
}

std::vector<std::vector<std::int32_t>> greedy_prompts(const std::string& path) {
  std::vector<std::vector<std::int32_t>> prompts;
  for (const Json& entry : read_json(path)) prompts.push_back(entry.at("prompt_ids"));
  return prompts;
}

Expected expected_greedy(const std::string& path) {
  Expected expected;
  std::size_t i = 0;
  for (const Json& entry : read_json(path)) {
    expected.put(fmt::format("ids.{}", i++), entry.at("ids").get<std::vector<double>>(), {});
  }
  return expected;
}

// ---- two records in one row ---------------------------------------------------------------------

Batch packed_row(const std::string& path) {
  const Json json = read_json(path);
  Example row{.ids = json.at("ids"),
              .targets = {},
              .positions = json.at("positions"),
              .segments = json.at("segments"),
              .records = 2};
  row.targets = targets_from(json.at("labels").get<std::vector<std::int32_t>>());
  drop_targets_across_segments(row);
  return make_batch(std::vector{row});
}

Values packed_logits(const std::string& folder) {
  Values values;
  values.put("logits", row_logits(load(folder + "/model"), packed_row(folder + "/packed.json")));
  return values;
}

Values packed_loss(const std::string& folder) {
  const NoGrad no_grad;
  const Gpt gpt = load(folder + "/model");
  Pass pass;
  const LossSum loss = loss_sum(gpt, packed_row(folder + "/packed.json"), pass);
  Values values;
  values.put("loss", loss.sum.value().item() / double(loss.n_targets));
  values.put("n_targets", double(loss.n_targets));
  return values;
}

Gradients packed_gradients(const std::string& folder) {
  Gpt gpt = load(folder + "/model");
  return gradients(gpt, gpt.parameters(), packed_row(folder + "/packed.json"));
}

// ---- the cases ----------------------------------------------------------------------------------

class CaseList {
 public:
  CaseList(std::vector<Case>& cases, std::string folder, std::string name)
      : cases_(cases), folder_(std::move(folder)), name_(std::move(name)) {}
  // A case whose expected values stand in `file`.
  template <class Compute, class Read>
  void add(const char* what, const char* file, Compute compute, Read read) {
    if (left_out(folder_, file)) return;
    const std::string path = folder_ + "/" + file;
    cases_.push_back({"gpt2", name_ + " " + what, compute, [=] { return read(path); }, {}});
  }

 private:
  std::vector<Case>& cases_;
  std::string folder_, name_;
};

void add_model(std::vector<Case>& cases, const std::string& folder, const std::string& name) {
  const std::string model = folder + "/model", batch = folder + "/batch.jsonl",
                    json = folder + "/expected.json", greedy_file = folder + "/greedy.json";
  const auto tensors = [](Tolerance tolerance) {
    return [=](const std::string& path) { return expected_tensors(path, tolerance); };
  };
  const auto numbers = [](std::initializer_list<const char*> fields) {
    return [fields = std::vector<const char*>(fields)](const std::string& path) {
      const Json values = read_json(path);
      Expected expected;
      for (const char* field : fields) {
        expected.put(field, values.at(field).get<double>(), kModelTolerance);
      }
      return expected;
    };
  };
  const auto batch_gradients = [=] {
    Gpt gpt = load(model);
    return gradients(gpt, gpt.parameters(), batch_of(read_records(batch)));
  };
  const auto training = [=] {
    Gpt gpt = load(model);
    return train(gpt, gpt.parameters(), batch_of(read_records(batch)), train_settings(json));
  };
  CaseList list(cases, folder, name);
  list.add(
      "logits", "expected.safetensors",
      [=] { return record_logits(load(model), read_records(batch)); }, tensors(kModelTolerance));
  list.add(
      "logprobs", "expected.json",
      [=] { return record_logprobs(load(model), read_records(batch)); }, expected_logprobs);
  list.add(
      "loss", "expected.json", [=] { return batch_gradients().numbers; },
      numbers({"loss", "n_targets", "grad_norm"}));
  list.add(
      "gradients", "expected_grads.safetensors", [=] { return batch_gradients().tensors; },
      tensors(kModelTolerance));
  list.add(
      "training", "expected.json", [=] { return training().numbers; }, expected_training);
  list.add(
      "trained", "expected_trained.safetensors", [=] { return training().tensors; },
      tensors(kTrainedTolerance));
  list.add(
      "greedy", "greedy.json", [=] { return greedy(model, greedy_prompts(greedy_file)); },
      expected_greedy);
  list.add(
      "packed logits", "expected_packed.safetensors", [=] { return packed_logits(folder); },
      tensors(kModelTolerance));
  list.add(
      "packed loss", "packed.json", [=] { return packed_loss(folder); },
      numbers({"loss", "n_targets"}));
  list.add(
      "packed gradients", "expected_packed_grads.safetensors",
      [=] { return packed_gradients(folder).tensors; }, tensors(kModelTolerance));
}

void add_forms(std::vector<Case>& cases, const std::string& folder, const std::string& name) {
  for (const std::string& form : folders_in(folder)) {
    CaseList(cases, folder, name)
        .add(
            form.c_str(), ("expected_" + form + ".safetensors").c_str(),
            [=] {
              return record_logits(load(folder + "/" + form),
                                   read_records(folder + "/batch.jsonl"));
            },
            [](const std::string& path) { return expected_tensors(path, kModelTolerance); });
  }
}

}  // namespace

std::vector<Case> gpt2_cases(const std::string& dir) {
  std::vector<Case> cases;
  for (const std::string& name : folders_in(dir)) {
    const std::string folder = dir + "/" + name;
    if (folder_exists(folder + "/model")) {
      add_model(cases, folder, name);
      continue;
    }
    const std::size_t before = cases.size();
    add_forms(cases, folder, name);
    if (cases.size() == before) {
      throw InputError(folder + ": holds neither model/ nor folders with storage forms of a model");
    }
  }
  return cases;
}

}  // namespace pupil::golden
