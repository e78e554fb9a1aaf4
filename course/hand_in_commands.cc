// Before and at handing in: verify (what the grader will do with the public checks), submit (an
// archive of the sources, without any result) and doctor (what this machine offers).
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "course/check_library.h"
#include "course/commands.h"
#include "course/process.h"
#include "course/session.h"
#include "course/worker_process.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

constexpr int kVerifySeeds = 3;

// ---- verify -------------------------------------------------------------------------------------

int verify(const SessionOptions& options) {
  const Session session(options);
  std::vector<const Exercise*> chosen = session.course().exercises();
  if (!options.id.empty()) chosen = {&session.exercise()};
  std::size_t passing = 0;
  for (const Exercise* e : chosen) {
    Results worst;
    for (int seed = 1; seed <= kVerifySeeds; ++seed) {
      const Results r = session.check(*e, std::uint64_t(seed) * 7919);
      if (seed == 1 || r.points < worst.points) worst = r;
    }
    passing += worst.status == Status::kPass;
    fmt::print("{:<5} {:<9} {:>3}/{:<3} {}\n", e->id, status_name(worst.status), worst.points,
               worst.max_points, e->title);
    std::fflush(stdout);
  }
  fmt::print(
      "{} of {} exercises pass their public checks with {} seeds each; hidden checks run at "
      "grading\n",
      passing, chosen.size(), kVerifySeeds);
  return passing == chosen.size() ? 0 : 1;
}

// ---- submit -------------------------------------------------------------------------------------

struct SubmitSettings {
  SessionOptions session;
  std::string out = "submission.tar.gz";
  bool honest = false;
};

bool agrees(const std::string& line) {
  fmt::print("{}\nType yes to agree: ", line);
  std::fflush(stdout);
  std::string answer;
  return ::isatty(STDIN_FILENO) && std::getline(std::cin, answer) && answer == "yes";
}

int submit(const SubmitSettings& s) {
  const Session session(s.session);
  const std::string folder = session.work().state_folder() + "/submission";
  fs::remove_all(folder);
  nlohmann::ordered_json manifest = {{"course", session.course().label()}, {"files", nullptr}};
  for (const Exercise* e : session.course().exercises()) {
    const std::string file = session.work().file(*e), state = session.state(*e);
    if (read_file(file) == session.work().starter(*e)) {
      fmt::print("left out  {}: not begun\n", e->name);
      continue;
    }
    fmt::print(
        "handed in {}/exercise.cc{}\n", e->name,
        state == "passing" ? "" : " (" + state + ": its checks do not all pass, or were not run)");
    make_folder(folder + "/" + e->name);
    write_file(folder + "/" + e->name + "/exercise.cc", read_file(file));
    manifest["files"][e->name + "/exercise.cc"] = sha256_of_file(file);
  }
  if (manifest["files"].is_null()) throw UsageError("there is nothing to hand in yet");
  if (!s.honest && !agrees("I wrote these files myself.")) {
    fs::remove_all(folder);
    throw UsageError("nothing was packed; answer yes, or give --honest");
  }
  write_file(folder + "/manifest.json", manifest.dump(1) + "\n");
  const std::string out = fs::absolute(s.out).string();
  const Captured ran = run_captured({tool_path("tar"), "--sort=name", "--owner=0", "--group=0",
                                     "--numeric-owner", "-C", folder, "-czf", out, "."},
                                    60);
  fs::remove_all(folder);
  if (ran.ended.exit != 0) throw InputError(fmt::format("{}: {}", out, ran.output));
  fmt::print("{}\nIt holds sources, no results: your instructor's grader runs them again.\n", out);
  return 0;
}

// ---- doctor -------------------------------------------------------------------------------------

bool report(const char* what, const std::string& found, const std::string& remedy) {
  const std::string text = wrap(
      std::string(13, ' ') + found + (remedy.empty() ? "" : "; " + remedy), terminal_width(), 13);
  fmt::print("{:<12} {}\n", what, text.substr(13));
  return remedy.empty();
}

bool look_at_compiler() {
  try {
    const Captured ran = run_captured({tool_path("g++"), "-dumpfullversion"}, 10);
    const std::string version = ran.output.substr(0, ran.output.find('\n'));
    const bool new_enough = std::atoi(version.c_str()) >= 12;
    return report("compiler", "g++ " + version, new_enough ? "" : "install g++ 12 or newer");
  } catch (const InputError& e) {
    return report("compiler", "none", e.what());
  }
}

// The sandbox that holds, found by running a reference in it.
bool look_at_sandbox(const Session& session) {
  const Exercise& e = session.exercise();
  const std::string folder = check_folder(session.course(), e);
  const CheckLibrary library(folder);
  WorkerOptions options;
  WorkerProcess worker(library.object("reference"), options);
  const std::string level = level_name(worker.level());
  report("checks",
         fmt::format("{} exercises, e.g. {}", session.course().exercises().size(), folder), "");
  report("bubblewrap", bubblewrap_works() ? "works" : "not here (only grading uses it)", "");
  return report(
      "sandbox", level,
      level == "landlock+seccomp" ? "" : "your own files run anyway; do not grade others' here");
}

int doctor(const SessionOptions& options) {
  bool well = look_at_compiler();
  const Session session(options);
  well &= report("course", session.course().root, "");
  well &= report("your files", session.work().path(), "");
  well &= look_at_sandbox(session);
  const int watch = ::inotify_init1(IN_CLOEXEC);
  report("saves", watch >= 0 ? "seen at once (inotify)" : "looked for twice a second", "");
  if (watch >= 0) ::close(watch);
  const auto space = fs::space(session.work().path()).available >> 20;
  well &=
      report("disk", fmt::format("{} MB free", space), space < 100 ? "the loop needs 100 MB" : "");
  return well ? 0 : 1;
}

cli::Command simple(const char* name, const char* purpose, const char* example, bool with_id,
                    int (*action)(const SessionOptions&)) {
  return {name, purpose, example,
          [=](cli::Options& options, const cli::Common&) -> std::function<int()> {
            auto s = std::make_shared<SessionOptions>();
            s->declare(options, with_id);
            return [s, action] { return action(*s); };
          }};
}

}  // namespace

cli::Command verify_command() {
  return simple(
      "verify",
      "Checks all exercises (or ID) with several seeds, as grading will, without the hidden "
      "checks. Ends with 1 when one does not pass.",
      "./pupil verify 04a --dir build/work", true, verify);
}

cli::Command doctor_command() {
  return simple("doctor", "What the course needs and finds on this machine.",
                "./pupil doctor --dir build/work", false, doctor);
}

cli::Command submit_command() {
  return {
      "submit",
      "Packs your exercises for handing in: sources and a manifest, no results. Lists what goes in "
      "and asks whether you wrote it.",
      "./pupil submit --help",
      [](cli::Options& options, const cli::Common&) -> std::function<int()> {
        auto s = std::make_shared<SubmitSettings>();
        s->session.declare(options, false);
        options.text("--out", s->out, "the archive", "FILE");
        options.flag("--honest", s->honest, "says yes to \"I wrote these files myself\"");
        return [s] { return submit(*s); };
      }};
}

}  // namespace pupil::course
