"""`pupil train-tokenizer` beside Hugging Face's tokenizers: the same merges, vocabulary and encodings.

    python tests/interop/tokenizers_train.py PUPIL [TEXT ...]      exit 1 where they differ

PUPIL is the built program, TEXT files in UTF-8; random texts with many ties are always tried. Needs the
package tokenizers.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

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
    model = json.loads(pathlib.Path(path).read_text())["model"]
    return [m.split(" ") if isinstance(m, str) else m for m in model["merges"]], model["vocab"]


def check(pupil, name, text, size, folder):
    """The first difference; nothing when there is none."""
    source, ours, theirs = folder / "text.txt", folder / "ours", folder / "theirs.json"
    source.write_bytes(text.encode())
    subprocess.run([pupil, "train-tokenizer", "--text", source, "--vocab-size", str(size), "--special-tokens",
                    ",".join(SPECIALS), "--out", ours, "--quiet"], check=True, stdout=subprocess.DEVNULL)
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
    encoded = subprocess.run([pupil, "tokenize", "--tokenizer", ours, "--json"], check=True, capture_output=True,
                             input="".join(json.dumps(line) + "\n" for line in lines), text=True).stdout
    loaded = Tokenizer.from_file(str(ours / "tokenizer.json"))
    for line, ids in zip(lines, encoded.splitlines(), strict=True):
        for other in (reference, loaded):
            if json.loads(ids) != other.encode(line, add_special_tokens=False).ids:
                return f"{line!r} is {ids}, theirs {other.encode(line).ids}"
    return None


def cases(paths):
    for path in paths:
        text = pathlib.Path(path).read_text()
        for size in (300, 1000, 4000):
            yield f"{pathlib.Path(path).name}, {size} entries", text, size
    for seed in range(20):
        draw = random.Random(seed)
        letters = "ab" if seed % 2 else "abcd \n\u00e9\U0001f642"
        text = "".join(draw.choices(letters, k=2000)) + " " + "a" * draw.randint(1, 99)
        yield f"random text {seed}", text, 258 + draw.randint(1, 80)


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text, size in cases(sys.argv[2:]):
            difference = check(sys.argv[1], name, text, size, pathlib.Path(folder))
            failed += difference is not None
            print(f"{'FAIL' if difference else 'ok  '} {name}{': ' + difference if difference else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
