#!/usr/bin/env bash
# Fuzzes the readers of files from outside: safetensors, records, tokenizer, template.
#
#   tests/fuzz/run.sh [TARGET ...]      SECONDS_EACH=300, BUILD=build/fuzz
#
# Needs clang++ with libFuzzer (Debian: clang, libclang-rt-dev) and a built build/release, from which
# what is not fuzzed is linked. Starts from the inputs in tests/fuzz/corpus/TARGET; new ones go to
# BUILD/corpus. A finding stops it with exit 1 and lies in BUILD/findings: mend it, then keep the
# input in tests/fuzz/corpus/TARGET, where tests/fuzz_replay_test replays it for ever.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build/fuzz} libraries=${LIBRARIES:-build/release} seconds=${SECONDS_EACH:-300}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(safetensors records tokenizer template)
command -v clang++ > /dev/null || { echo "clang++ is missing: apt-get install clang libclang-rt-dev" >&2; exit 3; }
[ -f "$libraries/libpupil_sft.a" ] || { echo "build first: ./pupil build" >&2; exit 3; }

mkdir -p "$build/objects" "$build/findings"
flags=(-std=c++20 -I. -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
       -fno-sanitize-recover=all -Wno-unknown-warning-option)
objects=()
for source in tests/fuzz/fuzzer.cc nn/{safetensors,strict_json,file,float_formats,json_fields}.cc sft/*.cc; do
  [ -f "$source" ] || continue
  object=$build/objects/$(echo "$source" | tr / _).o
  objects+=("$object")
  if [ ! -f "$object" ] || [ -n "$(find . -path ./build -prune -o -name '*.h' -newer "$object" -print -quit)" ] ||
     [ "$source" -nt "$object" ]; then
    clang++ "${flags[@]}" -c "$source" -o "$object"
  fi
done
clang++ -fsanitize=fuzzer,address,undefined "${objects[@]}" -o "$build/fuzzer" -Wl,--start-group \
  "$libraries"/libpupil_{sft,nn,autograd,tensor,kernels,microworld}.a -Wl,--end-group \
  -lopenblas -lfmt -lpcre2-8 -lcrypto -lpthread

for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target"
  echo "== $target, $seconds s"
  PUPIL_FUZZ_TARGET=$target "$build/fuzzer" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-" -dict="tests/fuzz/$target.dict" \
    "$build/corpus/$target" "tests/fuzz/corpus/$target" 2>&1 | grep -E "^(==|SUMMARY|stat|violated|ERROR|#[0-9]+.*DONE)|Test unit" || true
  if compgen -G "$build/findings/$target-*" > /dev/null; then
    echo "$target: finding in $build/findings" >&2
    exit 1
  fi
done
