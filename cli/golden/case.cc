#include "cli/golden/case.h"

#include <algorithm>
#include <exception>

#include "tensor/error.h"

namespace pupil::golden {

Row run_case(const Case& c) {
  Row row;
  row.family = c.family;
  row.name = c.name;
  try {
    const Values computed = c.compute();
    const Expected expected = c.expected();  // opened here, not earlier
    row.comparison = compare(computed, expected);
    row.compared = true;
    row.verdict = row.comparison.holds ? Verdict::kPass : Verdict::kFail;
    row.detail = row.comparison.worst;
  } catch (const InputError& e) {
    row.detail = e.what();
    const bool refused = std::any_of(
        c.refusable.begin(), c.refusable.end(),
        [&](const std::string& field) { return row.detail.find(field) != std::string::npos; });
    row.verdict = refused ? Verdict::kRefused : Verdict::kFail;
  } catch (const std::exception& e) {
    row.detail = e.what();
  }
  return row;
}

}  // namespace pupil::golden
