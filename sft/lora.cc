#include "sft/lora.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"
#include "tensor/matmul.h"
#include "tensor/random.h"

namespace pupil {
namespace {

constexpr const char* kPrefix = "base_model.model.";

// "transformer.ln_f.weight" belongs to module "transformer.ln_f".
std::string module_of(const std::string& parameter) {
  return parameter.substr(0, parameter.rfind('.'));
}

bool matches_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return name_matches(name, pattern); });
}

void need_match(const char* option, const std::vector<std::string>& patterns,
                const std::vector<std::string>& names) {
  for (const std::string& pattern : patterns) {
    const bool found = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name_matches(name, pattern);
    });
    if (found) continue;
    throw UsageError(fmt::format("{}: \"{}\" matches no module; this model has {}", option, pattern,
                                 fmt::join(names, ", ")));
  }
}

Tensor delta(const Lora& lora) {
  Tensor d = tensor::matmul(lora.a.value(), true, lora.b.value(), true);  // (in, out)
  d.scale_(lora.scale);
  return d;
}

}  // namespace

double LoraConfig::scale() const {
  return rslora ? alpha / std::sqrt(double(rank)) : alpha / double(rank);
}

bool name_matches(const std::string& name, const std::string& pattern) {
  return name == pattern || name.ends_with("." + pattern);
}

void add_lora(Gpt& gpt, const LoraConfig& config, std::uint64_t seed) {
  if (config.rank < 1)
    throw UsageError(fmt::format("--lora-rank is {}; it must be at least 1", config.rank));
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    throw UsageError(fmt::format("--lora-dropout is {}; it must be in [0, 1)", config.dropout));
  }
  std::vector<std::string> linears, modules;
  for (const Linear* l : gpt.linears()) linears.push_back(l->name);
  for (const NamedParameter& p : gpt.parameters()) modules.push_back(module_of(p.name));
  modules.erase(std::unique(modules.begin(), modules.end()), modules.end());
  need_match("--lora-targets", config.targets, linears);
  need_match("modules_to_save", config.modules_to_save, modules);

  const bool saves_embedding = matches_any("transformer.wte", config.modules_to_save);
  if (saves_embedding && !gpt.lm_head.defined()) gpt.untie_head();
  for (const NamedParameter& p : gpt.parameters()) {
    const bool saved = matches_any(module_of(p.name), config.modules_to_save);
    p.variable->leaf()->trainable = saved;
    if (saved) p.variable->leaf()->value = p.variable->value().clone();
  }
  std::uint64_t stream = 0;
  for (Linear* l : gpt.linears()) {
    stream += 1;
    if (!matches_any(l->name, config.targets)) continue;
    const std::int64_t in = l->weight.shape()[0], out = l->weight.shape()[1];
    const double bound = 1 / std::sqrt(double(in));
    l->lora = std::make_shared<Lora>();
    l->lora->a =
        parameter(tensor::uniform({config.rank, in}, -bound, bound, seed, stream, gpt.dtype()),
                  kPrefix + l->name + ".lora_A.weight");
    l->lora->b = parameter(Tensor::zeros({out, config.rank}, gpt.dtype()),
                           kPrefix + l->name + ".lora_B.weight");
    l->lora->scale = config.scale();
    l->lora->dropout = config.dropout;
  }
  if (!config.special_ids.empty()) {
    const std::int64_t C = gpt.config().n_embd, V = gpt.config().vocab_size;
    Tensor rows = Tensor::empty({std::int64_t(config.special_ids.size()), C}, gpt.dtype());
    for (std::size_t i = 0; i < config.special_ids.size(); ++i) {
      const std::int32_t id = config.special_ids[i];
      if (id < 0 || id >= V) {
        throw UsageError(fmt::format("special id {} is outside the vocabulary of {}", id, V));
      }
      rows.rows(std::int64_t(i), std::int64_t(i) + 1).copy_(gpt.wte.value().rows(id, id + 1));
    }
    gpt.special_ids = config.special_ids;
    gpt.special_rows = parameter(
        rows, std::string(kPrefix) + "transformer.wte.token_adapter.trainable_tokens_delta");
  }
}

std::vector<NamedParameter> lora_parameters(Gpt& gpt) {
  std::vector<NamedParameter> list;
  for (Linear* l : gpt.linears()) {
    if (!l->lora) continue;
    list.push_back({l->lora->a.leaf()->name, &l->lora->a});
    list.push_back({l->lora->b.leaf()->name, &l->lora->b});
  }
  if (gpt.special_rows.defined()) {
    list.push_back({gpt.special_rows.leaf()->name, &gpt.special_rows});
  }
  for (const NamedParameter& p : gpt.parameters()) {
    if (p.variable->leaf()->trainable) list.push_back({kPrefix + p.name, p.variable});
  }
  return list;
}

void merge_lora(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (!l->lora || l->lora->unmerged.defined()) continue;
    Leaf& weight = *l->weight.leaf();
    l->lora->unmerged = weight.value;
    weight.value = weight.value.clone();
    weight.value.add_(delta(*l->lora));
  }
}

void unmerge_lora(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (!l->lora || !l->lora->unmerged.defined()) continue;
    l->weight.leaf()->value = l->lora->unmerged;
    l->lora->unmerged = Tensor();
  }
}

void fold_lora(Gpt& gpt) {
  merge_lora(gpt);
  for (Linear* l : gpt.linears()) l->lora = nullptr;
  if (gpt.special_rows.defined()) {
    gpt.wte.leaf()->value = gpt.token_embedding().value();
    gpt.special_rows = Variable();
    gpt.special_ids.clear();
  }
}

}  // namespace pupil
