#!/usr/bin/env bash
# Encoding on one core, beside tiktoken and Hugging Face's tokenizers, in one run.
#
#   bench/compare_tokenizers.sh PYTHON FOLDER TEXT      PYTHON has tiktoken and tokenizers;
#                                                       FOLDER is GPT-2's tokenizer, TEXT plain text
#
# Two texts of 10 MB: TEXT over and over, and the same with every second word replaced by random
# letters, so that no cache has seen it. The programs take turns for five rounds (ROUNDS); the table
# shows the medians in MB/s. Needs an idle machine and build/release (ninja tokenizer_bench).
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
python=$1 folder=$2 rounds=${ROUNDS:-5} bench=${BENCH:-build/release/bench/tokenizer_bench}
[ -x "$bench" ] || { echo "$bench is missing; build it with: ninja -C build/release tokenizer_bench" >&2; exit 3; }
"$python" -c 'import tiktoken, tokenizers' 2> /dev/null ||
  { echo "$python lacks tiktoken or tokenizers; pip install them in a virtual environment outside the project" >&2; exit 3; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" bench/tokenizer_peers.py texts "$3" "$work"
middle() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ours() {
  BPE_TOKENIZER=$folder BPE_TEXT=$1 "$bench" --benchmark_filter=encode --benchmark_format=csv 2> /dev/null |
    awk -F, '/^"?encode/ {printf "%.2f\n", $NF / 1}'
}

echo "# load before: $(cut -d' ' -f1-3 /proc/loadavg); $rounds rounds; MB/s"
printf '%-8s %10s %10s %10s %12s\n' text pupil tiktoken tokenizers x_tiktoken
for text in plain unseen; do
  for ((round = 0; round < rounds; ++round)); do
    ours "$work/$text.txt" >> "$work/pupil"
    "$python" bench/tokenizer_peers.py tiktoken "$folder" "$work/$text.txt" | cut -d' ' -f1 >> "$work/tiktoken"
    "$python" bench/tokenizer_peers.py tokenizers "$folder" "$work/$text.txt" | cut -d' ' -f1 >> "$work/tokenizers"
  done
  p=$(middle < "$work/pupil") t=$(middle < "$work/tiktoken") h=$(middle < "$work/tokenizers")
  printf '%-8s %10s %10s %10s %12s\n' "$text" "$p" "$t" "$h" "$(awk -v p="$p" -v t="$t" 'BEGIN {printf "%.2f", p / t}')"
  rm -f "$work"/{pupil,tiktoken,tokenizers}
done
