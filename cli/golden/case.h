// A case: one comparison of the engine with reference values, in two halves.
//
//   compute()   opens inputs only and returns what the engine makes of them
//   expected()  opens the expected values; run_case() calls it after compute() has returned
//
// A file that holds both kinds is opened through InputTensors, which hands out inputs only; from a
// JSON file that holds both, the first half keeps inputs only and the second reads it again.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cli/golden/values.h"

namespace pupil::golden {

struct Case {
  std::string family;
  std::string name;
  std::function<Values()> compute;
  std::function<Expected()> expected;
  /// Fields whose README allows the engine to refuse them. A refusal has to give the name.
  std::vector<std::string> refusable;
};

enum class Verdict { kPass, kRefused, kFail };

struct Row {
  std::string family;
  std::string name;
  bool compared = false;  ///< both halves ran to their end
  Comparison comparison;
  Verdict verdict = Verdict::kFail;
  std::string detail;  ///< why it failed, or what was refused
};

/// An exception on the way is a FAIL with its message: a reference file that is missing, too.
Row run_case(const Case& c);

/// The cases in a family's folder. Throw InputError when the list of cases cannot be read.
std::vector<Case> ops_cases(const std::string& dir);
std::vector<Case> optim_cases(const std::string& dir);
std::vector<Case> gpt2_cases(const std::string& dir);
std::vector<Case> lora_cases(const std::string& dir);
std::vector<Case> sft_cases(const std::string& dir);
std::vector<Case> sampling_cases(const std::string& dir);
std::vector<Case> quant_cases(const std::string& dir);
std::vector<Case> bad_cases(const std::string& dir);

}  // namespace pupil::golden
