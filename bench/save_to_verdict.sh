#!/bin/bash
# How long a student waits: from the rename that an editor's save ends with to the printed verdict of
# `pupil learn`, for every exercise, with the reference in place (every check runs).
#
#   bench/save_to_verdict.sh [SAVES]       default 50 saves an exercise; needs a built tree
#
# Prints a table of milliseconds. For numbers that mean something, on an idle machine.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pupil=${PUPIL_BINARY:-$root/build/release/pupil}
saves=${1:-50}
work=$(mktemp -d)
trap 'kill "${learn:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$root"

# Reads the loop's output up to the line with the points.
wait_for_verdict() {
  local line
  while IFS= read -r -u "$out" line; do
    if [[ $line == *" of "*" points"* ]]; then return; fi
  done
  echo "pupil learn ended" >&2
  exit 1
}

# The solution regions of a marked source, without its mutants.
solution() {
  awk '/\/\/ (BEGIN|END) SOLUTION/ { next }  /\/\/ BEGIN (MUTANT|STAFF)/ { skip = 1 }
       /^ *\/\/\|/ { next }  !skip { print }  /\/\/ END (MUTANT|STAFF)/ { skip = 0 }' "$1"
}

printf '%-32s %8s %8s %8s %8s\n' "exercise (ms from save to verdict)" median p95 worst saves
for marked in lessons/*/exercises/*/exercise.cc; do
  folder=$(basename "$(dirname "$marked")")
  id=${folder%%_*}
  "$pupil" goto "$id" --dir "$work" >/dev/null
  file=$work/$folder/exercise.cc
  exec {out}< <(exec "$pupil" learn "$id" --dir "$work" --plain </dev/null 2>&1)
  learn=$!
  wait_for_verdict
  times=()
  for ((i = 0; i < saves; i++)); do
    sleep 0.2
    { solution "$marked"; echo "// save $i"; } >"$file.new"
    began=${EPOCHREALTIME//[.,]/}
    mv "$file.new" "$file"
    wait_for_verdict
    times+=($(((${EPOCHREALTIME//[.,]/} - began) / 1000)))
  done
  kill "$learn" 2>/dev/null || true
  exec {out}<&-
  mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
  printf '%-32s %8d %8d %8d %8d\n' "$folder" "${sorted[saves / 2]}" "${sorted[(saves * 95 + 99) / 100 - 1]}" \
    "${sorted[-1]}" "$saves"
done
