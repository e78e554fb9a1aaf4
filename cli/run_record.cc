#include "cli/run_record.h"

#include <fmt/format.h>

#include "cli/version.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "nn/file.h"
#include "nn/json_fields.h"
#include "nn/sha256.h"
#include "nn/strict_json.h"
#include "sft/train_state.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

using Json = nlohmann::ordered_json;

Json without_paths(Json settings) {
  for (const char* path :
       {"model", "adapter", "data", "eval_data", "replay", "text", "tokenizer"}) {
    settings.erase(path);
  }
  return settings;
}

}  // namespace

Json environment_record() {
  return {{"pupil", kVersion},
          {"compiler", __VERSION__},
          {"kernels", isa_name(active_isa())},
          {"blas", cpu::matmul_backend()},
          {"threads", threads()}};
}

void write_run_record(const std::string& folder, Json record) {
  record["environment"] = environment_record();
  write_file(folder + "/run.json", json_text(record, 2) + "\n");
}

std::string fingerprint(const Json& settings) { return sha256(json_text(without_paths(settings))); }

void expect_same_run(const std::string& folder, const Json& settings) {
  constexpr std::size_t kNamed = 3;
  const std::string path = folder + "/run.json";
  // Without a state the record is that of an earlier run, which a new one here has replaced.
  if (!file_exists(path) || !has_state(folder)) return;
  const Json saved = read_json_object(path), current = without_paths(settings);
  std::vector<std::string> differences;
  for (const auto& [name, now] : current.items()) {
    if (!saved.contains(name) || saved[name] == now) continue;
    differences.push_back(
        fmt::format("{} was {}, now {}", name, json_text(saved[name]), json_text(now)));
  }
  if (differences.empty()) return;
  if (differences.size() > kNamed) differences.resize(kNamed);
  throw InputError(
      fmt::format("{}: this run had other settings: {}; resume with the same ones, or choose "
                  "another --out",
                  path, fmt::join(differences, "; ")));
}

}  // namespace pupil::cli
