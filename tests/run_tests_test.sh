#!/bin/bash
# The test runner (tests/run_tests.sh) on programs that pass, fail, skip, crash, leave a bad status
# after passing, hold no test, or were never built: each must be counted for what it is.
set -uo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/tree/tests" "$scratch/build/tests"
cp "$source_dir/tests/run_tests.sh" "$scratch/tree/tests"
passed=0 failed=0

# One program; its tests behave as PUPIL_BEHAVE says.
cat >"$scratch/tiny.cc" <<'END'
#include <gtest/gtest.h>
#include <cstdlib>
#include <string>
bool told(const char* what) { const char* b = std::getenv("PUPIL_BEHAVE"); return b && std::string(b) == what; }
TEST(Tiny, Holds) { EXPECT_EQ(1, 1); }
TEST(Tiny, MayFail) { if (told("fail")) ADD_FAILURE() << "what was expected and what came"; }
TEST(Tiny, MaySkip) { if (told("skip")) GTEST_SKIP() << "no reference files here"; }
TEST(Tiny, MayCrash) { if (told("crash")) std::abort(); }
TEST(Tiny, MayHang) { if (told("hang")) for (;;) if (std::getenv("PUPIL_NEVER")) break; }
TEST(Tiny, MayLeaveABadStatus) { if (told("status")) std::atexit([] { std::_Exit(7); }); }
TEST(Tiny, HoldsToo) { EXPECT_EQ(1, 1); }
END
if ! "${CXX:-g++}" -std=c++20 -O0 "$scratch/tiny.cc" -o "$scratch/build/tests/tiny_test" -lgtest -lgtest_main -pthread; then
  echo "tiny.cc could not be compiled"
  exit 1
fi
: >"$scratch/tree/tests/tiny_test.cc"

# case_is SENTENCE STATUS LAST_LINE [TEXT...]: the runner's status, last line, and texts in its output.
case_is() {
  local sentence=$1 status=$2 last=$3 text holds=yes
  shift 3
  if [[ $got_status != "$status" || $(tail -n 1 "$scratch/out") != "$last" ]]; then holds=no; fi
  for text in "$@"; do
    if ! grep -qF -- "$text" "$scratch/out"; then holds=no; fi
  done
  if [[ $holds == yes ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "DOES NOT HOLD: $sentence (expected status $status, \"$last\", $*; status $got_status, output:)"
    cat "$scratch/out"
  fi
}
run() {
  got_status=0
  env "$@" bash "$scratch/tree/tests/run_tests.sh" "$scratch/build" >"$scratch/out" 2>&1 || got_status=$?
}

run PUPIL_BEHAVE=pass
case_is "all tests of a program are counted" 0 "7 passed, 0 failed, 0 skipped" "tiny_test"
run PUPIL_BEHAVE=fail
case_is "a failure is shown in full" 1 "6 passed, 1 failed, 0 skipped" \
  "Tiny.MayFail" "what was expected and what came"
run PUPIL_BEHAVE=skip
case_is "a skip is counted and its reason is shown" 0 "6 passed, 0 failed, 1 skipped" \
  "skipped: no reference files here"
run PUPIL_BEHAVE=crash
case_is "a crash is a failure; what ran before it counts" 1 "3 passed, 1 failed, 0 skipped" \
  "Tiny.MayCrash" "signal ABRT"
run PUPIL_BEHAVE=hang PUPIL_TEST_LIMIT=1
case_is "a program that hangs is stopped" 1 "4 passed, 1 failed, 0 skipped" "stopped after 1 s"
run PUPIL_BEHAVE=status
case_is "a bad status after passing tests is a failure" 1 "7 passed, 1 failed, 0 skipped" "status 7"
run GTEST_FILTER=Nothing.*
case_is "a program without a test is a failure" 1 "0 passed, 1 failed, 0 skipped" "no test in it"
run PUPIL_FILTER=other
case_is "no test at all is a failure" 1 "0 passed, 0 failed, 0 skipped"
: >"$scratch/tree/tests/absent_test.cc"
run PUPIL_BEHAVE=pass
case_is "a test that was not built is a failure" 1 "7 passed, 1 failed, 0 skipped" "not built"
rm "$scratch/tree/tests/absent_test.cc"

echo 'exit 0' >"$scratch/tree/tests/a_test.sh"
echo 'echo "skipped: no compiler"; exit 77' >"$scratch/tree/tests/b_test.sh"
echo 'echo "10 passed, 0 failed, 2 skipped"' >"$scratch/tree/tests/c_test.sh"
run PUPIL_BEHAVE=pass
case_is "scripts count by their status or by their own last line" 0 "18 passed, 0 failed, 3 skipped" \
  "skipped: no compiler"
run PUPIL_BEHAVE=pass PUPIL_UNIT=yes
case_is "unit tests are the programs alone" 0 "7 passed, 0 failed, 0 skipped"
echo 'echo "10 passed, 0 failed, 0 skipped"; exit 1' >"$scratch/tree/tests/c_test.sh"
run PUPIL_FILTER=c_test
case_is "a script cannot pass against its own status" 1 "10 passed, 1 failed, 0 skipped"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
