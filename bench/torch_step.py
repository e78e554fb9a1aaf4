"""One training step of a GPT-2-shaped model in PyTorch: the yardstick of `pupil bench step`.

Forward, backward, clip at 1, AdamW; every position supervised; one configuration per process, so that
the peak memory is its own. Prints one JSON line.

    python bench/torch_step.py --config lesson --threads 2 [--compile] [--seconds 12]
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

# layers, heads, dim, vocabulary, batch, length
CONFIGS = {
    "nano": (2, 2, 64, 256, 16, 64),
    "lesson": (4, 4, 128, 512, 32, 128),
    "mini": (6, 6, 384, 2048, 16, 256),
    "gpt2": (12, 12, 768, 50304, 4, 64),
    "chars": (4, 4, 128, 65, 12, 64),  # nanoGPT's small Shakespeare run; without biases
}


class Block(nn.Module):
    def __init__(self, dim, heads, bias):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(dim, bias=bias), nn.LayerNorm(dim, bias=bias)
        self.c_attn, self.attn_proj = nn.Linear(dim, 3 * dim, bias), nn.Linear(dim, dim, bias)
        self.c_fc, self.mlp_proj = nn.Linear(dim, 4 * dim, bias), nn.Linear(4 * dim, dim, bias)

    def forward(self, x):
        batch, length, dim = x.shape
        heads = [
            part.view(batch, length, self.heads, dim // self.heads).transpose(1, 2)
            for part in self.c_attn(self.ln_1(x)).split(dim, dim=2)
        ]
        mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.attn_proj(mixed.transpose(1, 2).reshape(batch, length, dim))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, layers, heads, dim, vocabulary, length, bias):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, dim), nn.Embedding(length, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, bias) for _ in range(layers))
        self.ln_f = nn.LayerNorm(dim, bias=bias)

    def forward(self, ids, targets):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.ln_f(x) @ self.wte.weight.t()
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", choices=CONFIGS, default="lesson")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    layers, heads, dim, vocabulary, batch, length = CONFIGS[options.config]
    model = Gpt(layers, heads, dim, vocabulary, length, bias=options.config != "chars")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, fused=True)
    forward = torch.compile(model) if options.compile else model
    ids = torch.randint(0, vocabulary, (batch, length))
    targets = torch.randint(0, vocabulary, (batch, length))

    def step():
        forward(ids, targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    for _ in range(3):
        step()
    times = []
    end = time.time() + options.seconds
    while time.time() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    median = statistics.median(times)
    print(json.dumps({
        "config": options.config,
        "peer": "torch " + torch.__version__,
        "compile": options.compile,
        "median_ms": round(median * 1e3, 3),
        "tokens_per_s": round(batch * length / median, 1),
        "peak_rss_mib": (peak - loaded) // 1024,
        "steps": len(times),
    }))


if __name__ == "__main__":
    main()
