// From the command line to a command, and from what happens there to an exit status.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/nearest.h"
#include "cli/options.h"
#include "cli/printable.h"
#include "cli/version.h"
#include "kernels/parallel.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

enum Status { kDone = 0, kUsage = 2, kInput = 3, kInternal = 4, kInterrupted = 130 };

int report(Status status, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "pupil: {}\n", printable(message));
  return status;
}

constexpr std::size_t kCommonCount = 7;

void declare_common(Options& options, Common& common) {
  options.choice("--device", common.device, {"cpu", "cuda", "auto"}, "where to compute")
      .choice("--dtype", common.dtype, {"f32", "f64", "bf16"},
              "element type of the computation (bf16: CUDA only)")
      .integer("--threads", common.threads, "engine threads (0: as many as cores)")
      .at_least(0)
      .at_most(1024)
      .integer("--seed", common.seed, "seed of all random numbers")
      .at_least(0)
      .flag("--json", common.json, "results as JSON, one object a line")
      .flag("--quiet", common.quiet, "no progress, no logs")
      .flag("--plain", common.plain, "no colours, no progress bars");
}

void prepare(const Common& common) {
  if (common.device == "cuda") {
    throw DeviceError("--device cuda: this program is built for the CPU; take --device cpu");
  }
  if (common.dtype == "bf16") {
    throw UsageError("--dtype bf16 needs a CUDA device; on the CPU take f32 or f64");
  }
  if (common.threads > 0) set_threads(int(common.threads));
}

// Results that did not arrive are no results: a full disk behind `>` must not look like success.
void expect_written() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw InputError(fmt::format("standard output: cannot write: {}", std::strerror(errno)));
  }
}

int run_command(const Command& command, const std::vector<std::string>& arguments) {
  Common common;
  OptionParser options;
  const std::function<int()> body = command.setup(options, common);
  declare_common(options, common);
  for (const std::string& argument : arguments) {
    if (argument != "--help" && argument != "-h") continue;
    fmt::print("{}", command_help(command, options, kCommonCount));
    return kDone;
  }
  try {
    options.parse(arguments);
    prepare(common);
  } catch (const UsageError& e) {
    return report(
        kUsage, fmt::format("{}\nRun `pupil {} --help` for the options.", e.what(), command.name));
  }
  return body();
}

int dispatch(const std::vector<std::string>& words, const std::vector<Command>& commands) {
  if (words.empty()) {
    fmt::print(stderr, "{}", overview(commands));
    return kUsage;
  }
  const std::string& first = words[0];
  if (first == "--version") {
    fmt::print("{}\n", version_text());
    return kDone;
  }
  const bool asks_help = first == "--help" || first == "-h" || first == "help";
  if (asks_help && words.size() == 1) {
    fmt::print("{}", overview(commands));
    return kDone;
  }
  const std::string& name = asks_help ? words[1] : first;
  std::vector<std::string> names;
  for (const Command& command : commands) {
    names.emplace_back(command.name);
    if (name != command.name) continue;
    if (asks_help) return run_command(command, {"--help"});
    return run_command(command, {words.begin() + 1, words.end()});
  }
  if (name.starts_with('-')) {
    throw UsageError(fmt::format(
        "\"{}\" stands where a command is expected: pupil COMMAND [OPTIONS]; `pupil --help` lists "
        "the commands",
        name));
  }
  throw UsageError(fmt::format("there is no command \"{}\"{}; `pupil --help` lists them", name,
                               did_you_mean(name, names)));
}

// A descriptor that the caller closed would be given to the first file opened, and results would
// land in it.
void open_standard_streams() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    return;
  }
}

}  // namespace

int run(int argc, char** argv, const std::vector<Command>& commands) {
  open_standard_streams();
  // `pupil score ... | head -1` ends quietly, whatever the caller's setting.
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files becomes an error of write()
  end_on_interrupt();
  try {
    const int status = dispatch({argv + std::min(argc, 1), argv + argc}, commands);
    expect_written();
    return status;
  } catch (const Interrupted&) {
    return kInterrupted;
  } catch (const UsageError& e) {
    return report(kUsage, e.what());
  } catch (const Error& e) {
    // Shapes, ids and values that do not fit come from files and data here: input.
    return report(kInput, e.what());
  } catch (const std::bad_alloc&) {
    return report(kInternal, "out of memory; take a smaller model, batch or context");
  } catch (const std::system_error& e) {
    // fmt::print gives up in the middle of a long result.
    if (std::ferror(stdout)) {
      return report(kInput, fmt::format("standard output: cannot write: {}", e.code().message()));
    }
    return report(kInternal, fmt::format("internal error: {}", e.what()));
  } catch (const std::exception& e) {
    return report(kInternal, fmt::format("internal error: {}; please report it with the command "
                                         "line",
                                         e.what()));
  }
}

}  // namespace pupil::cli
