#!/bin/bash
# What docs/ says can be done and found: every file that a page names is there, and the example of
# docs/reading_guide.md (a kernel of one's own, linked in place of the library's) builds with the
# command on the page and passes its gradient check; with the mistake the page names it fails.
set -uo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${PUPIL_BUILD_DIR:-$source_dir/build/release}
guide=$source_dir/docs/reading_guide.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# law SENTENCE COMMAND...: the command must succeed.
law() {
  local sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "DOES NOT HOLD: $sentence"
    tail -n 20 "$scratch/out" 2>/dev/null
  fi
}

# ---- names ----------------------------------------------------------------------------------------

cd "$source_dir" || exit 2
rooms='kernels|tensor|autograd|nn|sft|microworld|cli|tests|bench|docs|cmake'
for page in docs/*.md; do
  missing=""
  for path in $(grep -oE "\b($rooms)/[A-Za-z0-9_/]+\.(h|cc|sh|md|txt|cmake|patch)\b" "$page" | sort -u); do
    # Names that stand for any, and the one place for #if on CUDA, which a CPU-only tree lacks.
    case $path in */NAME* | kernels/dispatch.h) continue ;; esac
    [[ -e $path ]] || missing+=" $path"
  done
  law "every file that $page names is there; missing:$missing" test -z "$missing"
done

# ---- the example ----------------------------------------------------------------------------------

# The code blocks of a language in the chapter on replacing a kernel.
example() {
  awk -v fence="\`\`\`$1" '/^## Your kernel/ { chapter = 1 }
    chapter && $0 == fence { on = 1; next }  /^```/ { on = 0 }  on' "$guide"
}
sanitize=()
if [[ ${PUPIL_PRESET:-release} == asan ]]; then sanitize=(-fsanitize=address,undefined); fi

# The page's commands, with its paths where this test has them.
run_commands() {
  example sh | sed "s|^g++ |\${CXX:-g++} ${sanitize[*]} |; s| my_layer_norm.cc| $scratch/my_layer_norm.cc|
    s|-Lbuild/release|-L$build|; s|-o my_pupil|-o $scratch/my_pupil|; s|^\./my_pupil|$scratch/my_pupil|" |
    bash -e >"$scratch/out" 2>&1
}
fails_the_check() { ! run_commands && grep -q 'WRONG' "$scratch/out"; }

example cpp >"$scratch/my_layer_norm.cc"
law "the page's kernel builds with the page's command and passes" run_commands
law "and it is the page's gradient check that says so" grep -q 'every gradient is right' "$scratch/out"
sed -i 's|squares / T(inp.width)|squares / T(inp.width - 1)|' "$scratch/my_layer_norm.cc"
law "with the mistake that the page names, the check fails" fails_the_check
grep -m 1 -o 'WRONG.*' "$scratch/out"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
