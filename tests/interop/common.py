"""What the interop scripts share: the program, laws that are counted, warnings that are caught."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PUPIL_BINARY", str(ROOT / "build/release/pupil"))

_passed = 0
_failed = 0


def law(holds, sentence, numbers=""):
    """Counts a law and prints it: ok, or FAIL with the numbers."""
    global _passed, _failed
    if holds:
        _passed += 1
    else:
        _failed += 1
    print(f"{'ok  ' if holds else 'FAIL'} {sentence}{'  ' + str(numbers) if numbers else ''}", flush=True)


def finish():
    print(f"{_passed} passed, {_failed} failed, 0 skipped")
    sys.exit(1 if _failed or not _passed else 0)


def pupil(*arguments, text=None):
    """Runs the program; returns its standard output. A failure ends the script with its message."""
    words = [PROGRAM, *map(str, arguments)]
    ran = subprocess.run(words, input=text, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(words)}\nended with status {ran.returncode}:\n{ran.stderr}")
    return ran.stdout


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def scratch():
    """A folder that goes when the script ends."""
    return tempfile.TemporaryDirectory(prefix="pupil_interop_")


class Warnings:
    """Collects what libraries warn of, through `logging` and through `warnings`."""

    def __enter__(self):
        self.texts = []
        texts = self.texts

        class Handler(logging.Handler):
            def emit(self, record):
                texts.append(record.getMessage())

        self._handler = Handler(level=logging.WARNING)
        self._logger = logging.getLogger("transformers")
        self._logger.addHandler(self._handler)
        self._caught = warnings.catch_warnings(record=True)
        self._list = self._caught.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(self, *error):
        self._caught.__exit__(*error)
        self._logger.removeHandler(self._handler)
        self.texts += [f"{w.category.__name__}: {w.message}" for w in self._list]


TEXT = """Once there was a river that ran from the hills to the sea. The people of the hills sent
wood down the river, and the people of the sea sent salt up the road. "Who pays?" asked the miller;
"Whoever eats," said the fisher. In 1912 they built 3 bridges, and in 1913 they counted 47 carts a
day. It's told that nobody's cart fell, though it was windy: the river doesn't mind.
"""


def write_text(folder, times=40):
    path = Path(folder) / "text.txt"
    path.write_text("".join(f"{i}. {TEXT}" for i in range(times)), encoding="utf-8")
    return path


def relative(got, want):
    """The largest |got - want| over the largest |want|."""
    return float((got - want).abs().max() / want.abs().max().clamp_min(1e-30))
