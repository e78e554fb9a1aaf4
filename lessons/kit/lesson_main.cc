// main() of a lesson program: options in, one message and an exit status out.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "lessons/kit/lesson.h"
#include "nn/file.h"
#include "tensor/error.h"

namespace pupil {
namespace {

struct Given {
  std::uint64_t seed = 0;
  std::string report;
};

void set(Lesson::Settings& settings, const std::string& text) {
  const std::size_t sign = text.find('=');
  std::string known;
  for (auto& [key, value] : settings) {
    if (sign != std::string::npos && key == text.substr(0, sign)) {
      value = text.substr(sign + 1);
      return;
    }
    known += (known.empty() ? "" : ", ") + key + "=" + value;
  }
  throw UsageError(
      fmt::format("--set {}: this lesson has {}", text, known.empty() ? "no settings" : known));
}

Given read_options(int argc, char** argv, Lesson::Settings& settings) {
  Given given;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (option != "--seed" && option != "--set" && option != "--report") {
      throw UsageError(
          fmt::format("\"{}\": expected --seed N, --set KEY=VALUE or --report FILE", option));
    }
    if (i + 1 >= argc) throw UsageError(option + " needs a value");
    const std::string value = argv[i + 1];
    if (option == "--report") given.report = value;
    if (option == "--set") set(settings, value);
    if (option != "--seed") continue;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, given.seed);
    if (read.ec != std::errc() || read.ptr != end) {
      throw UsageError(fmt::format("--seed {}: expected a whole number", value));
    }
  }
  return given;
}

}  // namespace

int run_lesson(int argc, char** argv, const char* id, const char* title, Lesson::Settings settings,
               const std::function<void(Lesson&)>& body) {
  try {
    const Given given = read_options(argc, argv, settings);
    Lesson lesson(id, title, settings, given.seed);
    body(lesson);
    lesson.finish();
    if (!given.report.empty()) write_file(given.report, lesson.report_json());
    return lesson.holds() ? 0 : 1;
  } catch (const UsageError& e) {
    fmt::print(stderr, "lesson {}: {}\n", id, e.what());
    return 2;
  } catch (const Error& e) {
    fmt::print(stderr, "lesson {}: {}\n", id, e.what());
    return 3;
  } catch (const std::exception& e) {
    fmt::print(stderr, "lesson {}: internal error: {}\n", id, e.what());
    return 4;
  }
}

}  // namespace pupil
