#!/bin/bash
# The launcher (./pupil) on a tiny tree of its own, in a folder with a space in its name: arguments,
# input and status reach the program; it builds when sources changed and only then; what it does
# about missing packages, with an apt-get that only writes down what it was asked.
set -uo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/a tree"
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
    echo "  command: $*"
    echo "  status $status; stdout: $(cat "$scratch/out"); stderr: $(cat "$scratch/err")"
  fi
}

# run COMMAND...: keeps status, out and err. Standard input is whatever the caller gives.
run() {
  status=0
  "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
}
status_is() { [[ $status == "$1" ]]; }
out_is() { [[ $(cat "$scratch/out") == "$1" ]]; }
out_ends() { [[ $(tail -n 1 "$scratch/out") == "$1" ]]; }
err_has() { grep -qF -- "$1" "$scratch/err"; }
err_lacks() { ! err_has "$1"; }
file_has() { grep -qF -- "$2" "$1"; }

mkdir -p "$tree/cmake" "$tree/tests"
cp "$source_dir/pupil" "$source_dir/CMakePresets.json" "$tree"
cp "$source_dir/cmake/packages.txt" "$tree/cmake"
cp "$source_dir/tests/run_tests.sh" "$tree/tests"
cat >"$tree/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(tiny LANGUAGES CXX)
add_executable(pupil main.cc)
END
# Prints its name and its arguments, then its input; its status is the number of its arguments.
cat >"$tree/main.cc" <<'END'
#include <cstdio>
int main(int count, char** words) {
  for (int i = 0; i < count; ++i) std::printf("<%s>", words[i]);
  for (int c; (c = std::getchar()) != EOF;) std::putchar(c);
  return count - 1;
}
END
printf '#!/bin/bash\necho all is well\n' >"$tree/tests/tiny_test.sh"
cd "$tree" || exit 1

# ---- arguments, input, status ---------------------------------------------------------------------

run ./pupil --help </dev/null
law "the first call builds, also for --help, which the program answers" out_is "<./pupil><--help>"
law "the status is the program's" status_is 1
law "progress goes to stderr" err_has "pupil: building release"
law "the full log lies in the build folder" test -s build/release/build.log

run ./pupil say "two words" '' --yes '*' <<<"from stdin"
law "arguments arrive as they were, without --yes" out_is "<./pupil><say><two words><><*>from stdin"
law "an up-to-date build says nothing" test ! -s "$scratch/err"
law "the last build's log stays" file_has build/release/build.log "main.cc"

ln -s "$tree/pupil" "$scratch/link"
cd / && run "$scratch/link" from "$PWD" </dev/null
law "it works through a link and from another folder" out_is "<$scratch/link><from></>"
cd "$tree" || exit 1

# ---- building -------------------------------------------------------------------------------------

sed -i 's/"<%s>"/"[%s]"/' main.cc
./pupil first </dev/null >"$scratch/first" 2>/dev/null &
run ./pupil second </dev/null
wait
law "a changed source is rebuilt" out_is "[./pupil][second]"
law "two calls at once both get the new program" file_has "$scratch/first" "[./pupil][first]"

echo 'this does not compile;' >>main.cc
run ./pupil demo </dev/null
law "a failing build has status 4" status_is 4
law "it shows the compiler's message" err_has "error:"
law "it names the full log" err_has "$tree/build/release/build.log"
law "and runs no older program" test ! -s "$scratch/out"
sed -i '$d' main.cc

run ./pupil build --preset debug
law "build --preset builds that preset" test -x build/debug/pupil
law "build runs nothing" test ! -s "$scratch/out"
run ./pupil build --preset fast
law "an unknown preset is wrong usage" status_is 2
law "and the known ones are named" err_has "release debug asan"
run ./pupil build --full
law "an option of another command is wrong usage" status_is 2

cp -a "$tree" "$scratch/moved"
rm "$tree/main.cc"
cd "$scratch/moved" && run ./pupil moved </dev/null
law "a copied tree builds itself, not the tree it came from" out_is "[./pupil][moved]"
cd "$scratch/moved" || exit 1

# ---- tests ----------------------------------------------------------------------------------------

run ./pupil test
law "test ends with the count" out_ends "1 passed, 0 failed, 0 skipped"
law "and passes" status_is 0
run ./pupil test --filter nothing_like_this
law "a filter that no test matches is a failure" status_is 1
law "which is told before anything is built" err_has 'no file in tests/ matches "nothing_like_this"'

# ---- packages -------------------------------------------------------------------------------------

# A machine where libnone-dev is missing: `id` says who calls, apt-get writes down its arguments,
# fails before `update`, and installs the header after it; sudo runs what it is told.
fakes="$scratch/fakes"
mkdir -p "$fakes"
printf '#!/bin/bash\necho "${FAKE_ID:-0}"\n' >"$fakes/id"
printf '#!/bin/bash\nif [[ $1 != -v ]]; then exec "$@"; fi\n' >"$fakes/sudo"
cat >"$fakes/apt-get" <<'END'
#!/bin/bash
echo "$DEBIAN_FRONTEND $*" >>"$FAKE_LOG"
case "$*" in
  *" update") touch "$FAKE_LOG.lists" ;;
  *) [[ -e $FAKE_LOG.lists ]] && mkdir -p "$CMAKE_PREFIX_PATH/include" && touch "$CMAKE_PREFIX_PATH/include/none.h" ;;
esac
END
chmod +x "$fakes"/*
echo "libnone-dev header none.h" >>cmake/packages.txt
export FAKE_LOG="$scratch/apt.log" CMAKE_PREFIX_PATH="$scratch/prefix"

run env FAKE_ID=1000 PATH="$fakes:$PATH" ./pupil demo </dev/null
law "without a terminal and without --yes nothing is installed" status_is 3
law "the command is printed" err_has "sudo apt-get update && sudo apt-get install libnone-dev"
law "and apt-get was not called" test ! -e "$FAKE_LOG"

run env FAKE_ID=1000 PATH="$fakes:$PATH" ./pupil --yes demo </dev/null
law "--yes installs through sudo, then the program runs" out_is "[./pupil][demo]"
law "the lists are fetched when they are needed" file_has "$FAKE_LOG" "update"
law "nothing asks back" file_has "$FAKE_LOG" "noninteractive"
law "only what is missing is installed" file_has "$FAKE_LOG" "--no-install-recommends libnone-dev"

rm -rf "$FAKE_LOG" "$CMAKE_PREFIX_PATH"
run env FAKE_ID=0 PATH="$fakes:$PATH" ./pupil demo </dev/null
law "root installs at once" out_is "[./pupil][demo]"
law "and says so" err_has "installing libnone-dev"

rm -rf "$CMAKE_PREFIX_PATH"
printf '#!/bin/bash\necho "E: no network"; exit 100\n' >"$fakes/apt-get"
run env FAKE_ID=0 PATH="$fakes:$PATH" ./pupil demo </dev/null
law "a failed installation has status 3" status_is 3
law "and shows what apt-get said" err_has "E: no network"

# A machine without apt-get: only the tools that the launcher itself needs.
mkdir "$scratch/elsewhere"
for tool in bash dirname readlink mkdir cmake ninja g++; do
  ln -s "$(command -v "$tool")" "$scratch/elsewhere/$tool"
done
run env PATH="$scratch/elsewhere" ./pupil --yes demo </dev/null
law "not Debian: status 3" status_is 3
law "what could not be found is named, and the package on Debian" err_has "not found: none.h. Please install what provides them (on Debian: libnone-dev)"
law "what is there is not named" err_lacks "CLI11"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
