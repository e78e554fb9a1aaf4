#!/bin/bash
# Runs the tests of one build folder: every tests/*_test.cc (a GoogleTest program) and, unless
# PUPIL_UNIT=yes, every tests/*_test.sh. `./pupil test` builds first and calls this.
#
#   tests/run_tests.sh BUILD_FOLDER [LIMIT TEST]      LIMIT TEST: that one alone, for itself
#
# One line a program; what failed is shown in full; the last line is `N passed, N failed, N skipped`
# over all single tests. Status 1 when one failed or none passed. A program that crashes, leaves a
# status other than its tests deserve, or holds no test is a failure.
#
# A script passes with status 0, is skipped with 77 and fails otherwise; it counts as one test, or
# as many as its own last line says, in the same words. Programs and scripts find in the environment
#   PUPIL_BUILD_DIR  PUPIL_BINARY  PUPIL_SOURCE_DIR  PUPIL_PRESET  PUPIL_FULL (yes, no)
# PUPIL_FILTER: a regular expression; only tests whose file name matches it run.
# PUPIL_TEST_LIMIT: seconds after which a program that hangs is stopped.
# PUPIL_TEST_JOBS: how many run at a time (as many as there are cores); lines come as tests end.
set -uo pipefail

build=$(cd "$1" && pwd) || exit 2
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
results=$build/tests/results
limit=${2:-${PUPIL_TEST_LIMIT:-3600}} only=${3:-} jobs=${PUPIL_TEST_JOBS:-$(nproc)}
export PUPIL_BUILD_DIR=$build PUPIL_BINARY=$build/pupil PUPIL_SOURCE_DIR=$source_dir
export PUPIL_PRESET=${PUPIL_PRESET:-release} PUPIL_FULL=${PUPIL_FULL:-no}
# intercept_tls_get_addr=0: GCC 12's LeakSanitizer takes a header that glibc no longer writes for the
# bounds of dynamic thread-local storage, and now and then faults at them ("Tracer caught signal 11").
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:intercept_tls_get_addr=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
# A test that runs this script, too, must not inherit these.
export -n PUPIL_FILTER PUPIL_UNIT PUPIL_TEST_LIMIT

# ---- what a program's output says ----------------------------------------------------------------

# counts_of_report XML: passed, failed and skipped of a program that came to its end.
counts_of_report() {
  awk 'function number(name) {
         return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3) + 0 : 0
       }
       /<testsuite / {
         failures = number("failures"); left_out = number("disabled") + number("skipped")
         passed += number("tests") - failures - left_out; failed += failures; skipped += left_out
       }
       END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# counts_of_output LOG: the same for a program that did not.
counts_of_output() {
  awk '/^\[       OK \] .* ms\)$/ { passed++ }
       /^\[  FAILED  \] .* ms\)$/ { failed++ }
       /^\[  SKIPPED \] .* ms\)$/ { skipped++ }
       END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# The output of the tests that failed, and what came after the last test that ended.
failures_in() {
  awk '/^\[ RUN      \] / { text = "" }
       { text = text $0 "\n" }
       /^\[       OK \] .* ms\)$/ || /^\[  SKIPPED \] .* ms\)$/ { text = "" }
       /^\[  FAILED  \] .* ms\)$/ { printf "%s", text; text = "" }
       /^\[  (PASSED|FAILED)  \] [0-9]+ tests?[.,]/ { text = "" }
       END { if (ended_badly) printf "%s", text }' ended_badly="$2" "$1"
}

# Why tests were skipped, each reason once.
skip_reasons_in() {
  awk '/^[^ ]+:[0-9]+: Skipped$/ { if ((getline) > 0 && !seen[$0]++) print "        skipped: " $0 }' "$1"
}

# ---- running --------------------------------------------------------------------------------------

milliseconds() { local now=${EPOCHREALTIME//[.,]/}; echo $((now / 1000)); }

# report NAME PASSED FAILED SKIPPED MILLISECONDS: the line of one program; notes its counts.
report() {
  local name=$1 passed=$2 failed=$3 skipped=$4 took=$5 word=ok counts
  if ((failed > 0)); then
    word=FAIL
  elif ((passed == 0)); then
    word=skip
  fi
  counts="$passed passed"
  if ((failed > 0)); then counts+=", $failed failed"; fi
  if ((skipped > 0)); then counts+=", $skipped skipped"; fi
  printf '%-4s  %-32s %-32s %5d.%d s\n' "$word" "$name" "$counts" $((took / 1000)) $((took % 1000 / 100))
  echo "$passed $failed $skipped" >>"$results/counts"
}

run_program() {
  local name=$1 program=$build/tests/$1 log=$results/$1.log xml=$results/$1.xml
  local began status=0 passed failed skipped note="" ended_badly=""
  if [[ ! -x $program ]]; then
    report "$name" 0 1 0 0
    echo "        it was not built: $program"
    return
  fi
  rm -f "$xml"
  began=$(milliseconds)
  timeout --foreground -k 10 "$limit" "$program" "--gtest_output=xml:$xml" --gtest_color=no \
    </dev/null >"$log" 2>&1 || status=$?
  if [[ -s $xml ]]; then
    read -r passed failed skipped <<<"$(counts_of_report "$xml")"
    if ((status != 0 && failed == 0)); then
      note="its tests passed, but it ended with status $status"
    elif ((passed + failed + skipped == 0)); then
      note="there is no test in it"
    fi
  else
    read -r passed failed skipped <<<"$(counts_of_output "$log")"
    note="it did not come to its end: status $status"
    if ((status == 124)); then note="stopped after $limit s"; fi
    if ((status > 128)); then note+=" (signal $(kill -l $((status - 128))))"; fi
  fi
  if [[ -n $note ]]; then
    failed=$((failed + 1))
    ended_badly=1
  fi
  report "$name" "$passed" "$failed" "$skipped" $(($(milliseconds) - began))
  skip_reasons_in "$log"
  if ((failed > 0)); then
    failures_in "$log" "$ended_badly"
    if [[ -n $note ]]; then echo "        $name: $note"; fi
    echo "        again: $program; all of its output: $log"
  fi
}

run_script() {
  local script=$1 name log began status=0 passed=0 failed=0 skipped=0
  name=$(basename "$script")
  log=$results/$name.log
  began=$(milliseconds)
  timeout --foreground -k 10 "$limit" bash "$script" </dev/null >"$log" 2>&1 || status=$?
  if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]} skipped=${BASH_REMATCH[3]}
    if ((status != 0 && failed == 0)); then failed=1; fi
    if ((passed + failed + skipped == 0)); then failed=1; fi
  else
    case $status in
      0) passed=1 ;;
      77) skipped=1 ;;
      *) failed=1 ;;
    esac
  fi
  report "$name" "$passed" "$failed" "$skipped" $(($(milliseconds) - began))
  if ((failed > 0)); then
    cat "$log"
    echo "        $name: status $status; its output: $log"
  elif ((skipped > 0)); then
    sed -n '/^skipped: /s/^/        /p' "$log"
  fi
}

# One test: what it has to say comes out in one piece.
if [[ -n $only ]]; then
  case $only in
    *.cc) said=$(run_program "$(basename "$only" .cc)") ;;
    *.sh) said=$(run_script "$only") ;;
  esac
  flock "$results/counts" printf '%s\n' "$said"
  exit 0
fi

trap 'exit 130' INT
mkdir -p "$results"
: >"$results/counts"
shopt -s nullglob
first=() tests=()
for test in "$source_dir"/tests/*_test.cc "$source_dir"/tests/*_test.sh; do
  name=$(basename "$test")
  if [[ ! $name =~ ${PUPIL_FILTER:-.} ]]; then continue; fi
  if [[ $test == *.sh && ${PUPIL_UNIT:-no} != no ]]; then continue; fi
  # The course's compile students' files and take longest.
  if [[ $name =~ ^(staff|course)_ ]]; then first+=("$test"); else tests+=("$test"); fi
done
tests=("${first[@]}" "${tests[@]}")
if ((${#tests[@]} > 0)); then
  printf '%s\0' "${tests[@]}" |
    xargs -0 -n 1 -P "$jobs" bash "$source_dir/tests/run_tests.sh" "$build" "$limit"
fi

read -r total_passed total_failed total_skipped < <(
  awk '{ passed += $1; failed += $2; skipped += $3 }
       END { print passed + 0, failed + 0, skipped + 0 }' "$results/counts")
# A test that left no counts was killed with everything around it.
lost=$((${#tests[@]} - $(wc -l <"$results/counts")))
if ((lost > 0)); then
  echo "$lost of ${#tests[@]} tests left no result"
  total_failed=$((total_failed + lost))
fi
if ((total_passed + total_failed == 0)); then
  echo "no test ran: that is a failure, too"
fi
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
((total_failed == 0 && total_passed > 0))
