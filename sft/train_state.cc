#include "sft/train_state.h"

#include <fmt/format.h>

#include <cmath>

#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/safetensors.h"
#include "nn/strict_json.h"
#include "tensor/error.h"

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string state_path(const std::string& folder) { return folder + "/state.safetensors"; }

// JSON has no infinity: null stands for it, also for the loss of an evaluation that overflowed.
std::string to_text(const RunProgress& p) {
  Json json = {{"steps", p.steps},
               {"loss", p.last.loss},
               {"grad_norm", p.last.grad_norm},
               {"n_targets", p.last.n_targets},
               {"n_tokens", p.last.n_tokens},
               {"without_best", p.without_best}};
  if (p.last.kl) json["kl"] = *p.last.kl;
  if (p.last.l2) json["l2"] = *p.last.l2;
  if (p.best) {
    json["best"] = p.best->loss;
    json["best_step"] = p.best->step;
  }
  if (p.evaluation) {
    json["val_loss"] = std::isfinite(p.evaluation->loss) ? Json(p.evaluation->loss) : Json();
    json["val_targets"] = p.evaluation->n_targets;
  }
  return json.dump();
}

RunProgress progress_from(const std::string& text, const std::string& where) {
  const Json json = parse_json_text<Json>(text, where);
  if (!json.is_object()) throw InputError(where + ": must be a JSON object");
  const FieldReader fields(json, where);
  const auto whole = [&](const char* field) {
    const double value = fields.number(field, 0);
    if (!(value >= 0 && value <= 0x1p53)) fields.fail(field, "is no number of steps or tokens");
    return std::int64_t(value);
  };
  RunProgress p;
  p.steps = whole("steps");
  p.last = {.loss = fields.number("loss", 0),
            .grad_norm = fields.number("grad_norm", 0),
            .n_targets = whole("n_targets"),
            .n_tokens = whole("n_tokens")};
  if (json.contains("kl")) p.last.kl = fields.number("kl", 0);
  if (json.contains("l2")) p.last.l2 = fields.number("l2", 0);
  if (json.contains("best")) p.best = Best{fields.number("best", kInfinity), whole("best_step")};
  p.without_best = whole("without_best");
  if (json.contains("val_targets")) {
    p.evaluation = Evaluation{fields.number("val_loss", kInfinity), whole("val_targets")};
  }
  return p;
}

}  // namespace

void save_state(const std::string& folder, const ParameterArena& arena, const AdamW& optimizer,
                const RunProgress& progress, const std::string& fingerprint) {
  const bool f64 = arena.values().dtype() == DType::kFloat64;
  write_safetensors(state_path(folder),
                    {{"weights", arena.values()}, {"m", optimizer.m}, {"v", optimizer.v}},
                    {{"progress", to_text(progress)}, {"fingerprint", fingerprint}},
                    f64 ? SaveType::kF64 : SaveType::kF32);
}

std::optional<RunProgress> load_state(const std::string& folder, ParameterArena& arena,
                                      AdamW& optimizer, const std::string& fingerprint) {
  if (!has_state(folder)) return std::nullopt;
  const std::string path = state_path(folder);
  const SafetensorsFile file(path);
  const auto& metadata = file.metadata();
  const auto saved = metadata.find("fingerprint");
  const auto progress = metadata.find("progress");
  if (saved == metadata.end() || progress == metadata.end()) {
    throw InputError(fmt::format("{}: is not the state of a run", path));
  }
  if (saved->second != fingerprint) {
    throw InputError(
        fmt::format("{}: belongs to a run with other data, model or settings; resume with "
                    "the same ones, or choose another --out",
                    path));
  }
  const RunProgress result = progress_from(progress->second, path + ": progress");
  const std::pair<const char*, Tensor> parts[] = {
      {"weights", arena.values()}, {"m", optimizer.m}, {"v", optimizer.v}};
  std::vector<Tensor> values;
  for (const auto& [name, to] : parts) {
    values.push_back(file.read(name, to.dtype()));
    if (values.back().shape() != to.shape()) {
      throw InputError(fmt::format("{}: {} is {}, this run needs {}", path, name,
                                   values.back().str(), to.str()));
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) parts[i].second.copy_(values[i]);
  optimizer.steps = result.steps;
  return result;
}

bool has_state(const std::string& folder) { return file_exists(state_path(folder)); }

std::optional<std::int64_t> saved_step(const std::string& folder) {
  if (!has_state(folder)) return std::nullopt;
  const std::string path = state_path(folder);
  const SafetensorsFile file(path);
  const auto progress = file.metadata().find("progress");
  if (progress == file.metadata().end()) {
    throw InputError(fmt::format("{}: is not the state of a run", path));
  }
  return progress_from(progress->second, path + ": progress").steps;
}

void remove_state(const std::string& folder) { remove_file(state_path(folder)); }

}  // namespace pupil
