#include "sft/metrics_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pupil {
namespace {

using Json = nlohmann::ordered_json;

// Writes the lines to begin with and returns the file's path.
std::string prepare(const std::string& folder, std::optional<std::int64_t> resumed_at) {
  const std::string path = folder + "/metrics.jsonl";
  std::string kept;
  if (resumed_at && file_exists(path)) {
    const std::string content = read_file(path);
    std::size_t begin = 0;
    for (std::size_t end; (end = content.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string text = content.substr(begin, end - begin);
      const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
      const bool valid = json.is_object() && json.contains("step") && json["step"].is_number();
      if (valid && json["step"].get<std::int64_t>() <= *resumed_at) kept += text + "\n";
    }
  }
  write_file(path, kept);
  return path;
}

}  // namespace

MetricsFile::MetricsFile(const std::string& folder, std::optional<std::int64_t> resumed_at)
    : file_(prepare(folder, resumed_at)) {}

void MetricsFile::step(std::int64_t step, const StepResult& r, double lr, double seconds) {
  const double tokens = double(std::max<std::int64_t>(1, r.n_tokens));
  Json line = {{"step", step},
               {"loss", r.loss},
               {"lr", lr},
               {"grad_norm", r.grad_norm},
               {"n_targets", r.n_targets},
               {"tokens", r.n_tokens},
               {"tokens_per_s", double(r.n_tokens) / seconds},
               {"mask_share", double(r.n_targets) / tokens}};
  if (r.kl) line["kl"] = *r.kl;
  if (r.l2) line["l2_to_start"] = *r.l2;
  file_.write(line.dump() + "\n");
}

void MetricsFile::evaluation(std::int64_t step, const Evaluation& e) {
  const Json line = {{"step", step}, {"val_loss", e.loss}, {"val_targets", e.n_targets}};
  file_.write(line.dump() + "\n");
}

}  // namespace pupil
