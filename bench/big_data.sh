#!/usr/bin/env bash
# Fine-tuning on a file that is larger than memory should be: how much memory does it take?
#
#   bench/big_data.sh [--binary PATH] [--gigabytes 2] [--folder DIR] [--keep]
#
# Writes a file of JSON Lines of so many GB (10^9 bytes) into a temporary folder (in DIR), then runs
# `sft` on its first 1000 records and on all of it: shuffled, packed, 20 steps on a tiny model. What
# the second run takes beyond the first is the index: at most 16 bytes a record, and one MiB for
# rounding. Prints a table; exit status 0 when that holds, 1 otherwise.
#
# --keep     leave the folder with the file, and say where it is
#
# Needs the binary, bash, awk and that much disk.
set -u

binary="$(dirname "$0")/../build/release/pupil" gigabytes=2 parent=${TMPDIR:-/tmp} keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --binary) binary=$2; shift ;;
    --gigabytes) gigabytes=$2; shift ;;
    --folder) parent=$2; shift ;;
    --keep) keep=yes ;;
    -h | --help) sed -n '2,/^set/s/^#* \{0,1\}//p' "$0" | head -n -1; exit 0 ;;
    *) echo "big_data.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
if [ ! -x "$binary" ]; then
  echo "big_data.sh: $binary is no program; build first, or give --binary PATH" >&2
  exit 3
fi
dir=$(mktemp -d -p "$parent") || exit 3
trap '[ $keep = yes ] && echo "the file is in $dir" || rm -rf "$dir"' EXIT

# ---- the file: questions and answers of 20 to 400 words ----------------------------------------

awk -v bytes="$gigabytes" 'BEGIN {
  srand(1)
  split("a star room guest keeper book counts writes into from seven green old light in", word, " ")
  for (i = 0; i < 997; ++i) {
    text = ""
    for (n = 10 + int(190 * rand()); n > 0; --n) text = text word[1 + int(15 * rand())] " "
    piece[i] = text
  }
  for (left = bytes * 1e9; left > 0; left -= length(line) + 1) {
    line = "{\"prompt\": \"" ++k ": " piece[int(997 * rand())] "\", \"completion\": \"" \
           piece[int(997 * rand())] k "\"}"
    print line
  }
}' > "$dir/all.jsonl" || exit 3
head -n 1000 "$dir/all.jsonl" > "$dir/few.jsonl"
for n in $(seq 1 1500); do echo "room $n counts $((n * n)) stars"; done > "$dir/text.txt"
"$binary" pretrain --text "$dir/text.txt" --out "$dir/base" --layers 1 --heads 2 --dim 16 \
  --context 1024 --steps 1 --batch-size 1 --quiet > "$dir/log" 2>&1 ||
  { cat "$dir/log" >&2; exit 1; }

# ---- two runs ----------------------------------------------------------------------------------

# run NAME: prints the peak resident size in KiB (VmHWM only grows, so the last reading counts).
run() {
  "$binary" sft --model "$dir/base" --data "$dir/$1.jsonl" --out "$dir/$1" --steps 20 \
    --micro-batch-size 2 --accumulate 2 --pack isolated --truncate end --max-lost 1 \
    > "$dir/log" 2>&1 &
  local process=$! peak=0 now
  while kill -0 $process 2> /dev/null; do
    now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$process/status 2> /dev/null)
    peak=${now:-$peak}
    sleep 0.05
  done
  wait $process || { cat "$dir/log" >&2; exit 1; }
  echo "$peak"
}

printf '%8s %12s %12s %10s %12s\n' file 'bytes' 'records' 'seconds' 'peak, KiB'
for file in few all; do
  began=$(date +%s)
  peak=$(run $file) || exit 1
  records=$(wc -l < "$dir/$file.jsonl")
  printf '%8s %12d %12d %10d %12d\n' $file "$(stat -c %s "$dir/$file.jsonl")" "$records" \
    $(($(date +%s) - began)) "$peak"
  eval "peak_$file=$peak records_$file=$records"
done
# shellcheck disable=SC2154  # both are set by the eval above
extra=$(((peak_all - peak_few) * 1024)) allowed=$((16 * records_all + (1 << 20)))
each=$(awk "BEGIN{print $extra / $records_all}")
printf 'the large file takes %.1f bytes a record more\n' "$each"
if [ $extra -gt $allowed ]; then
  echo "FAIL: at most 16 are allowed"
  exit 1
fi
echo "PASS: at most 16 bytes a record"
