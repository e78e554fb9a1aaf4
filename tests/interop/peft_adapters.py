"""Adapters both ways between Pupil and PEFT; merged models into transformers, without a warning."""

import json
import warnings
from pathlib import Path

import common
from common import law, pupil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel

warnings.filterwarnings("ignore")  # what the libraries tell their own developers; loading is watched below

VOCABULARY, TOLERANCE = 61, 1e-5
RECORDS = [[3, 14, 15, 9, 2, 6], [5, 35, 8, 9], [7, 9, 3, 2, 38, 46, 26, 4]]

# name, options of LoraConfig
THEIR_ADAPTERS = [
    ("names", dict(r=4, lora_alpha=8, target_modules=["c_attn", "mlp.c_proj"])),
    ("expression", dict(r=4, lora_alpha=8, target_modules=r".*\.1\.(attn|mlp)\.c_(attn|proj|fc)")),
    ("all-linear", dict(r=2, lora_alpha=3, target_modules="all-linear")),
    ("rank-stabilised", dict(r=3, lora_alpha=6, target_modules=["c_fc"], use_rslora=True)),
    ("DoRA", dict(r=2, lora_alpha=4, target_modules=["c_attn", "c_fc"], use_dora=True)),
    (
        "patterns",
        dict(
            r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"],
            rank_pattern={"attn.c_proj": 2, r"h\.1\.mlp\..*": 3},
            alpha_pattern={"^transformer.h.0.attn.c_attn": 32, "c_fc": 5},
        ),
    ),
    ("modules to save", dict(r=2, lora_alpha=4, target_modules=["c_attn"], modules_to_save=["ln_f", "h.1.mlp"])),
    ("token rows", dict(r=2, lora_alpha=4, target_modules=["c_attn"], trainable_token_indices={"wte": [5, 60]})),
    ("gaussian, no fan", dict(r=2, lora_alpha=4, target_modules=["c_attn"], init_lora_weights="gaussian", fan_in_fan_out=False)),
]

# name, options of `pupil sft`
OUR_ADAPTERS = [
    ("names", ["--lora-rank", "4", "--lora-targets", "c_attn,mlp.c_proj"]),
    ("expression", ["--lora-rank", "3", "--lora-target-pattern", r".*\.1\..*c_(attn|fc)"]),
    ("rank-stabilised", ["--lora-rank", "3", "--lora-alpha", "6", "--lora-rs"]),
    ("DoRA", ["--lora-rank", "2", "--lora-dora", "--lora-targets", "c_attn,c_fc"]),
    ("modules to save", ["--lora-rank", "2", "--lora-modules-to-save", "ln_f"]),
]


def logits_of(model):
    with torch.inference_mode():
        return [model(input_ids=torch.tensor([ids])).logits[0] for ids in RECORDS]


def our_logits(folder, base, adapter=None):
    out = folder / "logits.safetensors"
    pupil("score", "--model", base, *(["--adapter", adapter] if adapter else []), "--data", folder / "records.jsonl",
          "--logits", out, "--quiet")
    stored = load_file(out)
    return [stored[f"logits.{i}"].float() for i in range(len(RECORDS))]


def apart(ours, theirs):
    largest = max(t.abs().max().item() for t in theirs)
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs)) / largest


def load_base(folder):
    return GPT2LMHeadModel.from_pretrained(folder).eval()


def theirs_here(folder, base, case, options):
    torch.manual_seed(1)
    options = {"fan_in_fan_out": True, **options}
    adapted = get_peft_model(load_base(base), LoraConfig(task_type="CAUSAL_LM", **options))
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    adapted.eval()
    adapter = folder / f"theirs {case}"
    adapted.save_pretrained(adapter)
    difference = apart(our_logits(folder, base, adapter), logits_of(adapted))
    law(difference <= TOLERANCE, f"an adapter that PEFT writes gives the same logits here: {case}", difference)


def ours_there(folder, base, case, options):
    adapter, merged = folder / f"ours {case}", folder / f"merged {case}"
    pupil("sft", "--model", base, "--data", folder / "records.jsonl", "--mask", "all", "--out", adapter, "--steps", 3,
          "--lr", 0.05, "--quiet", *options)
    theirs = logits_of(PeftModel.from_pretrained(load_base(base), adapter).eval())
    moved = apart(logits_of(load_base(base)), theirs)
    law(moved > 100 * TOLERANCE, f"the adapter does something: {case}", moved)
    difference = apart(our_logits(folder, base, adapter), theirs)
    law(difference <= TOLERANCE, f"an adapter that Pupil writes gives PEFT the same logits: {case}", difference)
    pupil("merge", "--model", base, "--adapter", adapter, "--out", merged, "--quiet")
    with common.Warnings() as warned:
        whole = load_base(merged)
    law(not warned.texts, f"transformers loads the merged model without a warning: {case}", warned.texts or "")
    difference = apart(logits_of(whole), theirs)
    law(difference <= TOLERANCE, f"the merged model gives transformers the same logits: {case}", difference)


def main(folder):
    base = folder / "base"
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCABULARY, n_positions=16, n_embd=32, n_layer=2, n_head=4, bos_token_id=None,
                   eos_token_id=None))
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(base)
    (folder / "records.jsonl").write_text("".join(json.dumps({"ids": ids}) + "\n" for ids in RECORDS))
    for case, options in THEIR_ADAPTERS:
        theirs_here(folder, base, case, options)
    for case, options in OUR_ADAPTERS:
        ours_there(folder, base, case, options)


with common.scratch() as scratch:
    main(Path(scratch))
common.finish()
