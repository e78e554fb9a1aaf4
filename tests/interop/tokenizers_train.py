"""`pupil train-tokenizer` beside Hugging Face's tokenizers: the same merges, vocabulary and encodings, on texts named
on the command line and on random ones with many ties.
"""

import json
import random
import sys
from pathlib import Path

import common
from common import json_lines, law, pupil

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ["<|endoftext|>", "<|pad|>"]


def train(text, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIALS, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def merges_of(path):
    model = json.loads(Path(path).read_text())["model"]
    return [m.split(" ") if isinstance(m, str) else m for m in model["merges"]], model["vocab"]


def difference(text, size, folder):
    """The first; nothing when there is none."""
    source, ours, theirs = folder / "text.txt", folder / "ours", folder / "theirs.json"
    source.write_bytes(text.encode())
    pupil("train-tokenizer", "--text", source, "--vocab-size", size, "--special-tokens", ",".join(SPECIALS),
          "--out", ours, "--quiet")
    reference = train(text, size)
    reference.save(str(theirs))
    (a, vocabulary), (b, expected) = merges_of(ours / "tokenizer.json"), merges_of(theirs)
    for rank, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return f"merge {rank} is {x}, theirs {y}"
    if len(a) != len(b):
        return f"{len(a)} merges, theirs {len(b)}"
    if vocabulary != expected:
        return "the vocabularies differ"
    lines = [line for line in text.split("\n")[:200] if line] + ["Gr\u00fc\u00dfe \U0001f642\t  x", "  it's 12 o'clock!!"]
    encoded = json_lines(pupil("tokenize", "--tokenizer", ours, "--json", text="".join(json.dumps(x) + "\n" for x in lines)))
    loaded = Tokenizer.from_file(str(ours / "tokenizer.json"))
    for line, ids in zip(lines, encoded, strict=True):
        for other in (reference, loaded):
            if ids != other.encode(line, add_special_tokens=False).ids:
                return f"{line!r} is {ids}, theirs {other.encode(line).ids}"
    return None


def cases(paths):
    texts = {Path(path).name: Path(path).read_text() for path in paths} | {"a short story": common.TEXT * 3}
    for name, text in texts.items():
        for size in (300, 1000, 4000):
            yield f"{name}, {size} entries", text, size
    for seed in range(20):
        draw = random.Random(seed)
        letters = "ab" if seed % 2 else "abcd \n\u00e9\U0001f642"
        text = "".join(draw.choices(letters, k=2000)) + " " + "a" * draw.randint(1, 99)
        yield f"random text {seed}", text, 258 + draw.randint(1, 80)


with common.scratch() as scratch:
    for what, text, size in cases(sys.argv[1:]):
        found = difference(text, size, Path(scratch))
        law(found is None, f"{what}: equal merges, vocabulary and encodings", found or "")
common.finish()
