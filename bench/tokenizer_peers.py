"""Byte-pair encoding by tiktoken and by Hugging Face's tokenizers, the yardsticks of bench/tokenizer_bench.cc.

    python bench/tokenizer_peers.py texts TEXT DIR        writes DIR/plain.txt and DIR/unseen.txt, 10 MB each
    python bench/tokenizer_peers.py tiktoken|tokenizers FOLDER FILE    encodes it once; prints MB/s and a checksum

FOLDER holds GPT-2's vocab.json, merges.txt and tokenizer.json. unseen.txt is plain.txt with every second word
replaced by random letters. tiktoken downloads its vocabulary; here it is built from FOLDER instead.
"""
import json
import random
import string
import sys
import time
import zlib
from pathlib import Path

SIZE = 10_000_000


def texts(source, folder):
    once = Path(source).read_text() + "\n"
    plain = once * (SIZE // len(once.encode()) + 1)
    words, draw = plain.split(" "), random.Random(1)
    for i in range(1, len(words), 2):
        words[i] = "".join(draw.choices(string.ascii_lowercase, k=draw.randint(3, 10)))
    Path(folder, "plain.txt").write_text(plain)
    Path(folder, "unseen.txt").write_text(" ".join(words))


def tiktoken_encoder(folder):
    import tiktoken
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks

    ranks = data_gym_to_mergeable_bpe_ranks(f"{folder}/merges.txt", f"{folder}/vocab.json")
    pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
    encoding = tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks,
                                 special_tokens={"<|endoftext|>": len(ranks)})
    return encoding.encode_ordinary


def tokenizers_encoder(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def main():
    if sys.argv[1] == "texts":
        return texts(*sys.argv[2:])
    encode = {"tiktoken": tiktoken_encoder, "tokenizers": tokenizers_encoder}[sys.argv[1]](sys.argv[2])
    text = Path(sys.argv[3]).read_text()
    encode(text[:1000])
    start = time.perf_counter()
    ids = encode(text)
    seconds = time.perf_counter() - start
    checksum = zlib.crc32(json.dumps(ids, separators=(",", ":")).encode())
    print(f"{len(text.encode()) / seconds / 1e6:.2f} {len(ids)} {checksum}")


if __name__ == "__main__":
    main()
