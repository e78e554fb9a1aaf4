#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/model_dtype.h"
#include "cli/progress.h"
#include "cli/version.h"
#include "kernels/blas_core.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::vector<std::string> what;
  std::vector<std::string> configs{"nano", "lesson", "mini", "gpt2"};
  std::vector<std::string> targets{"c_attn", "c_proj", "c_fc"};
  double seconds = 12;
};

void print(const BenchResult& r, const Common& common) {
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"config", r.config},
                                              {"median_ms", r.median_ms},
                                              {"tokens_per_s", r.tokens_per_s},
                                              {"peak_share", r.peak_share},
                                              {"peak_rss_mib", r.peak_rss_mib},
                                              {"gflop", r.gflop},
                                              {"steps", r.steps}}
                           .dump());
  } else {
    fmt::print("{:<8} {:>10.3f} ms {:>12.0f} tokens/s {:>6.1f} % of peak {:>7} MiB {:>6} steps\n",
               r.config, r.median_ms, r.tokens_per_s, 100 * r.peak_share, r.peak_rss_mib, r.steps);
  }
  std::fflush(stdout);
}

// The Google Benchmark programs lie beside this one in the build folder.
int run_registered_benchmarks() {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path folder = self.parent_path() / "bench";
  std::vector<std::string> programs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().ends_with("_bench")) programs.push_back(entry.path());
  }
  if (programs.empty()) {
    throw InputError(
        fmt::format("{}: no benchmark programs; build them with `./pupil test` or "
                    "`cmake --build`",
                    folder.string()));
  }
  std::sort(programs.begin(), programs.end());
  int status = 0;
  for (const std::string& program : programs) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(program.c_str(), program.c_str(), nullptr);
      ::_exit(127);
    }
    int result = 0;
    ::waitpid(child, &result, 0);
    if (result != 0) status = 1;
  }
  return status;
}

int bench(const Settings& s, const Common& common) {
  const std::string what = s.what.empty() ? "step" : s.what[0];
  const std::vector<std::string> known{"step", "lora", "decode", "generate", "ops"};
  if (s.what.size() > 1 || std::ranges::count(known, what) == 0) {
    throw UsageError(fmt::format("bench measures one of {}; not \"{}\"", fmt::join(known, ", "),
                                 fmt::join(s.what, " ")));
  }
  if (what == "ops") return run_registered_benchmarks();
  if (const auto warning = slow_core_warning()) {
    throw UsageError(*warning + "; benchmarks on it would mislead");
  }
  for (const std::string& name : s.configs) bench_config(name);  // refuses an unknown one
  log_line(common, version_text());
  for (const std::string& name : s.configs) {
    const BenchConfig& config = bench_config(name);
    const DType dtype = model_dtype(common);
    print(what == "step"     ? bench_step(config, s.seconds, dtype)
          : what == "lora"   ? bench_lora(config, s.targets, s.seconds, dtype)
          : what == "decode" ? bench_decode(config, s.seconds, dtype)
                             : bench_generate(config, s.seconds, dtype),
          common);
  }
  return 0;
}

}  // namespace

Command bench_command() {
  return {"bench",
          "Speed of training steps, decoding or single operations on fixed configurations.",
          "./pupil bench step --config nano --seconds 2",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options
                .words("WHAT", s->what,
                       "step (default): forward, backward, AdamW; lora: the same with an adapter "
                       "of rank 8; decode: one cached token; generate: 100 tokens behind 16; ops")
                .list("--config", s->configs, "nano, lesson, mini, gpt2")
                .list("--lora-targets", s->targets, "linear maps with an adapter, for lora")
                .number("--seconds", s->seconds, "seconds for each configuration")
                .at_least(0)
                .at_most(3600);
            return [s, &common] { return bench(*s, common); };
          }};
}

}  // namespace pupil::cli
