#!/usr/bin/env bash
# Real text end to end: characters of Shakespeare, then a byte model fine-tuned on instructions.
#
#   bench/real_text.sh SHAKESPEARE.txt INSTRUCTIONS.json [OUT] [PYTHON]
#
# SHAKESPEARE.txt is karpathy/char-rnn's tinyshakespeare; INSTRUCTIONS.json holds 1100 records of
# Alpaca's three fields (rasbt/LLMs-from-scratch, ch07, instruction-data.json). With a PYTHON that has
# torch, the step of the first model is timed there, too. About nine minutes on two cores.
#
# The byte model has rotary positions: with learned ones over 512 places it stands at the loss of
# bigrams (2.5) for 500 steps; with rotary ones it is at 2.0 after 200. Fine-tuning counts all tokens:
# a model that has read nothing but Shakespeare learns today's English from the instructions, too.
set -euo pipefail
cd "$(dirname "$0")/.."
text=$1 instructions=$2 out=${3:-work/real_text} python=${4:-}
pupil=${PUPIL:-build/release/pupil}
mkdir -p "$out"

echo "== characters, 2000 steps of 12 x 64, three seeds (nanoGPT: 1.898 on the same windows)"
for seed in 0 1 2; do
  "$pupil" pretrain --text "$text" --tokenizer chars --layers 4 --heads 4 --dim 128 --context 64 \
    --batch-size 12 --steps 2000 --lr 1e-3 --min-lr 1e-4 --warmup 100 --beta2 0.99 --weight-decay 0.1 \
    --dropout 0 --bias off --eval-every 0 --seed "$seed" --out "$out/chars.$seed" --json --quiet
done | tee "$out/chars.log"
sed -n 's/.*"val_loss":\([0-9.]*\).*/\1/p' "$out/chars.log" |
  awk '{s += $1} END {printf "mean validation loss %.4f\n", s / NR}'
sed -n 's/.*"tokens_per_s":\([0-9.]*\).*/\1/p' "$out"/chars.?/metrics.jsonl | sort -n |
  awk '{v[NR] = $1} END {printf "%.1f ms a step (median)\n", 768 / v[int((NR + 1) / 2)] * 1e3}'
if [ -n "$python" ]; then
  for form in "" --compile; do "$python" bench/torch_step.py --config chars --threads 2 $form 2> /dev/null; done
fi

echo "== bytes: 1500 steps of 8 x 512 on the same text, then 3 epochs on 1000 instructions"
# A record a line; 1000 for training, 100 for the test.
tr -d '\n' < "$instructions" | sed 's/}, *{/}\n{/g; s/^ *\[ *//; s/ *\] *$//' > "$out/all.jsonl"
head -n 1000 "$out/all.jsonl" > "$out/train.jsonl"
tail -n +1001 "$out/all.jsonl" > "$out/test.jsonl"
"$pupil" pretrain --text "$text" --tokenizer bytes --layers 4 --heads 4 --dim 128 --context 512 \
  --batch-size 8 --steps 1500 --lr 2e-3 --min-lr 1e-4 --warmup 100 --beta2 0.99 --weight-decay 0.1 \
  --positions rope --eval-every 0 --out "$out/bytes" --json --quiet
"$pupil" sft --model "$out/bytes" --data "$out/train.jsonl" --format alpaca --truncate drop \
  --epochs 3 --mask all --micro-batch-size 4 --lr 1e-3 --warmup 20 --schedule cosine --out "$out/bytes.sft" --json --quiet
for model in bytes bytes.sft; do
  echo "-- $model on the 100 records it never saw"
  "$pupil" eval --model "$out/$model" --suite "$out/test.jsonl" --format alpaca --truncate drop --answers 200 --quiet
done
