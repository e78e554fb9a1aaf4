#!/usr/bin/env bash
# kill -9 at random moments of one training run, resumed each time: are the final weights, bit for
# bit, those of the run that nobody disturbed?
#
#   bench/kill_resume.sh [--binary PATH] [--command pretrain|sft|lora|packed] [--kills 20]
#                        [--inside 3] [--seed 1] [--steps 400] [--keep]
#
# --command  packed is lora with packed rows and a replayed second data set; all three of sft, lora
#            and packed shuffle and accumulate
# --kills    how many times the run is killed, at steps drawn from --seed
# --inside   how many of these fall inside a save: the moment is when a temporary file appears, and
#            it counts only if the file is still there, unfinished, after the kill
# --keep     leave the folder with both runs, and say where it is
#
# Needs the binary, bash and cmp. Prints a table; exit status 0 when weights, state and metrics
# (timing apart) are equal and the kills were as asked for, 1 otherwise.
set -u

binary="$(dirname "$0")/../build/release/pupil" command=pretrain
kills=20 inside=3 seed=1 steps=400 keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --binary) binary=$2; shift ;;
    --command) command=$2; shift ;;
    --kills) kills=$2; shift ;;
    --inside) inside=$2; shift ;;
    --seed) seed=$2; shift ;;
    --steps) steps=$2; shift ;;
    --keep) keep=yes ;;
    -h | --help) sed -n '2,/^set/s/^#* \{0,1\}//p' "$0" | head -n -1; exit 0 ;;
    *) echo "kill_resume.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
if [ ! -x "$binary" ]; then
  echo "kill_resume.sh: $binary is no program; build first, or give --binary PATH" >&2
  exit 3
fi
save_every=20
dir=$(mktemp -d)
trap '[ $keep = yes ] && echo "both runs are in $dir" || rm -rf "$dir"' EXIT
RANDOM=$seed
random() { REPLY=$((((RANDOM << 15) | RANDOM) % $1)); }  # 0 .. $1 - 1; a subshell would reseed
milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# ---- the run: dropout, warm-up and cosine, evaluations, several micro-batches --------------------

sentence() { echo "The $1 of room $2 counts $3 stars and writes them into book $(($2 * $3)). "; }
for n in $(seq 1 300); do
  sentence "$([ $((n % 3)) = 0 ] && echo keeper || echo guest)" "$n" $((n * 7 % 31))
done > "$dir/text.txt"
for n in $(seq 1 90); do
  echo "{\"prompt\": \"What is $n plus $((n % 9))?\", \"completion\": \" It is $((n + n % 9)).\"}"
done > "$dir/data.jsonl"

model=(--layers 2 --heads 2 --dim 64 --context 64 --dropout 0.1)
case $command in
  pretrain)
    run=(pretrain --text "$dir/text.txt" "${model[@]}" --batch-size 8 --warmup 20) ;;
  sft | lora | packed)
    "$binary" pretrain --text "$dir/text.txt" --out "$dir/base" "${model[@]}" --steps 20 --quiet \
      > "$dir/base.log" 2>&1 || { cat "$dir/base.log" >&2; exit 1; }
    run=(sft --model "$dir/base" --data "$dir/data.jsonl" --micro-batch-size 4 --accumulate 3
         --warmup 20 --lr 1e-3 --eval-data "$dir/data.jsonl")
    [ "$command" != sft ] && run+=(--lora-rank 4 --lora-dropout 0.1)
    if [ "$command" = packed ]; then
      for n in $(seq 1 25); do
        echo "{\"text\": \"$(sentence guest "$n" $((n % 7)))\"}"
      done > "$dir/replay.jsonl"
      run+=(--pack isolated --replay "$dir/replay.jsonl" --replay-share 0.2 --truncate end)
    fi ;;
  *)
    echo "kill_resume.sh: --command is $command; choose pretrain, sft, lora or packed" >&2
    exit 2 ;;
esac
run+=(--steps "$steps" --save-every $save_every --eval-every 50 --seed "$seed" --plain)

began=$(milliseconds)
"$binary" "${run[@]}" --out "$dir/whole" > "$dir/whole.log" 2>&1 ||
  { cat "$dir/whole.log" >&2; exit 1; }
echo "$command, $steps steps, a save every $save_every: undisturbed in $(($(milliseconds) - began)) ms"

# ---- the same run, killed ------------------------------------------------------------------------

out=$dir/killed
last_step() { sed -n '$s/^{"step":\([0-9]*\),.*/\1/p' "$out/metrics.jsonl" 2> /dev/null; }
# Not that of metrics.jsonl, which is written anew when a run starts.
has_temporary() { compgen -G "$out/*.safetensors.tmp.*" > /dev/null; }
resumed_at() { sed -n 's/^resumed at step //p; s/.*starting from the beginning/beginning/p' "$log"; }

# Steps at which to kill, rising; which of them wait for a save is drawn, too.
drawn=()
for _ in $(seq "$kills"); do random $((steps - 2)); drawn+=($((1 + REPLY))); done
mapfile -t moments < <(printf '%s\n' "${drawn[@]}" | sort -n)
declare -A wants_save=()
while [ ${#wants_save[@]} -lt "$inside" ]; do
  random $((kills * 3 / 4))
  wants_save[$((kills / 4 + REPLY))]=1
done

printf '%5s %12s %14s %13s %14s\n' kill 'moment, ms' 'step at kill' 'resumed at' 'inside a save'
process='' killed=0 in_save=0 after_save=0 failures=0
fail() { echo "FAIL: $1"; failures=$((failures + 1)); }
start() {
  began=$(milliseconds) log=$dir/log.$killed
  : > "$log"
  "$binary" "${run[@]}" --out "$out" --resume > "$log" 2>&1 &
  process=$!
}
alive() { kill -0 "$process" 2> /dev/null; }
start
for i in $(seq 0 $((kills - 1))); do
  # A kill throws the run back behind the last save, so a moment may wait a little for its step.
  while alive; do
    at=$(last_step)
    [ "${at:-0}" -ge "${moments[i]}" ] && break
  done
  if [ -n "${wants_save[$i]:-}" ]; then
    while alive && ! has_temporary; do :; done
  else
    random 30
    sleep "0.0$(printf '%02d' "$REPLY")"
  fi
  kill -9 "$process" 2> /dev/null || { fail "the run ended before kill $((i + 1))"; break; }
  moment=$(($(milliseconds) - began))
  wait "$process" 2> /dev/null
  at=$(last_step) unfinished=no
  has_temporary && unfinished=yes && in_save=$((in_save + 1))
  [ -f "$out/state.safetensors" ] && after_save=$((after_save + 1))
  killed=$((killed + 1))
  start
  while alive && [ -z "$(resumed_at)" ]; do :; done
  from=$(resumed_at)
  printf '%5d %12d %14s %13s %14s\n' $killed $moment "${at:-0}" "${from:-?}" $unfinished
  # The next kill's step must be ahead of what the last save holds.
  if [ $((i + 1)) -lt "$kills" ] && [ "$from" != beginning ] &&
    [ "${moments[i + 1]}" -le "${from:-0}" ]; then
    moments[i + 1]=$((from + 1))
  fi
done
wait "$process" || { cat "$log" >&2; fail "the last start failed"; }

# ---- verdict -------------------------------------------------------------------------------------

same() { cmp -s "$dir/whole/$1" "$out/$1" || fail "$1 differs from the undisturbed run's"; }
for file in "$dir"/whole/*.safetensors; do same "$(basename "$file")"; done
timeless() { sed 's/"tokens_per_s":[^,]*,//' "$1/metrics.jsonl"; }
[ "$(timeless "$dir/whole")" = "$(timeless "$out")" ] || fail "metrics.jsonl differs (timing apart)"
compgen -G "$out/*.tmp.*" > /dev/null && fail "a temporary file was left"
[ $killed -eq "$kills" ] || fail "$killed kills of $kills"
[ $in_save -ge "$inside" ] || fail "$in_save kills inside a save, $inside are asked for"
echo "$killed kills, $after_save of them after the first save, $in_save inside a save"
if [ $failures -gt 0 ]; then exit 1; fi
echo "PASS: weights, state and metrics are those of the undisturbed run"
