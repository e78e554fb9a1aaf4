#!/bin/bash
# The headers a student's file includes (docs/reading_guide.md lists them) are cheap and plain: in an
# otherwise empty file each compiles in a fraction of 0.35 s, and none brings std::function, smart
# pointers, strings, containers or streams along.
#
# No time is tested. 0.35 s is what about 50,000 preprocessed lines take on the slow machine where
# that was measured; the bound is two thirds of it. The times are printed for information. And every
# function they declare can be replaced when linked: its symbols in the library are weak.
set -uo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${PUPIL_BUILD_DIR:-$source_dir/build/release}
guide=$source_dir/docs/reading_guide.md
readonly kMostLines=35000
readonly kForbidden='functional|memory|string|string_view|vector|map|optional|variant|iostream|istream|ostream|sstream|fstream'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

cd "$source_dir" || exit 2
compiler=("${CXX:-g++}" -std=c++20 -I. -Wall -Wextra -Werror)

# law SENTENCE COMMAND...: the command must succeed.
law() {
  local sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "DOES NOT HOLD: $sentence"
    cat "$scratch/log" 2>/dev/null
  fi
}
nothing() { [[ -z $1 ]]; }
few() { (($1 < kMostLines)); }

# ---- the list -------------------------------------------------------------------------------------

# What kernels are made of inside; everything else in kernels/ is for students, too.
inside='attention_tile|blas_core|cpu_features|simd|simd_native|tiles'
headers=$(ls kernels/*.h | grep -vE "/($inside)\.h$")
listed=$(sed -n '/^## Headers for exercises/,/^## /p' "$guide" | grep -oE 'kernels/[a-z_]+\.h' | sort -u)
law "docs/reading_guide.md lists the student-facing headers: $(diff <(echo "$headers") <(echo "$listed") | grep '^[<>]')" \
  test "$headers" = "$listed"

# ---- each header alone ----------------------------------------------------------------------------

printf '%-26s %10s %8s\n' header lines ms
for header in $headers; do
  echo "#include \"$header\"" >"$scratch/alone.cc"
  began=${EPOCHREALTIME//[.,]/}
  law "$header compiles alone, without a warning" \
    "${compiler[@]}" -fsyntax-only "$scratch/alone.cc" 2>"$scratch/log"
  took=$(((${EPOCHREALTIME//[.,]/} - began) / 1000))
  lines=$("${compiler[@]}" -E "$scratch/alone.cc" | wc -l)
  heavy=$("${compiler[@]}" -M "$scratch/alone.cc" | tr ' \\' '\n\n' | grep -E "/c\+\+/[^/]*/($kForbidden)$")
  printf '%-26s %10d %8d\n' "$header" "$lines" "$took"
  law "$header brings fewer than $kMostLines lines (it is $lines)" few "$lines"
  law "$header includes nothing heavy: $heavy" nothing "$heavy"
done

# ---- replaceable ----------------------------------------------------------------------------------

# Function templates of pupil::cpu, those of single instruction sets apart.
symbols() {
  nm -C --defined-only "$build/libpupil_kernels.a" 2>/dev/null |
    sed -nE "s/^[0-9a-f]+ $1 [a-z ]*(pupil::cpu::[a-z_]+<.*)/\1/p" | sort -u
}
law "no kernel is a strong symbol: $(symbols T)" nothing "$(symbols T)"
weak=$(symbols W | sed 's/<.*//' | sort -u)
for header in $headers; do
  # A line that opens a function template's declaration: `void layer_norm_forward(View<T> out, ...`
  for kernel in $(awk '/^template <class (F, class )?T>$/ { getline; print }' "$header" |
    sed -nE 's/^void ([a-z_]+)\(.*/\1/p' | sort -u); do
    law "$header: $kernel can be replaced when linked" grep -qx "pupil::cpu::$kernel" <<<"$weak"
  done
done
echo "$(wc -l <<<"$weak") kernels can be replaced"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
