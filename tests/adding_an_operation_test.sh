#!/bin/bash
# The example of docs/adding_an_operation.md, done: its change (tests/examples/) is applied to a copy
# of the engine's sources, built, and held to the laws of tests/operations_test.cc. The page and the
# change must be the same text, and the change must touch three files.
#
# What was built before is used again: only the objects whose meaning the change alters are compiled,
# for the baseline instruction set, and linked in front of the libraries. With PUPIL_FULL=yes the
# whole engine is built from the changed copy instead.
set -uo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${PUPIL_BUILD_DIR:-$source_dir/build/release}
page=$source_dir/docs/adding_an_operation.md
change=$source_dir/tests/examples/adding_an_operation.patch
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
if ! command -v git >/dev/null; then
  echo "skipped: git is not installed, which applies the change"
  exit 77
fi

# law SENTENCE COMMAND...: the command must succeed.
law() {
  local sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "DOES NOT HOLD: $sentence"
    echo "  command: $*"
  fi
}

# ---- page and change ------------------------------------------------------------------------------

code_of_page() { awk '/^```cpp/ { on = 1; next } /^```/ { on = 0 } on' "$page"; }
added_lines() { sed -n '/^+++/d; s/^+//p' "$change"; }
touched_files() { sed -n 's|^+++ b/||p' "$change"; }

law "the code on the page is what the change adds" diff <(code_of_page) <(added_lines)
law "the change touches these three files" diff <(touched_files) - <<'END'
kernels/unary.h
autograd/ops/elementwise.cc
autograd/operations.h
END

# ---- the change, applied --------------------------------------------------------------------------

mkdir "$scratch/tests"
cp -R "$source_dir"/{CMakeLists.txt,cmake,kernels,tensor,autograd} "$scratch"
cp "$source_dir"/tests/{operations_test.cc,op_laws.h} "$scratch/tests"
cd "$scratch" || exit 1
# Inside a git tree, git apply would take the paths from that tree's root.
if ! GIT_CEILING_DIRECTORIES=$(dirname "$scratch") git apply "$change"; then
  echo "the sources have moved on: bring $change and $page up to date"
  exit 1
fi

# ---- building -------------------------------------------------------------------------------------

flags=(-std=c++20 -O1 "-I$scratch" -DPUPIL_ISA=baseline -DPUPIL_ISA_baseline=1 -DPUPIL_ONLY_BASELINE)
if [[ ${PUPIL_PRESET:-release} == asan ]]; then flags+=(-fsanitize=address,undefined); fi
objects=(kernels/elementwise_cpu autograd/ops/elementwise autograd/operations tests/operations_test)

compile() { "${CXX:-g++}" "${flags[@]}" -Wno-psabi -c "$1.cc" -o "$1.o"; }
openblas() { sed -n 's/^OPENBLAS_STATIC:[A-Z]*=//p' "$build/CMakeCache.txt"; }
link() {
  "${CXX:-g++}" "${flags[@]}" "${objects[@]/%/.o}" "$build"/libpupil_{autograd,tensor,kernels}.a \
    "$(openblas)" -lfmt -lgtest -lgtest_main -lpthread -o checks
}
build_beside_libraries() {
  local object jobs=() job status=0
  for object in "${objects[@]}"; do
    compile "$object" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
  ((status == 0)) && link
}
build_all() {
  cmake -S . -B build -G Ninja -DPUPIL_BENCH=OFF >configure.log &&
    ninja -C build operations_test >build.log && cp build/tests/operations_test checks
}
build_again_with() {
  sed -i "$1" kernels/unary.h
  if [[ ${PUPIL_FULL:-no} == yes ]]; then
    build_all
  else
    compile kernels/elementwise_cpu && link
  fi
}

if [[ ${PUPIL_FULL:-no} == yes ]]; then
  law "the changed tree builds" build_all
else
  law "the changed sources build" build_beside_libraries
fi
echo "built after $SECONDS s"

# ---- the new operation's laws ---------------------------------------------------------------------

check() { ./checks --gtest_color=no --gtest_filter="List/EveryOperation.$1/softsign" >out 2>&1; }
check_all() { check '*' || { cat out; return 1; }; }
breaks_gradients() { ! check AgreesWithDifferencesInF64 && grep -q 'rule says .* difference says' out; }

law "softsign obeys every law of operations" check_all
law "among them the gradient check" grep -q 'OK.*AgreesWithDifferencesInF64/softsign' out
law "a wrong derivative builds, too" build_again_with 's/return r \* r;/return r;/'
law "and the gradient check says so" breaks_gradients
grep -m 1 'rule says' out

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
