"""Twelve steps of TRL's SFTTrainer and of `pupil sft`, from the same start on the same records, in float32.

The records are of ids and labels, so that both see the same tokens: TRL encodes prompt and completion as one string.
46 records make 11 steps of 2 x 2 and a last step of one micro-batch, whose count is its own.
"""

import json
from pathlib import Path

import common
from common import json_lines, law, pupil, relative

import torch
from datasets import Dataset
from safetensors.torch import load_file
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, PrinterCallback, logging
from trl import SFTConfig, SFTTrainer

logging.disable_progress_bar()

STEPS, MICRO_BATCH, ACCUMULATE, WARMUP, RATE, CLIP = 12, 2, 2, 3, 5e-3, 1.0
TOLERANCE = 1e-4
VOCABULARY, CONTEXT = 320, 64


def make_records():
    """Random ids; prompts of 1 to 30 tokens are masked, answers of 1 to 12 are not."""
    generator = torch.Generator().manual_seed(7)

    def draw(low, high):
        return int(torch.randint(low, high + 1, (1,), generator=generator))

    records = []
    for _ in range(46):
        prompt = [draw(0, VOCABULARY - 1) for _ in range(draw(1, 30))]
        answer = [draw(0, VOCABULARY - 1) for _ in range(draw(1, 12))]
        records.append({"ids": prompt + answer, "labels": [-100] * len(prompt) + answer})
    return records


def train_with_trl(start, tokenizer, records, out):
    settings = SFTConfig(
        output_dir=str(out), max_steps=STEPS, per_device_train_batch_size=MICRO_BATCH,
        gradient_accumulation_steps=ACCUMULATE, learning_rate=RATE, lr_scheduler_type="linear", warmup_steps=WARMUP,
        max_grad_norm=CLIP, weight_decay=0.0, optim="adamw_torch", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
        train_sampling_strategy="sequential", logging_steps=1, logging_first_step=True, report_to="none",
        save_strategy="no", use_cpu=True, bf16=False, fp16=False, packing=False,
        max_length=None, disable_tqdm=True, dataloader_num_workers=0)
    dataset = Dataset.from_list([{"input_ids": r["ids"], "labels": r["labels"]} for r in records])
    model = GPT2LMHeadModel.from_pretrained(start, dtype=torch.float32)
    trainer = SFTTrainer(model=model, args=settings, train_dataset=dataset, processing_class=tokenizer)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [line for line in trainer.state.log_history if "grad_norm" in line], trainer.model.eval()


def worst_of(name, ours, theirs):
    """The largest relative difference of a number over all steps."""
    return max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(ours, theirs))


with common.scratch() as scratch:
    base = Path(scratch)
    text = common.write_text(base)
    start, vocabulary = base / "start", base / "tokenizer"
    pupil("train-tokenizer", "--text", text, "--vocab-size", VOCABULARY, "--special-tokens",
          "<|endoftext|>,<|pad|>", "--out", vocabulary, "--quiet")
    tokenizer = AutoTokenizer.from_pretrained(vocabulary)
    tokenizer.pad_token = "<|pad|>"
    torch.manual_seed(5)
    GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=0, eos_token_id=0)).save_pretrained(start)
    records = make_records()
    data = base / "data.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in records))

    out = base / "ours"
    pupil("sft", "--model", start, "--data", data, "--out", out, "--order", "file", "--steps", STEPS,
          "--micro-batch-size", MICRO_BATCH, "--accumulate", ACCUMULATE, "--lr", RATE, "--schedule", "linear",
          "--warmup", WARMUP, "--clip", CLIP, "--weight-decay", 0, "--quiet")
    ours = json_lines((out / "metrics.jsonl").read_text())
    theirs, model = train_with_trl(start, tokenizer, records, base / "theirs")

    law(len(ours) == STEPS and len(theirs) == STEPS, "both take twelve steps", f"{len(ours)}, {len(theirs)}")
    for i, (a, b) in enumerate(zip(ours, theirs)):
        print(f"     step {i + 1:2}: loss {a['loss']:.6f} {b['loss']:.6f}   norm {a['grad_norm']:.6f} {b['grad_norm']:.6f}")
    for name in ("loss", "grad_norm"):
        worst = worst_of(name, ours, theirs)
        law(worst <= TOLERANCE, f"the same {name} at every step", f"{worst:.1e}")
    law(all(abs(a["lr"] - b["learning_rate"]) <= 1e-12 for a, b in zip(ours, theirs)), "the same learning rates")
    moved = abs(ours[-1]["loss"] - ours[0]["loss"])
    law(moved > 1e-3, "training moved the loss", f"{moved:.1e}")

    logits = base / "logits.safetensors"
    pupil("score", "--model", out, "--data", data, "--logits", logits, "--quiet")
    tensors = load_file(logits)
    with torch.no_grad():
        worst = max(relative(tensors[f"logits.{i}"], model(torch.tensor([r["ids"]])).logits[0])
                    for i, r in enumerate(records))
    law(worst <= 10 * TOLERANCE, "both trained models predict the same", f"{worst:.1e}")

common.finish()
