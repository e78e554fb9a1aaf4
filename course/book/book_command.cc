// book: the course as pages for a browser.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/progress.h"
#include "course/book/build.h"
#include "course/commands.h"

namespace pupil::course {
namespace {

struct Settings {
  std::string out;
  bool serve = false;
  std::int64_t port = 8000;
};

int make_book(const Settings& s, const cli::Common& common) {
  namespace fs = std::filesystem;
  const Course course = read_course(find_course_root(fs::current_path().string()));
  const std::string out = s.out.empty() ? course.root + "/work/book" : s.out;
  const Book book =
      build_book(course, out, [&](const std::string& line) { cli::log_line(common, line); });
  const std::string first = (fs::absolute(out).lexically_normal() / "index.html").string();
  if (common.json) {
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"first", first}, {"pages", book.pages}, {"bytes", book.bytes}}
            .dump());
  } else {
    fmt::print("{} pages; open {}\n", book.pages, first);
  }
  std::fflush(stdout);
  if (!s.serve) return 0;
  serve_folder(out, int(s.port), [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  });
  return 0;
}

}  // namespace

cli::Command book_command() {
  return {
      "book",
      "Makes the book: a page for each lesson with formulas, code, plots and the numbers that its "
      "program measured here. Pages need no network.",
      "./pupil book --out build/book",
      [](cli::Options& options, const cli::Common& common) -> std::function<int()> {
        auto s = std::make_shared<Settings>();
        options
            .text("--out", s->out, "folder of the pages (default: work/book in the course)", "DIR")
            .flag("--serve", s->serve, "then serve them at http://127.0.0.1, until Ctrl-C")
            .integer("--port", s->port, "port to serve at (0: any free one)")
            .at_least(0)
            .at_most(65535);
        return [s, &common] { return make_book(*s, common); };
      }};
}

}  // namespace pupil::course
