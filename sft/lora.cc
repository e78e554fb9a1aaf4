#include "sft/lora.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sft/module_names.h"
#include "sft/special_rows.h"
#include "tensor/error.h"
#include "tensor/random.h"

namespace pupil {
namespace {

constexpr const char* kPrefix = "base_model.model.";
constexpr const char* kAllLinear = "all-linear";

// "transformer.ln_f.weight" belongs to module "transformer.ln_f".
std::string module_of(const std::string& parameter) {
  return parameter.substr(0, parameter.rfind('.'));
}

bool is_saved(const std::string& module, const LoraConfig& config) {
  return std::any_of(config.modules_to_save.begin(), config.modules_to_save.end(),
                     [&](const std::string& wanted) { return is_inside_module(module, wanted); });
}

std::vector<std::string> linear_names(Gpt& gpt) {
  std::vector<std::string> names;
  for (const Linear* l : gpt.linears()) names.push_back(l->name);
  return names;
}

// Every block has the same modules: their last names say what there is.
[[noreturn]] void no_match(const char* option, const std::string& wanted,
                           const std::vector<std::string>& names) {
  std::vector<std::string> last_names;
  for (const std::string& name : names) {
    const std::string last = name.substr(name.rfind('.') + 1);
    if (std::count(last_names.begin(), last_names.end(), last) == 0) last_names.push_back(last);
  }
  throw UsageError(fmt::format("{}: \"{}\" matches no module; this model has {} (as in {})", option,
                               wanted, fmt::join(last_names, ", "), names[0]));
}

// Does `config` choose a module of this name? Patterns are compiled once.
class TargetChoice {
 public:
  explicit TargetChoice(const LoraConfig& config) : config_(config) {
    if (!config.target_pattern.empty()) pattern_.emplace_back(config.target_pattern);
  }
  bool operator()(const std::string& name) const {
    if (!pattern_.empty()) return pattern_[0].matches_whole(name);
    return std::any_of(config_.targets.begin(), config_.targets.end(),
                       [&](const std::string& wanted) { return name_matches(name, wanted); });
  }

 private:
  const LoraConfig& config_;
  std::vector<NamePattern> pattern_;
};

// The value of the first key that matches a name, as rank_pattern and alpha_pattern mean it.
template <class Value>
class PatternTable {
 public:
  explicit PatternTable(const std::vector<std::pair<std::string, Value>>& rows) {
    for (const auto& [key, value] : rows) rows_.emplace_back(NamePattern(key), value);
  }
  Value find(const std::string& name, Value otherwise) const {
    for (const auto& [pattern, value] : rows_) {
      if (pattern.matches_end(name)) return value;
    }
    return otherwise;
  }

 private:
  std::vector<std::pair<NamePattern, Value>> rows_;
};

void check_numbers(const LoraConfig& config) {
  const auto check_rank = [](const char* option, std::int64_t rank) {
    if (rank < 1) throw UsageError(fmt::format("{} is {}; it must be at least 1", option, rank));
  };
  check_rank("--lora-rank", config.rank);
  for (const auto& [key, rank] : config.rank_pattern) check_rank("a rank of rank_pattern", rank);
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    throw UsageError(fmt::format("--lora-dropout is {}; it must be in [0, 1)", config.dropout));
  }
}

// A copy that trains takes the place of a frozen weight, in this model only.
void train_copy(Variable& weight) {
  weight = parameter(weight.value().clone(), weight.leaf()->name);
}

}  // namespace

double LoraConfig::scale(std::int64_t of_rank, double of_alpha) const {
  return rslora ? of_alpha / std::sqrt(double(of_rank)) : of_alpha / double(of_rank);
}

std::vector<LoraTarget> lora_targets(Gpt& gpt, const LoraConfig& config, bool every) {
  check_numbers(config);
  const std::vector<std::string> linears = linear_names(gpt);
  const bool all =
      config.target_pattern == kAllLinear ||
      (config.targets == std::vector<std::string>{kAllLinear} && config.target_pattern.empty());
  LoraConfig by_name = config;
  if (all) by_name.targets = linears, by_name.target_pattern.clear();

  const TargetChoice chosen(by_name);
  for (const char* table : {"transformer.wte", "transformer.wpe", "lm_head"}) {
    if (chosen(table) && !is_saved(table, config)) {
      throw UsageError(fmt::format(
          "--lora-targets chooses {}: an adapter on an embedding or on the head, which share one "
          "matrix, is not computed here; train it whole (modules_to_save) or leave it out",
          table));
    }
  }
  if (every && by_name.target_pattern.empty()) {
    for (const std::string& wanted : by_name.targets) {
      const bool found = std::any_of(linears.begin(), linears.end(), [&](const std::string& name) {
        return name_matches(name, wanted);
      });
      if (!found) no_match("--lora-targets", wanted, linears);
    }
  }
  const PatternTable<std::int64_t> ranks(config.rank_pattern);
  const PatternTable<double> alphas(config.alpha_pattern);
  std::vector<LoraTarget> targets;
  for (Linear* l : gpt.linears()) {
    if (!chosen(l->name) || is_saved(l->name, config)) continue;
    const std::int64_t rank = ranks.find(l->name, config.rank);
    targets.push_back({l, rank, config.scale(rank, alphas.find(l->name, config.alpha))});
  }
  if (targets.empty()) {
    const std::string wanted = by_name.target_pattern.empty()
                                   ? fmt::format("{}", fmt::join(by_name.targets, ", "))
                                   : by_name.target_pattern;
    no_match("--lora-targets", wanted, linears);
  }
  return targets;
}

void add_lora(Gpt& gpt, const LoraConfig& config, std::uint64_t seed) {
  add_lora(gpt, config, lora_targets(gpt, config), seed);
}

void add_lora(Gpt& gpt, const LoraConfig& config, const std::vector<LoraTarget>& targets,
              std::uint64_t seed) {
  std::vector<std::string> modules;
  for (const NamedParameter& p : gpt.parameters()) modules.push_back(module_of(p.name));
  modules.erase(std::unique(modules.begin(), modules.end()), modules.end());
  for (const std::string& wanted : config.modules_to_save) {
    const bool found = std::any_of(modules.begin(), modules.end(), [&](const std::string& module) {
      return is_inside_module(module, wanted);
    });
    if (!found) no_match("modules_to_save", wanted, modules);
  }
  for (const Linear* l : gpt.linears()) {
    if (l->quantised && is_saved(l->name, config)) {
      throw UsageError(fmt::format(
          "modules_to_save: {} is quantised, and only full weights can train", l->name));
    }
  }
  if (is_saved("transformer.wte", config) && !gpt.lm_head.defined()) gpt.untie_head();
  for (const NamedParameter& p : gpt.parameters()) {
    p.variable->leaf()->trainable = false;
    if (is_saved(module_of(p.name), config)) train_copy(*p.variable);
  }
  const std::vector<Linear*> linears = gpt.linears();
  for (const LoraTarget& target : targets) {
    Linear& l = *target.linear;
    // Random numbers by the map's place in the model: they do not depend on what else is chosen.
    const auto stream = std::uint64_t(1 + (std::ranges::find(linears, &l) - linears.begin()));
    const double bound = 1 / std::sqrt(double(l.in()));
    l.lora = std::make_shared<Lora>();
    l.lora->a =
        parameter(tensor::uniform({target.rank, l.in()}, -bound, bound, seed, stream, gpt.dtype()),
                  kPrefix + l.name + ".lora_A.weight");
    l.lora->b = parameter(Tensor::zeros({l.out(), target.rank}, gpt.dtype()),
                          kPrefix + l.name + ".lora_B.weight");
    l.lora->scale = target.scale;
    l.lora->dropout = config.dropout;
    if (config.dora) {
      l.lora->magnitude = parameter(column_norms(l), kPrefix + l.name + ".lora_magnitude_vector");
    }
  }
  add_special_rows(gpt, config);
}

std::vector<NamedParameter> lora_parameters(Gpt& gpt) {
  std::vector<NamedParameter> list;
  const auto add = [&](Variable& v) {
    if (v.defined()) list.push_back({v.leaf()->name, &v});
  };
  for (Linear* l : gpt.linears()) {
    if (!l->lora) continue;
    add(l->lora->a);
    add(l->lora->b);
    add(l->lora->magnitude);
  }
  add(gpt.special_rows.rows);
  add(gpt.special_head_rows.rows);
  for (const NamedParameter& p : gpt.parameters()) {
    if (p.variable->leaf()->trainable) list.push_back({kPrefix + p.name, p.variable});
  }
  return list;
}

}  // namespace pupil
