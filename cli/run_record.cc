#include "cli/run_record.h"

#include <csignal>

#include "cli/version.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "nn/file.h"
#include "nn/sha256.h"

namespace pupil::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int) {
  interrupted = 1;
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

nlohmann::ordered_json environment_record() {
  return {{"pupil", kVersion},
          {"compiler", __VERSION__},
          {"kernels", isa_name(active_isa())},
          {"blas", cpu::matmul_backend()},
          {"threads", threads()}};
}

void write_run_record(const std::string& folder, nlohmann::ordered_json record) {
  record["environment"] = environment_record();
  write_file(folder + "/run.json", record.dump(2) + "\n");
}

std::string fingerprint(const nlohmann::ordered_json& settings) { return sha256(settings.dump()); }

void watch_interrupt() {
  interrupted = 0;
  std::signal(SIGINT, on_interrupt);
}

bool interrupt_requested() { return interrupted != 0; }

}  // namespace pupil::cli
