#!/bin/bash
# Pupil beside transformers, PEFT and TRL: runs the parts named, or all (tests/interop/README.md).
# Status 77 without PUPIL_INTEROP_PYTHON.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PUPIL_INTEROP_PYTHON:-}
if [[ -z $python ]]; then
  echo "skipped: PUPIL_INTEROP_PYTHON names no Python with transformers, peft and trl (tests/interop/README.md)"
  exit 77
fi
export PUPIL_BINARY=${PUPIL_BINARY:-$here/../../build/release/pupil}

parts=("$@")
if ((${#parts[@]} == 0)); then
  for file in "$here"/*_*.py; do
    grep -q '^common.finish()' "$file" && parts+=("$(basename "$file" .py)")
  done
fi

passed=0 failed=0
for part in "${parts[@]}"; do
  echo "== $part"
  output=$("$python" "$here/$part.py" 2>&1)
  status=$?
  printf '%s\n' "$output"
  last=$(printf '%s\n' "$output" | tail -n 1)
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    ((status != 0 && BASH_REMATCH[2] == 0)) && failed=$((failed + 1))
  else
    failed=$((failed + 1)) # it did not come to its end
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
((failed == 0 && passed > 0))
