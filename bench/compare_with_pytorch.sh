#!/usr/bin/env bash
# `pupil bench step` beside the same step in PyTorch, eager and compiled, in one run.
#
#   bench/compare_with_pytorch.sh [PYTHON] [CONFIG ...]      PYTHON has torch; default python3
#
# The programs take turns (pupil, eager, compiled; three rounds), so that a drift of the machine
# meets all of them; the table shows medians of the rounds and their ratios. Needs an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
shift || true
configs=("${@:-}")
[ -n "${configs[0]}" ] || configs=(nano lesson mini gpt2)
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-10} threads=${THREADS:-2}
pupil=${PUPIL:-build/release/pupil}
[ -x "$pupil" ] || { echo "build first: ./pupil build" >&2; exit 3; }
"$python" -c 'import torch' 2>/dev/null || { echo "$python has no torch; pip install torch in a virtual environment outside the project" >&2; exit 3; }

field() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"; }
middle() { sort -n | awk '{v[NR]=$1} END {print v[int((NR + 1) / 2)]}'; }
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

"$pupil" --version | sed 's/^/# /'
"$python" -c 'import torch; print("# torch", torch.__version__)'
echo "# load before: $(cut -d' ' -f1-3 /proc/loadavg); $threads threads, $rounds rounds of $seconds s"
printf '%-8s %10s %10s %10s %8s %8s %10s %10s %8s\n' config pupil_ms eager_ms comp_ms x_eager x_comp pupil_MiB eager_MiB of_peak
for config in "${configs[@]}"; do
  for ((round = 0; round < rounds; ++round)); do
    "$pupil" bench step --config "$config" --threads "$threads" --seconds "$seconds" --json --quiet >> "$logs/pupil"
    "$python" bench/torch_step.py --config "$config" --threads "$threads" --seconds "$seconds" >> "$logs/eager"
    "$python" bench/torch_step.py --config "$config" --threads "$threads" --seconds "$seconds" --compile >> "$logs/compiled"
  done
  ours=$(field median_ms < "$logs/pupil" | middle) eager=$(field median_ms < "$logs/eager" | middle)
  compiled=$(field median_ms < "$logs/compiled" | middle) share=$(field peak_share < "$logs/pupil" | middle)
  awk -v c="$config" -v p="$ours" -v e="$eager" -v k="$compiled" -v s="$share" \
      -v m="$(field peak_rss_mib < "$logs/pupil" | middle)" -v n="$(field peak_rss_mib < "$logs/eager" | middle)" \
      'BEGIN {printf "%-8s %10.2f %10.2f %10.2f %8.2f %8.2f %10d %10d %7.1f%%\n", c, p, e, k, e / p, k / p, m, n, 100 * s}'
  rm -f "$logs"/*
done
