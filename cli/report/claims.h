// What the demo is to show, each claim with the bounds it must keep and the numbers it got.
#pragma once
#include <string>
#include <vector>

#include "cli/demo.h"

namespace pupil::cli {

struct Condition {
  std::string what;   ///< "cloze", as shown
  double value = 0;   ///< measured share; NaN when it was not
  bool above = true;  ///< value > bound, else value < bound
  double bound = 0;
  bool holds() const { return above ? value > bound : value < bound; }
};

struct Claim {
  std::string sentence;
  std::vector<Condition> conditions;
  bool holds() const;
};

std::vector<Claim> demo_claims(const DemoResult& result);

}  // namespace pupil::cli
