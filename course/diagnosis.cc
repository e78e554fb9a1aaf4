#include "course/diagnosis.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace pupil::course {
namespace {

constexpr double kSameMistake = 1e-9;
constexpr std::size_t kMostShown = 2;

// A mutant explains the failure when it gives the student's numbers, all of them.
bool gives_the_same(const CheckLibrary& library, const NamedMutant& mutant,
                    const Failure& failure) {
  kit::Call result = failure.call;
  try {
    library.run(mutant.name, result);
  } catch (const InputError&) {
    return false;  // it throws where the student's code returned
  }
  return compare(failure.got, result, kSameMistake).same &&
         !compare(result, failure.want, kSameMistake).same;
}

// Sizes of the arguments are constants, too; sizes of checks differ from each other for that.
NamedNumbers with_sizes(const NamedNumbers& given, const kit::Call& call) {
  NamedNumbers all = given;
  const auto add = [&](const std::string& name, std::int64_t size) {
    for (const auto& [known, value] : all) {
      if (value == double(size)) return;
    }
    all.emplace_back(name, double(size));
  };
  for (const kit::Argument& a : call.arguments) {
    for (std::size_t i = 0; i < a.shape.size(); ++i) {
      add(fmt::format("size of axis {} of {}", i, a.name), a.shape[i]);
    }
  }
  all.emplace_back("two", 2.0);
  return all;
}

}  // namespace

std::vector<Diagnosis> diagnose(const Failure& failure, const CheckLibrary& library,
                                const NamedNumbers& constants) {
  std::vector<Diagnosis> found;
  for (const NamedMutant& mutant : library.mutants()) {
    if (found.size() < kMostShown && gives_the_same(library, mutant, failure)) {
      found.push_back({mutant.name, "exact", mutant.text});
    }
  }
  const NamedNumbers numbers = with_sizes(constants, failure.call);
  for (std::size_t i = 0; i < failure.want.arguments.size() && found.empty(); ++i) {
    const kit::Argument& want = failure.want.arguments[i];
    const kit::Argument& got = failure.got.arguments[i];
    if (want.role == kit::Role::kIn || want.kind == kit::Kind::kText) continue;
    const kit::Argument& before = failure.call.arguments[i];
    static const std::vector<double> kNothing;
    for (const Diagnosis& d : explain_array(
             {got, want, want.role == kit::Role::kInOut ? before.numbers : kNothing, numbers})) {
      found.push_back(d);
    }
  }
  return found;
}

}  // namespace pupil::course
