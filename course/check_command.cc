#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "cli/printable.h"
#include "course/commands.h"
#include "course/session.h"
#include "nn/file.h"

namespace pupil::course {
namespace {

struct Settings {
  SessionOptions session;
  bool raw = false, seeded = false;
};

int check(const Settings& s, const cli::Common& common) {
  const Session session(s.session);
  const Exercise& exercise = session.exercise();
  const Results results = session.check(exercise, s.seeded ? std::uint64_t(common.seed) : 0);
  if (s.raw) {
    const Built built = compile(session.course(), exercise, session.work().file(exercise),
                                session.work().build_folder(exercise));
    fmt::print("{}", cli::printable(built.raw));
  }
  if (common.json) {
    fmt::print("{}", to_json(results));
  } else {
    fmt::print("{}", verdict_text(exercise, results, session.work().file(exercise),
                                  verdict_style(common)));
  }
  return results.status == Status::kPass ? 0 : 1;
}

}  // namespace

cli::Command check_command() {
  return {"check",
          "Check an exercise once: build your file, run its public checks, say what is wrong. Ends "
          "with 0 when all pass, 1 otherwise.",
          "./pupil check 04a --dir build/work",
          [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            s->session.declare(options);
            options.flag("--raw", s->raw, "all that the compiler says, too");
            return [s, &common, &options] {
              s->seeded = options.given("--seed");
              return check(*s, common);
            };
          }};
}

}  // namespace pupil::course
