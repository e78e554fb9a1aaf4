#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/batch_options.h"
#include "cli/commands.h"
#include "cli/model_input.h"
#include "cli/output_path.h"
#include "sft/example_data.h"
#include "sft/step.h"

namespace pupil::cli {
namespace {

struct Settings {
  ModelOptions model;
  DataOptions data;
  BatchOptions batches;
  std::string out, normaliser = "tokens";
  double label_smoothing = 0;
  std::int64_t micro_batch_size = 0;
};

int grads(const Settings& s, const Common& common) {
  expect_writable(s.out);
  StepOptions step;
  step.normaliser = Normaliser::parse(s.normaliser);
  step.label_smoothing = s.label_smoothing;
  s.model.need_adapter_on_quantised_base(false);
  ModelInput input = load_model_input(s.model, common);
  DataInput data = open_data_input(s.data, input.tokenizer, input.gpt.config());
  input.gpt.grow_vocabulary(input.tokenizer ? input.tokenizer->vocab_size() : 0);
  const std::vector<Example> rows =
      all_rows(RowSequence(std::make_shared<MemoryExamples>(read_examples(data, common)),
                           {.order = ExampleOrder::kFile,
                            .pack_length = s.batches.pack_length(s.data, input.gpt.config())}));
  const std::int64_t size = s.micro_batch_size > 0 ? s.micro_batch_size : std::int64_t(rows.size());

  ParameterArena arena(input.adapter ? lora_parameters(input.gpt) : input.gpt.parameters());
  // Adapters drop inputs in training only; a gradient file is about the loss itself.
  for (Linear* l : input.gpt.linears()) {
    if (l->lora) l->lora->dropout = 0;
  }
  const StepResult result =
      accumulate_gradients(input.gpt, arena, batches_of(rows, size, s.batches.side()), step, 0);
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const ParameterArena::Part& part : arena.parts()) {
    const std::string name = input.adapter ? part.name : input.folder.stored_name(part.name);
    tensors.emplace_back(name, part.variable.leaf()->grad);
  }
  write_safetensors(s.out, tensors, {}, common.dtype == "f64" ? SaveType::kF64 : SaveType::kF32);
  fmt::print("{}\n", nlohmann::ordered_json{{"loss", result.loss},
                                            {"n_targets", result.n_targets},
                                            {"grad_norm", result.grad_norm}}
                         .dump());
  return 0;
}

}  // namespace

Command grads_command() {
  return {"grads",
          "The loss of all records as one step, and its gradient by every trainable parameter.",
          "./pupil grads --model tests/golden/gpt2/b/model --data tests/golden/gpt2/b/batch.jsonl "
          "--out "
          "build/grads.safetensors --dtype f64",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->model.declare(options);
            s->data.declare(options);
            options.text("--out", s->out, "safetensors file for the gradients", "FILE").required();
            options
                .text("--normaliser", s->normaliser, "tokens, examples, microbatch or constant:K")
                .check([](const std::string& text) { Normaliser::parse(text); })
                .number("--label-smoothing", s->label_smoothing, "in [0, 1)")
                .at_least(0)
                .below(1)
                .integer("--micro-batch-size", s->micro_batch_size,
                         "rows (records, or packed ones) in a forward pass (0: all)")
                .at_least(0);
            s->batches.declare(options);
            return [s, &common] { return grads(*s, common); };
          }};
}

}  // namespace pupil::cli
