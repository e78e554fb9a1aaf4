#!/bin/bash
# The engine can be read in a day: how many lines of code it has, room by room, and its budgets.
#
# A line of code is one that is neither blank nor a comment. Samples stand beside the rules they
# check and are not counted (SAMPLES(x), and functions that return Samples), nor are the composed
# twins (autograd/reference*). Two groups of files are counted apart, because nobody has to read
# them to understand training: file formats, and the pictures of the tape.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
readonly kEngine=4500 kFormats=1200 kPictures=500 kFile=400

files() { find tensor autograd nn -name '*.h' -o -name '*.cc' | grep -v '^autograd/reference' | sort; }

# Reads file names; prints GROUP LINES for each group, and what is too long.
count() {
  xargs awk -v most="$kFile" '
    function group_of(file) {
      if (file ~ /^nn\/(file|float_formats|json_fields|model_folder|safetensors|sha256|strict_json)\./) return "formats"
      if (file ~ /^autograd\/graph_(draw|layout)\./) return "pictures"
      return substr(file, 1, index(file, "/") - 1)
    }
    FNR == 1 { in_samples = 0 }
    FNR == most + 1 { print "toolong", FILENAME }
    /^SAMPLES\(|^Samples [a-z_]+\(/ { in_samples = 1 }
    in_samples { if (/^}/ || /^SAMPLES.*}$/) in_samples = 0; next }
    /^[[:space:]]*(\/\/.*)?$/ { next }
    { lines[group_of(FILENAME)]++ }
    END { for (group in lines) print group, lines[group] }'
}

declare -A lines=([tensor]=0 [autograd]=0 [nn]=0 [formats]=0 [pictures]=0)
passed=0 failed=0 too_long=""
while read -r group value; do
  if [[ $group == toolong ]]; then too_long+=" $value"; else lines[$group]=$value; fi
done < <(files | count)

# within WHAT NUMBER BUDGET
within() {
  printf '%-52s %5d lines of code, at most %d\n' "$1" "$2" "$3"
  if (($2 > 0 && $2 <= $3)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "  over the budget: find what can be said with less, or record the reason in docs/decisions.md"
  fi
}

for room in tensor autograd nn; do printf '  %-50s %5d\n' "$room" "${lines[$room]}"; done
engine=$((lines[tensor] + lines[autograd] + lines[nn]))
within "the engine: tensor, autograd, nn" "$engine" "$kEngine"
within "file formats (nn: files, JSON, safetensors, SHA-256)" "${lines[formats]}" "$kFormats"
within "pictures of the tape (autograd/graph_*)" "${lines[pictures]}" "$kPictures"
echo "all of it: $((engine + lines[formats] + lines[pictures]))"

if [[ -z $too_long ]]; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "longer than $kFile lines:$too_long"
fi

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
