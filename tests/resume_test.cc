// Runs that are killed, that meet a full disk or a folder they may not write to: the last save
// stays whole, and the run that goes on from it ends in the bits of the run that nobody disturbed.
//
// Nothing here depends on time. A child process kills itself at a chosen step, or between two files
// of a save; inside a file it is the kernel that kills, at a chosen byte (SIGXFSZ of RLIMIT_FSIZE).
// bench/kill_resume.sh kills the program itself at random moments.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "kernels/parallel.h"
#include "nn/safetensors.h"
#include "tensor/error.h"
#include "tests/training_run.h"

namespace pupil {
namespace {

using small::Folder;
using small::metrics_without_times;
using small::RunKind;
using small::TrainingRun;

constexpr std::int64_t kFirstSave = TrainingRun::kSaveEvery, kSecondSave = 2 * kFirstSave;
constexpr int kAsExpected = 42;  // exit status of a child

// Runs f in a child process and returns its status as waitpid gives it.
template <class F>
int in_child(F&& f) {
  set_threads(1);  // threads do not survive fork(); the bits are the same
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      f();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool killed_by(int status, int signal) { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

class Reference {
 public:
  explicit Reference(RunKind kind) {
    TrainingRun run(kind, folder_.str());
    run.train();
    bits_ = run.bits();
  }
  // Goes on in `folder` to the end and compares.
  void expect_same_end(RunKind kind, const Folder& folder, std::int64_t from) const {
    TrainingRun run(kind, folder.str());
    run.options.resume = true;
    EXPECT_EQ(run.train().resumed_at, from) << run.log;
    EXPECT_TRUE(run.bits() == bits_);
    EXPECT_EQ(metrics_without_times(folder.str()), metrics_without_times(folder_.str()));
    EXPECT_TRUE(folder.names(".tmp.").empty());
    for (const std::string& name : folder_.names("")) {
      if (name == "metrics.jsonl") continue;
      EXPECT_TRUE(read_file(folder / name) == read_file(folder_ / name)) << name;
    }
  }
  std::size_t size(const char* file) const { return read_file(folder_ / file).size(); }

 private:
  Folder folder_;
  std::string bits_;
};

// The model as it is after `steps` steps.
std::string weights_after(std::int64_t steps) {
  TrainingRun run(RunKind::kSft);
  run.hooks.interrupted = [&] { return std::int64_t(run.losses.size()) == steps; };
  run.train();
  return hash_of_weights(run.gpt);
}
std::string weights_in(const Folder& folder) {
  LoadedModel loaded = load_model(folder.str());
  return hash_of_weights(loaded.gpt);
}

TEST(Kill, AtAnyStepsTheRunStillEndsInTheSameBits) {
  for (const RunKind kind : {RunKind::kPretrain, RunKind::kSft, RunKind::kLora, RunKind::kPacked}) {
    const Reference reference(kind);
    const Folder folder, notes;
    std::string expected_log;
    std::int64_t saved = 0;
    // Step 10 and 15 end in a save; the kill comes before it.
    for (const std::int64_t at : {2, 7, 9, 10, 15, 18, 23}) {
      const int status = in_child([&] {
        TrainingRun run(kind, folder.str());
        run.options.resume = true;
        run.hooks.log = [&](const std::string& line) { append(notes / "log", line + "\n"); };
        run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) {
          if (step == at) ::raise(SIGKILL);
        };
        run.train();
      });
      ASSERT_TRUE(killed_by(status, SIGKILL)) << status;
      expected_log +=
          saved > 0 ? "resumed at step " + std::to_string(saved) + "\n"
                    : folder.str() + " holds no state to resume: starting from the beginning\n";
      saved = (at - 1) / TrainingRun::kSaveEvery * TrainingRun::kSaveEvery;
    }
    EXPECT_EQ(read_file(notes / "log"), expected_log);
    reference.expect_same_end(kind, folder, saved);
  }
}

TEST(Kill, InsideASaveLeavesTheSaveBeforeAndAModelThatLoads) {
  const Reference reference(RunKind::kSft);
  const std::size_t model = reference.size("model.safetensors");
  const std::size_t state = reference.size("state.safetensors");
  ASSERT_GT(state, model);
  const std::string old_weights = weights_after(kFirstSave),
                    new_weights = weights_after(kSecondSave);
  // Bytes after which the kernel ends the process: in the configuration, in the model's header and
  // data, in the state's data and in its last byte.
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, std::size_t{1000}, model / 2,
                                  model - 1, model, (model + state) / 2, state - 1}) {
    const Folder folder;
    const int status = in_child([&] {
      TrainingRun run(RunKind::kSft, folder.str());
      run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) {
        if (step != kSecondSave) return;
        const rlimit no_core{0, 0}, limit{bytes, bytes};
        ::setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGXFSZ, SIG_DFL);
        ::setrlimit(RLIMIT_FSIZE, &limit);
      };
      run.train();
    });
    ASSERT_TRUE(killed_by(status, SIGXFSZ)) << bytes << " bytes: " << status;
    EXPECT_FALSE(folder.names(".tmp.").empty()) << bytes;
    EXPECT_EQ(weights_in(folder), bytes < model ? old_weights : new_weights) << bytes;
    reference.expect_same_end(RunKind::kSft, folder, kFirstSave);
  }
}

TEST(Kill, BetweenModelAndStateLeavesTheSaveBeforeAndAModelThatLoads) {
  const Reference reference(RunKind::kSft);
  const Folder folder;
  const int status = in_child([&] {
    TrainingRun run(RunKind::kSft, folder.str());
    run.hooks.save_model = [&] {
      run.save();
      if (run.losses.size() == std::size_t(kSecondSave)) ::raise(SIGKILL);
    };
    run.train();
  });
  ASSERT_TRUE(killed_by(status, SIGKILL)) << status;
  EXPECT_EQ(weights_in(folder), weights_after(kSecondSave));
  reference.expect_same_end(RunKind::kSft, folder, kFirstSave);
}

TEST(Kill, InTheFirstSaveTheRunStartsAgain) {
  const Reference reference(RunKind::kSft);
  const Folder folder;
  const int status = in_child([&] {
    TrainingRun run(RunKind::kSft, folder.str());
    run.hooks.save_model = [&] {
      run.save();
      ::raise(SIGKILL);
    };
    run.train();
  });
  ASSERT_TRUE(killed_by(status, SIGKILL)) << status;
  TrainingRun resumed(RunKind::kSft, folder.str());
  resumed.options.resume = true;
  EXPECT_FALSE(resumed.train().resumed_at);
  reference.expect_same_end(RunKind::kSft, folder, TrainingRun::kSteps);  // complete: only compared
}

// ---- writes that fail ---------------------------------------------------------------------------

// What a write that failed at the second save has to leave behind.
void expect_intact(const Folder& folder, const std::string& message, const char* reason) {
  EXPECT_NE(message.find(reason), std::string::npos) << message;
  EXPECT_NE(message.find("the save of step 5 is intact: go on with --resume"), std::string::npos)
      << message;
  EXPECT_TRUE(folder.names(".tmp.").empty());
  const std::string weights = weights_in(folder);
  EXPECT_TRUE(weights == weights_after(kFirstSave) || weights == weights_after(kSecondSave));
}

std::string error_of(TrainingRun& run) {
  try {
    run.train();
  } catch (const InputError& e) {
    return e.what();
  }
  return "no InputError";
}

TEST(FullDisk, StopsWithAClearErrorAndTheLastSaveIntact) {
  const Reference reference(RunKind::kSft);
  constexpr std::size_t kPage = 4096;
  const auto pages = [&](const char* file) { return reference.size(file) / kPage + 1; };
  const std::size_t model = pages("model.safetensors"), state = pages("state.safetensors");
  const std::size_t small_files = 3;  // the configuration twice, and the metrics
  // Beside one save there is room for half a model; for a model and half a state.
  ASSERT_GT(state, model + 2);
  for (const std::size_t spare : {model / 2, (model + state) / 2}) {
    const Folder folder;
    const std::size_t bytes = (model + state + small_files + spare) * kPage;
    const std::string size = "size=" + std::to_string(bytes);
    if (::mount("tmpfs", folder.str().c_str(), "tmpfs", 0, size.c_str()) != 0) {
      GTEST_SKIP() << "mounting a small disk needs root; FileSizeLimit tests the same without it";
    }
    TrainingRun run(RunKind::kSft, folder.str());
    const std::string message = error_of(run);
    expect_intact(folder, message, "No space left on device; free some space");
    EXPECT_EQ(::mount("", folder.str().c_str(), "", MS_REMOUNT, "size=16m"), 0);
    reference.expect_same_end(RunKind::kSft, folder, kFirstSave);
    EXPECT_EQ(::umount(folder.str().c_str()), 0);
  }
}

TEST(FileSizeLimit, StopsWithAClearErrorAndTheLastSaveIntact) {
  const Reference reference(RunKind::kSft);
  const std::size_t model = reference.size("model.safetensors");
  for (const std::size_t bytes : {std::size_t{100}, model / 2, 2 * model}) {
    const Folder folder, notes;
    const int status = in_child([&] {
      TrainingRun run(RunKind::kSft, folder.str());
      run.hooks.on_step = [&](std::int64_t step, const StepResult&, double, double) {
        if (step != kSecondSave) return;
        std::signal(SIGXFSZ, SIG_IGN);  // as the program does
        rlimit limit{};
        ::getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
      };
      const std::string message = error_of(run);
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = limit.rlim_max;
      ::setrlimit(RLIMIT_FSIZE, &limit);
      append(notes / "message", message);
      ::_exit(kAsExpected);
    });
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kAsExpected) << status;
    expect_intact(folder, read_file(notes / "message"), "File too large; raise the limit");
    reference.expect_same_end(RunKind::kSft, folder, kFirstSave);
  }
}

TEST(ReadOnlyFolder, IsRefusedBeforeTheFirstStep) {
  const Folder folder;
  std::filesystem::permissions(folder.str(), std::filesystem::perms(0555));
  const int status = in_child([&] {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) return;  // root may write everywhere
    TrainingRun run(RunKind::kSft, folder.str());
    const std::string message = error_of(run);
    const bool clear =
        message == folder / "metrics.jsonl" +
                       ": cannot write: Permission denied; check its permissions, or choose "
                       "another place";
    if (clear && run.losses.empty()) ::_exit(kAsExpected);
    std::fprintf(stderr, "child: %s\n", message.c_str());
  });
  std::filesystem::permissions(folder.str(), std::filesystem::perms(0755));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kAsExpected) << status;
}

// ---- the program --------------------------------------------------------------------------------

class Program : public testing::Test {
 protected:
  void SetUp() override {
    if (!file_exists(PUPIL_BINARY)) {
      GTEST_SKIP() << PUPIL_BINARY << " is not built (target pupil)";
    }
    std::string text;
    for (int i = 0; i < 200; ++i) text += "line " + std::to_string(i * i) + "\n";
    write_file(folder_ / "text", text);
  }
  // A run that nothing but a signal ends. Output goes to FOLDER/NAME.log.
  pid_t start(const std::string& name, bool resume) {
    std::vector<std::string> words{PUPIL_BINARY,   "pretrain",
                                   "--text",       folder_ / "text",
                                   "--out",        folder_ / name,
                                   "--layers",     "1",
                                   "--dim",        "16",
                                   "--heads",      "2",
                                   "--context",    "16",
                                   "--batch-size", "4",
                                   "--dropout",    "0.1",
                                   "--steps",      "1000000000",
                                   "--eval-every", "7",
                                   "--save-every", "10",
                                   "--threads",    "1",
                                   "--plain"};
    if (resume) words.push_back("--resume");
    return spawn(words, name);
  }
  pid_t spawn(const std::vector<std::string>& words, const std::string& name) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<char*> arguments;
      for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      std::freopen((folder_ / (name + ".log")).c_str(), "w", stderr);
      std::freopen("/dev/null", "w", stdout);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    return child;
  }
  std::vector<std::string> lines(const std::string& name) const {
    std::vector<std::string> list;
    if (!file_exists(folder_ / (name + "/metrics.jsonl"))) return list;
    std::istringstream text(metrics_without_times(folder_ / name));
    for (std::string line; std::getline(text, line);) list.push_back(line);
    return list;
  }
  // Kills the process once its metrics have so many whole lines.
  void kill_after(pid_t child, const std::string& name, std::size_t count) {
    int status = 0;
    while (lines(name).size() <= count) {
      ASSERT_EQ(::waitpid(child, &status, WNOHANG), 0) << read_file(folder_ / (name + ".log"));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(killed_by(status, SIGKILL));
  }

  Folder folder_;
};

TEST_F(Program, KilledAndResumedHasTheLossesOfTheUndisturbedRunAndSaysWhereItGoesOn) {
  constexpr std::size_t kLines = 120;
  kill_after(start("whole", false), "whole", kLines);
  for (const std::size_t count : {5, 40, 60, 90}) {
    std::string expected = "starting from the beginning";
    if (file_exists(folder_ / "killed/state.safetensors")) {
      const SafetensorsFile state(folder_ / "killed/state.safetensors");
      const auto progress = nlohmann::json::parse(state.metadata().at("progress"));
      expected = "resumed at step " + progress["steps"].dump();
    }
    kill_after(start("killed", true), "killed", count);
    const std::string log = read_file(folder_ / "killed.log");
    EXPECT_NE(log.find(expected), std::string::npos) << expected << " is not in:\n" << log;
  }
  kill_after(start("killed", true), "killed", kLines);
  const auto whole = lines("whole"), killed = lines("killed");
  for (std::size_t i = 0; i < kLines; ++i) EXPECT_EQ(killed[i], whole[i]);
}

TEST_F(Program, WithALimitOnFileSizesExitsWith3AndSaysWhatToDo) {
  const pid_t child = spawn(
      {"/bin/sh", "-c",
       "ulimit -f 8; exec '" PUPIL_BINARY "' pretrain --text '" + folder_ / "text" + "' --out '" +
           folder_ / "out" + "' --layers 1 --dim 32 --heads 2 --context 16 --steps 3 --threads 1"},
      "limited");
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::string log = read_file(folder_ / "limited.log");
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status << "\n" << log;
  EXPECT_NE(log.find("File too large; raise the limit on the size of files (ulimit -f)"),
            std::string::npos)
      << log;
}

}  // namespace
}  // namespace pupil
