#include "course/check_builder.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "course/course_tree.h"
#include "course/marks.h"
#include "course/process.h"
#include "nn/file.h"
#include "nn/sha256.h"
#include "tensor/error.h"

namespace pupil::course {
namespace {

namespace fs = std::filesystem;

class Builder {
 public:
  Builder(std::string root, std::string folder, std::string to)
      : root_(std::move(root)), folder_(std::move(folder)), to_(std::move(to)) {
    fs::remove_all(to_);
    make_folder(to_);
  }

  void compile_call() { run({"-c", folder_ + "/call.cc", "-o", to_ + "/call.o"}, "call.cc"); }

  // A whole object from a source text.
  void variant(const std::string& name, const std::string& text) {
    const std::string source = to_ + "/" + name + ".cc";
    write_file(source, fmt::format("#line 1 \"{}/exercise.cc\" // {}\n{}", folder_, name, text));
    run({"-shared", "-s", source, to_ + "/call.o", "-o", to_ + "/" + name + ".so"}, name);
    remove_file(source);
  }

  void checks(const std::string& text, const std::vector<Mutant>& mutants,
              const std::string& fingerprint) {
    std::string table;
    for (const Mutant& m : mutants) table += fmt::format("{}\t{}\t{}\n", m.name, m.fails, m.text);
    const std::string source = to_ + "/checks.cc";
    const std::string both = fmt::format(
        "extern \"C\" {{\n"
        "__attribute__((visibility(\"default\"))) extern const char* const pupil_variants;\n"
        "__attribute__((visibility(\"default\"))) extern const char* const pupil_fingerprint;\n"
        "const char* const pupil_variants = R\"PUPIL({})PUPIL\";\n"
        "const char* const pupil_fingerprint = \"{}\";\n}}\n"
        "#line 1 \"{}/checks.cc\"\n{}",
        table, fingerprint, folder_, text);
    write_file(source, both);
    run({"-shared", "-s", source, "-o", to_ + "/checks.so"}, "checks.cc");
    remove_file(source);
    remove_file(to_ + "/call.o");
  }

 private:
  void run(const std::vector<std::string>& rest, const std::string& what) const {
    std::vector<std::string> words = {
        tool_path("g++"), "-std=c++20",          "-O2",         "-Wall",      "-Wextra",
        "-fPIC",          "-fvisibility=hidden", "-Wl,-z,defs", "-I" + root_, "-I" + folder_};
    words.insert(words.end(), rest.begin(), rest.end());
    const Captured ran = run_captured(words, 120);
    if (ran.ended.exit != 0) {
      throw InputError(fmt::format("{}: {} does not compile:\n{}", folder_, what, ran.output));
    }
  }

  std::string root_, folder_, to_;
};

bool is_hidden(const Exercise& exercise, const std::string& check) {
  for (const CheckSpec& spec : exercise.checks) {
    if (spec.name == check) return spec.hidden;
  }
  throw InputError(fmt::format("{}: a mutant fails \"{}\", and there is no such check",
                               exercise.path("exercise.cc"), check));
}

}  // namespace

std::string exercise_fingerprint(const std::string& folder) {
  Sha256 hash;
  for (const char* file : {"exercise.cc", "exercise.h", "call.cc", "checks.cc", "exercise.toml"}) {
    hash.update(read_file(folder + "/" + file));
  }
  return hash.hex();
}

void build_checks(const std::string& root, const std::string& folder, const std::string& to,
                  bool hidden) {
  const MarkedSource exercise(read_file(folder + "/exercise.cc"), folder + "/exercise.cc");
  const MarkedSource checks(read_file(folder + "/checks.cc"), folder + "/checks.cc");
  if (!exercise.has_solution()) {
    throw InputError(fmt::format("{}/exercise.cc: has no SOLUTION region", folder));
  }
  // What only a hidden check catches would tell what that check is.
  std::vector<Mutant> mutants;
  for (const Mutant& m : exercise.mutants()) {
    if (hidden || !is_hidden(read_exercise(folder), m.fails)) mutants.push_back(m);
  }
  Builder builder(root, folder, to);
  builder.compile_call();
  builder.variant("reference", exercise.solution());
  for (const Mutant& m : mutants) builder.variant(m.name, exercise.mutant(m));
  builder.checks(hidden ? checks.solution() : checks.without_hidden(), mutants,
                 exercise_fingerprint(folder));
}

}  // namespace pupil::course
