"""Folders that Pupil writes, read by transformers; folders that transformers writes, read by Pupil."""

from pathlib import Path

import common
from common import json_lines, law, pupil, relative

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel, logging

logging.disable_progress_bar()

TOLERANCE = 1e-5


def records(folder, tokenizer):
    """Records of ids, also through a long one and one of a single token."""
    path = Path(folder) / "records.jsonl"
    texts = ["The river", "Who pays? asked the miller in 1912", common.TEXT[:150], "a"]
    ids = json_lines(pupil("tokenize", "--tokenizer", tokenizer, "--json",
                           text="".join('"%s"\n' % t.replace('"', '\\"').replace("\n", "\\n") for t in texts)))
    path.write_text("".join('{"ids": %s}\n' % i for i in ids))
    return path, ids


def pupils_logits(folder, data):
    out = Path(folder).parent / "logits.safetensors"
    pupil("score", "--model", folder, "--data", data, "--logits", out, "--quiet")
    tensors = load_file(out)
    return [tensors[f"logits.{i}"] for i in range(len(tensors))]


def transformers_logits(model, ids):
    with torch.no_grad():
        return [model(torch.tensor([i])).logits[0].float() for i in ids]


def compare(what, folder, data, ids):
    """Loads a folder in transformers; every kind of trouble is a law of its own."""
    with common.Warnings() as warned:
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    law(not warned.texts, f"{what}: loads without a warning", warned.texts or "")
    trouble = {k: v for k, v in info.items() if v}
    law(not trouble, f"{what}: no tensor is missing, superfluous or of another shape", trouble or "")
    pairs = zip(pupils_logits(folder, data), transformers_logits(model, ids))
    worst = max(relative(ours, theirs) for ours, theirs in pairs)
    law(worst <= TOLERANCE, f"{what}: equal logits", f"{worst:.1e}")
    text = common.TEXT + " \n\n  two  spaces, café, 日本 🙂"
    ours = json_lines(pupil("tokenize", "--tokenizer", folder, "--json", text=_quoted(text)))[0]
    law(tokenizer(text)["input_ids"] == ours, f"{what}: equal token ids")
    law(tokenizer.decode(ours) == text, f"{what}: transformers decodes them to the text")
    law(tokenizer.eos_token == "<|endoftext|>", f"{what}: the end of text is known", tokenizer.eos_token)
    return model


def _quoted(text):
    import json
    return json.dumps(text) + "\n"


with common.scratch() as scratch:
    base = Path(scratch)
    text = common.write_text(base)
    vocabulary = base / "tokenizer"
    pupil("train-tokenizer", "--text", text, "--vocab-size", 320, "--special-tokens", "<|endoftext|>",
          "--out", vocabulary, "--quiet")
    data, ids = records(base, vocabulary)
    for bias in ("on", "off"):
        folder = base / f"bias_{bias}"
        pupil("pretrain", "--text", text, "--tokenizer", vocabulary, "--out", folder, "--layers", 2, "--heads", 2,
              "--dim", 32, "--context", 96, "--batch-size", 4, "--steps", 20, "--lr", 0.01, "--bias", bias, "--quiet")
        compare(f"pretrain --bias {bias}", folder, data, ids)
    for dtype in ("f32", "f64", "f16", "bf16"):
        folder = base / f"sft_{dtype}"
        pupil("sft", "--model", base / "bias_on", "--data", data, "--out", folder, "--steps", 3, "--save-dtype",
              dtype, "--quiet")
        compare(f"sft --save-dtype {dtype}", folder, data, ids)
    # A chat template brings special tokens: the vocabulary grows, and the tokenizer with it.
    talk = base / "talk.jsonl"
    talk.write_text('{"messages": [{"role": "user", "content": "Who pays?"}, '
                    '{"role": "assistant", "content": "Whoever eats."}]}\n')
    folder = base / "chat"
    pupil("sft", "--model", base / "bias_on", "--data", talk, "--out", folder, "--steps", 3, "--quiet")
    model = compare("sft with chatml's tokens", folder, data, ids)
    law(model.config.vocab_size == 322, "sft with chatml's tokens: two rows more", model.config.vocab_size)

    # The way back.
    torch.manual_seed(1)
    theirs = GPT2LMHeadModel(GPT2Config(vocab_size=320, n_positions=96, n_embd=32, n_layer=2, n_head=2,
                                        bos_token_id=0, eos_token_id=0)).eval()
    folder = base / "theirs"
    theirs.save_pretrained(folder)
    AutoTokenizer.from_pretrained(vocabulary).save_pretrained(folder)
    pairs = zip(pupils_logits(folder, data), transformers_logits(theirs, ids))
    worst = max(relative(ours, want) for ours, want in pairs)
    law(worst <= TOLERANCE, "a folder of transformers: equal logits", f"{worst:.1e}")
    quoted = _quoted(common.TEXT)
    law(pupil("tokenize", "--tokenizer", folder, "--json", text=quoted)
        == pupil("tokenize", "--tokenizer", vocabulary, "--json", text=quoted),
        "a folder of transformers: equal token ids")

common.finish()
