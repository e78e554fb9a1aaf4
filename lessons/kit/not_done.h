// What the starter file of an exercise calls where your code belongs.
#pragma once

namespace exercise {

struct NotDone {
  const char* what;
};

/// Ends the check with "not written yet". Replace the call by your code.
[[noreturn]] inline void not_done(const char* what) { throw NotDone{what}; }

}  // namespace exercise
