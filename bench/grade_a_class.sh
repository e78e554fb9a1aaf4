#!/bin/bash
# A course year in one run, by the commands an instructor types: release, a class that hands in,
# grading in parallel, exports, and the same grading once more.
#
#   bench/grade_a_class.sh [STUDENTS] [JOBS]      default 100 students, 2 at a time; needs a built tree
#
# Students are of three levels: everything solved, every other exercise, files that do not compile.
# Ends with 1 when totals differ between summary, gradebook and exports, when an export does not fit
# its schema (tests/schemas; JUnit's by xmllint, where installed), or when the second grading differs
# in anything but times and memory.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pupil=${PUPIL_BINARY:-$root/build/release/pupil}
students=${1:-100} jobs=${2:-2}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$root"

step() { printf '\n== %s (after %d s)\n' "$1" "$SECONDS"; }
fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# The solution regions of a marked source, without its mutants.
solution() {
  awk '/\/\/ (BEGIN|END) SOLUTION/ { next }  /\/\/ BEGIN (MUTANT|STAFF)/ { skip = 1 }
       /^ *\/\/\|/ { next }  !skip { print }  /\/\/ END (MUTANT|STAFF)/ { skip = 0 }' "$1"
}

step "release"
"$pupil" staff release --out "$folder/dist"
released=$(find "$folder/dist" -mindepth 1 -maxdepth 1 -type d)

step "$students students hand in"
number=0
for marked in lessons/*/exercises/*/exercise.cc; do
  name=$(basename "$(dirname "$marked")")
  solution "$marked" >"$folder/solved.cc"
  starter=$released/${marked}
  for ((s = 0; s < students; s++)); do
    to=$folder/inbox/student$((1000 + s))/$name
    mkdir -p "$to"
    case $((s % 3)) in
      0) cp "$folder/solved.cc" "$to/exercise.cc" ;;
      1) if ((number % 2 == 0)); then cp "$folder/solved.cc" "$to/exercise.cc"; else cp "$starter" "$to/exercise.cc"; fi ;;
      2) printf '#include "exercise.h"\nint broken(' >"$to/exercise.cc" ;;
    esac
  done
  number=$((number + 1))
done

step "grading, $jobs at a time"
"$pupil" staff grade "$folder/inbox" --out "$folder/one" --jobs "$jobs"
awk -F, 'NR == 1 { next } { count[$NF]++ } END { for (t in count) print count[t], "students with", t, "points" }' \
  "$folder/one/summary.csv" | sort -k4 -n

step "exports"
cp "$folder/one/summary.csv" "$folder/lms.csv"
sed -i '1s/.*/id,points/; 2,$s/,.*/,/' "$folder/lms.csv"
"$pupil" staff export "$folder/one" --format gradescope
"$pupil" staff export "$folder/one" --format junit
"$pupil" staff export "$folder/one" --format lms --lms "$folder/lms.csv" --match id --column points
paste -d, <(tail -n +2 "$folder/one/summary.csv" | awk -F, '{ print $1 "," $NF }') \
  <(tail -n +2 "$folder/lms.csv") | awk -F, '$1 != $3 || $2 != $4 { print; bad = 1 } END { exit bad }' ||
  fail "the LMS's file has other totals than summary.csv"
for file in "$folder"/one/gradescope/*.json; do
  student=$(basename "$file" .json)
  total=$(awk -F, -v s="$student" '$1 == s { print $NF }' "$folder/one/summary.csv")
  grep -q "^ \"score\": $total,\$" "$file" || fail "$file does not give $total points"
done
if command -v xmllint >/dev/null; then
  xmllint --noout --schema tests/schemas/junit.xsd "$folder"/one/junit/*.xml 2>&1 | grep -v ' validates$' &&
    fail "a JUnit report does not fit tests/schemas/junit.xsd"
fi
if command -v sqlite3 >/dev/null; then
  sqlite3 -csv "$folder/one/grades.db" \
    'SELECT student, sum(points) FROM grades GROUP BY student ORDER BY student' | tr -d '\r' |
    diff - <(tail -n +2 "$folder/one/summary.csv" | awk -F, '{ print $1 "," $NF }') ||
    fail "grades.db has other totals than summary.csv"
fi

step "the same grading once more"
mkdir "$folder/two"
cp "$folder/one/seed" "$folder/two/seed"
"$pupil" staff grade "$folder/inbox" --out "$folder/two" --jobs "$jobs"
for out in one two; do
  find "$folder/$out/results" -name '*.json' -exec \
    sed -i '/"started":\|"wall_ms":\|"cpu_ms":\|"max_rss_mb":/d' {} +
done
for part in results feedback summary.csv; do
  diff -r "$folder/one/$part" "$folder/two/$part" || fail "$part differs"
done
printf '\nall equal: %d students, %d exercises, graded twice (%d s in all)\n' "$students" "$number" "$SECONDS"
