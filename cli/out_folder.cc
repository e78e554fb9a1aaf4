#include "cli/out_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "nn/file.h"
#include "sft/train_state.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

// What would be lost; empty: nothing.
std::string contents(const std::string& path) {
  if (file_exists(path + "/adapter_config.json")) return "an adapter";
  if (file_exists(path + "/config.json")) return "a model";
  return "";
}

}  // namespace

void OutFolder::declare(Options& options, std::string& path, const char* help) {
  options.text("--out", path, help, "DIR")
      .required()
      .flag("--overwrite", overwrite, "replace the run, model or adapter that --out holds");
}

void OutFolder::expect_apart(const std::string& path, const char* option,
                             const std::string& folder) {
  namespace fs = std::filesystem;
  if (folder.empty() || fs::weakly_canonical(path) != fs::weakly_canonical(folder)) return;
  throw UsageError(fmt::format(
      "--out is the folder of {}, {}, which would be overwritten; choose another", option, path));
}

void OutFolder::expect_free(const std::string& path, bool resume) const {
  if (overwrite && resume) {
    throw UsageError("--resume goes on with what --out holds, --overwrite replaces it; give one");
  }
  if (overwrite) return;
  if (const auto step = saved_step(path); step && !resume) {
    throw UsageError(
        fmt::format("{} holds a run at step {}: --resume goes on with it; to start anew, choose "
                    "another --out, or replace it with --overwrite",
                    path, *step));
  }
  const bool is_run = file_exists(path + "/metrics.jsonl");
  const std::string what = contents(path);
  if (what.empty() || (resume && is_run)) return;
  throw UsageError(
      fmt::format("{} holds {}{}; choose another --out, or replace it with --overwrite", path, what,
                  resume ? ", but no run to resume" : ""));
}

}  // namespace pupil::cli
