#!/usr/bin/env bash
# LoRA steps, cached generation and opening a model beside PEFT and transformers, in one run.
#
#   bench/compare_with_peft.sh [PYTHON] [CONFIG]      PYTHON has torch, transformers, peft; default python3
#
# The programs take turns (three rounds), so that a drift of the machine meets both; the table shows
# medians of the rounds and their ratios. Memory is peak resident size above that at start-up, on both
# sides. Needs an idle machine; writes a random model folder to a temporary place for the opening.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3} config=${2:-gpt2}
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-10} threads=${THREADS:-2}
pupil=${PUPIL:-build/release/pupil}
[ -x "$pupil" ] || { echo "build first: ./pupil build" >&2; exit 3; }
"$python" -c 'import torch, transformers, peft' 2>/dev/null || {
  echo "$python lacks torch, transformers or peft; install them in a virtual environment outside the project" >&2; exit 3; }

field() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"; }
middle() { sort -n | awk '{v[NR]=$1} END {print v[int((NR + 1) / 2)]}'; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$pupil" --version | sed 's/^/# /'
"$python" -c 'import torch, transformers, peft; print("# torch", torch.__version__, "transformers", transformers.__version__, "peft", peft.__version__)'
echo "# load before: $(cut -d' ' -f1-3 /proc/loadavg); $config, $threads threads, $rounds rounds of $seconds s"
printf '%-28s %10s %10s %7s %10s %10s\n' what pupil_ms theirs_ms ratio pupil_MiB theirs_MiB

# row NAME: from the two logs
row() {
  awk -v name="$1" -v p="$(field median_ms < "$folder/ours" | middle)" -v t="$(field median_ms < "$folder/theirs" | middle)" \
      -v m="$(field peak_rss_mib < "$folder/ours" | middle)" -v n="$(field peak_rss_mib < "$folder/theirs" | middle)" \
      'BEGIN {printf "%-28s %10.2f %10.2f %7.2f %10s %10s\n", name, p, t, t / p, m, n}'
  rm -f "$folder/ours" "$folder/theirs"
}

# compare NAME WHAT [OPTION FOR OURS, OPTION FOR THEIRS]
compare() {
  for ((round = 0; round < rounds; ++round)); do
    "$pupil" bench "$2" --config "$config" --threads "$threads" --seconds "$seconds" --json --quiet ${3:-} >> "$folder/ours"
    "$python" bench/peft_step.py "$2" --config "$config" --threads "$threads" --seconds "$seconds" ${4:-} >> "$folder/theirs"
  done
  row "$1"
}

compare "LoRA step, c_attn" lora "--lora-targets c_attn" "--targets c_attn"
compare "LoRA step, every map" lora "--lora-targets c_attn,c_proj,c_fc" "--targets c_attn,c_proj,c_fc"
compare "one token (16 + 100 greedy)" generate

"$python" bench/peft_step.py write --config "$config" --folder "$folder/model" > /dev/null
for ((round = 0; round < rounds; ++round)); do
  start=$(date +%s%N)
  "$pupil" generate --model "$folder/model" --ids 1 --max-new-tokens 1 --threads "$threads" --quiet > /dev/null
  echo "{\"median_ms\": $((($(date +%s%N) - start) / 1000000)), \"peak_rss_mib\": 0}" >> "$folder/ours"
  "$python" bench/peft_step.py open --folder "$folder/model" --threads "$threads" >> "$folder/theirs"
done
row "folder to first token"
echo "# theirs opens without the start of Python; load after: $(cut -d' ' -f1-3 /proc/loadavg)"
