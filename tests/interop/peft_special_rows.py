"""New special tokens under LoRA, tied and untied head: their rows are PEFT's trainable tokens."""

import json
from pathlib import Path

import common
from common import json_lines, law, pupil

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

TOLERANCE = 1e-5


def base(folder, tied):
    """A GPT-2 folder with random weights and a tokenizer that knows no chat template."""
    torch.manual_seed(3)
    pupil("train-tokenizer", "--text", common.write_text(folder), "--vocab-size", 300,
          "--special-tokens", "<|endoftext|>", "--out", folder, "--quiet")
    config = GPT2Config(vocab_size=300, n_positions=64, n_embd=24, n_layer=2, n_head=2, tie_word_embeddings=tied,
                        bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)


def check(scratch, tied):
    what = "tied head" if tied else "untied head"
    folder, out = Path(scratch) / f"base{tied}", Path(scratch) / f"adapter{tied}"
    folder.mkdir()
    base(folder, tied)
    data = Path(scratch) / "data.jsonl"
    talk = [{"role": "user", "content": "Who pays?"}, {"role": "assistant", "content": "Whoever eats."}]
    data.write_text(json.dumps({"messages": talk}) + "\n")
    pupil("sft", "--model", folder, "--data", data, "--template", "chatml", "--lora-rank", 2, "--steps", 20,
          "--lr", 0.02, "--out", out, "--quiet")
    names = [n for n in load_file(out / "adapter_model.safetensors") if "trainable_tokens" in n]
    law(len(names) == (1 if tied else 2), f"{what}: rows of the embedding{'' if tied else ' and of the head'} are kept", names)

    logits = Path(scratch) / "logits.safetensors"
    row = json_lines(pupil("score", "--model", folder, "--adapter", out, "--data", data, "--template", "chatml",
                           "--logits", logits, "--quiet"))[0]
    tokenizer = AutoTokenizer.from_pretrained(out)
    law(tokenizer.apply_chat_template(talk, tokenize=False) == tokenizer.decode(row["ids"]),
        f"{what}: the adapter's folder has the new tokens and the template")
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    model.resize_token_embeddings(302, mean_resizing=False)
    model = PeftModel.from_pretrained(model, out).eval()
    with torch.no_grad():
        theirs = model(torch.tensor([row["ids"]])).logits[0]
    ours = load_file(logits)["logits.0"]
    worst = common.relative(ours, theirs)
    law(worst <= TOLERANCE, f"{what}: PEFT gives the same logits", f"{worst:.1e}")
    rows = [load_file(out / "adapter_model.safetensors")[n] for n in names]
    law(all(not torch.equal(r[0], r[1]) for r in rows), f"{what}: rows that began as one mean were trained apart")


with common.scratch() as scratch:
    for tied in (True, False):
        check(scratch, tied)
common.finish()
