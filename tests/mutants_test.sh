#!/bin/bash
# Rung 9 of the ladder (docs/verification.md): can the tests fail? Every patch in tests/mutants makes
# one mistake in the sources as they are shipped. The files it touches are compiled, linked before the
# libraries of this build, and the test named for it in tests/mutants/list.tsv must fail: not crash,
# not refuse to compile. Where a mistake is one that no difference quotient can see, the gradient
# check must still pass.
#
# Every run tries all patches on the sources and compiles the eight mutants marked in the list; with
# PUPIL_FULL=yes (`./pupil test --full`), or names as arguments, all or those. Sources and build are
# only read; work lies in BUILD/mutants.
set -uo pipefail
export LC_ALL=C

source_dir=${PUPIL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
build=$(cd "${PUPIL_BUILD_DIR:-$source_dir/build/release}" && pwd -P) || exit 2
list=$source_dir/tests/mutants/list.tsv
if [[ ${PUPIL_PRESET:-release} != release ]]; then
  echo "skipped: mutants are built beside the release build"
  exit 77
fi
if ! command -v git >/dev/null; then
  echo "skipped: git apply is needed"
  exit 77
fi
cd "$build" || exit 2
if [[ ! -x pupil || ! -f build.ninja ]]; then
  echo "there is no finished build in $build: ./pupil test makes one"
  exit 1
fi
exec {lock}>mutants.lock
if ! flock -n "$lock"; then
  echo "another run of the mutants is at work in $build/mutants"
  exit 1
fi
rm -rf mutants && mkdir mutants

# Kernels are compiled for several instruction sets; a mutant needs the one that runs here.
isa=$(./pupil --version | awk '$1 == "kernels" { print $2 }')
export PUPIL_ISA=$isa

# Which objects depend on which file of the sources: lines "file object". A ccache with a base_dir
# writes paths relative to the build folder.
ninja -t deps | awk -v root="    $source_dir/" -v near="    $(realpath --relative-to=. "$source_dir")/" '
  /^[^ ].*: #deps/ { object = $1; sub(/:$/, "", object); next }
  index($0, root) == 1 { print substr($0, length(root) + 1), object }
  index($0, near) == 1 { print substr($0, length(near) + 1), object }' >mutants/deps.txt

# objects_of PROGRAM FILE...: what must be compiled again to link PROGRAM with the files changed.
objects_of() {
  local program=$1
  shift
  printf '%s\n' "$@" | awk '
    NR == FNR { changed[$1]; next }
    $1 in changed { print $2 }' - mutants/deps.txt |
    grep -E "^CMakeFiles/(pupil_[a-z0-9_]+|$program)\.dir/" |
    awk -v isa="$isa" '!/\/pupil_kernels_/ || $0 ~ "/pupil_kernels_" isa "\\.dir/" || !/_cpu\.cc/' | sort -u
}

# compile WORK OBJECT: the build's own command, with WORK/tree in front of the sources.
compile() {
  local work=$1 object=$2 command file
  command=$(ninja -t commands "$object" | tail -n 1)
  mkdir -p "$work/$(dirname "$object")"
  file=${object#CMakeFiles/*.dir/}
  file=${file%.o}
  if [[ -f $work/tree/$file ]]; then command=${command//"$source_dir/$file"/"$work/tree/$file"}; fi
  command=${command//"$object"/"$work/$object"}
  eval "${command/ -I/ -I$work/tree -I}"
}

# link WORK PROGRAM OBJECT...: the objects stand before the libraries, which then have nothing to add.
link() {
  local work=$1 program=$2 command object
  shift 2
  command=$(ninja -t commands "tests/$program" | tail -n 1)
  for object in "$@"; do
    if [[ $object == CMakeFiles/$program.dir/* ]]; then
      command=${command//"$object"/"$work/$object"}
    else
      command=${command/ -o / "$work/$object" -o }
    fi
  done
  eval "${command/ -o tests\/$program/ -o $work/$program}"
}

# make_program WORK PROGRAM FILE...
make_program() {
  local work=$1 program=$2 object objects
  shift 2
  mapfile -t objects < <(objects_of "$program" "$@")
  if ((${#objects[@]} == 0)); then
    echo "nothing in $program depends on $*"
    return 1
  fi
  for object in "${objects[@]}"; do
    if [[ ! -f $work/$object ]]; then compile "$work" "$object" || return 1; fi
  done
  link "$work" "$program" "${objects[@]}"
}

# outcome_of PROGRAM FILTER: "passed", "failed TEST" (the first one) or what else happened.
outcome_of() {
  local out status=0
  out=$(timeout -k 5 300 "$1" --gtest_filter="$2" --gtest_color=no 2>&1 </dev/null) || status=$?
  if ((status > 1)); then
    echo "status $status"
  elif [[ ! $out =~ Running\ [1-9][0-9]*\ test ]]; then
    echo "no test is called $2"
  elif ((status == 1)); then
    echo "failed $(sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' <<<"$out" | head -n 1)"
  elif grep -q '^\[  SKIPPED \]' <<<"$out"; then
    echo "skipped"
  else
    echo "passed"
  fi
}

# apply TREE NAME [OPTION]: in a copy of the sources. A build folder lies inside a repository as a
# rule; the patch is for this tree, not for that one.
apply() {
  (cd "$1" && GIT_CEILING_DIRECTORIES=$build git apply -p1 ${3:-} "$source_dir/tests/mutants/$2.patch")
}

# copy_touched TREE NAME: the files that a patch changes, as they are shipped.
copy_touched() {
  local file
  sed -n 's|^+++ b/||p' "$source_dir/tests/mutants/$2.patch" | while read -r file; do
    mkdir -p "$1/$(dirname "$file")"
    cp "$source_dir/$file" "$1/$file" || return 1
  done
}

# The patches and the list name each other, and every patch applies to the sources of today.
apply_all() {
  local tree=mutants/today name wrong=0
  mkdir -p "$tree"
  while read -r name; do
    if copy_touched "$tree" "$name" 2>mutants/log && apply "$tree" "$name" --check 2>mutants/log; then
      continue
    fi
    printf 'FAIL  %-42s %-12s %s\n' "$name" applies "the sources have moved on: $(head -n 1 mutants/log)"
    wrong=1
  done < <(grep -v '^#' "$list" | cut -f 1)
  while read -r name; do
    printf 'FAIL  %-42s %-12s %s\n' "$name" listed "is a patch or a line of list.tsv, not both"
    wrong=1
  done < <(comm -3 <(grep -v '^#' "$list" | cut -f 1 | sort) \
    <(cd "$source_dir/tests/mutants" && printf '%s\n' *.patch | sed 's/\.patch$//' | sort) | tr -d '\t')
  if ((wrong == 0)); then
    printf 'ok    %-42s %-12s %s patches\n' "all of the list" applies "$(grep -vc '^#' "$list")"
  fi
}

# try NAME KIND RUNG CI PROGRAM FILTER BLIND_PROGRAM BLIND_FILTER: one line, beginning with ok or FAIL.
try() {
  local name=$1 rung=$3 program=$5 filter=$6 blind_program=$7 blind_filter=$8 work=mutants/$1
  local files outcome note=""
  mkdir -p "$work/tree"
  mapfile -t files < <(sed -n 's|^+++ b/||p' "$source_dir/tests/mutants/$name.patch")
  copy_touched "$work/tree" "$name"
  if ! apply "$work/tree" "$name" >"$work/log" 2>&1; then
    outcome="the patch does not apply: the sources have moved on"
  elif ! make_program "$work" "$program" "${files[@]}" >"$work/log" 2>&1; then
    outcome="is not built: $(grep -m1 error "$work/log" || tail -n 1 "$work/log")"
  else
    outcome=$(outcome_of "$work/$program" "$filter")
    if [[ $blind_program != - ]]; then
      if [[ $blind_program != "$program" ]] &&
        ! make_program "$work" "$blind_program" "${files[@]}" >"$work/log" 2>&1; then
        note="; $blind_program is not built: $(tail -n 1 "$work/log")"
      else
        note="; $blind_filter: $(outcome_of "$work/$blind_program" "$blind_filter")"
      fi
    fi
  fi
  if [[ $outcome == failed* && ($blind_program == - || $note == *": passed") ]]; then
    printf 'ok    %-42s %-12s %s%s\n' "$name" "$rung" "${outcome#failed }" "$note"
  else
    printf 'FAIL  %-42s %-12s %s must fail: %s%s\n' "$name" "$rung" "$filter" "$outcome" "$note"
  fi
  rm -rf "$work"
}

# The tests of the mutants chosen pass in the shipped build, and so they do when a file is compiled and
# linked this way with nothing changed.
control() {
  local program filter outcome work=mutants/control
  while read -r program filter; do
    outcome=$(outcome_of "tests/$program" "$filter")
    if [[ $outcome != passed ]]; then echo "FAIL  without a mutant, $program $filter: $outcome"; fi
  done
  mkdir -p "$work/tree/autograd"
  cp "$source_dir/autograd/tape.cc" "$work/tree/autograd"
  make_program "$work" operations_test autograd/tape.cc >"$work/log" 2>&1
  outcome=$(outcome_of "$work/operations_test" 'List/*/mul')
  if [[ $outcome == passed ]]; then
    printf 'ok    %-42s %-12s all tests pass\n' "nothing changed" control
  else
    printf 'FAIL  %-42s %-12s %s; %s\n' "nothing changed" control "$outcome" "$(tail -n 3 "$work/log")"
  fi
  rm -rf "$work"
}

chosen() {
  local name kind rung ci rest
  while IFS=$'\t' read -r name kind rung ci rest; do
    if [[ $name == \#* ]]; then continue; fi
    if (($# > 0)); then
      if [[ " $* " != *" $name "* ]]; then continue; fi
    elif [[ ${PUPIL_FULL:-no} != yes && $ci != yes ]]; then
      continue
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$kind" "$rung" "$ci" "$rest"
  done <"$list"
}

apply_all >mutants/applies.txt
chosen "$@" >mutants/chosen.tsv
awk -F'\t' '{ print $5, $6 } $7 != "-" { print $7, $8 }' mutants/chosen.tsv | sort -u |
  control >mutants/control.txt
workers=$(nproc)
while IFS=$'\t' read -r -a row; do
  while (($(jobs -rp | wc -l) >= workers)); do wait -n; done
  try "${row[@]}" >"mutants/${row[0]}.txt" &
done <mutants/chosen.tsv
wait

cat mutants/applies.txt mutants/control.txt
while IFS=$'\t' read -r name rest; do cat "mutants/$name.txt"; done <mutants/chosen.tsv | tee mutants/table.txt
missing=$(($(grep -vc '^#' "$list") - $(wc -l <mutants/chosen.tsv)))
if ((missing > 0)); then echo "($missing more with ./pupil test --full)"; fi
passed=$(cat mutants/applies.txt mutants/control.txt mutants/table.txt | grep -c '^ok')
failed=$(cat mutants/applies.txt mutants/control.txt mutants/table.txt | grep -c '^FAIL')
echo "$passed passed, $failed failed, 0 skipped"
((failed == 0 && passed > 0))
