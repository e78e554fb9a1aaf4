"""LoRA steps (PEFT), cached generation and model loading (transformers) of a GPT-2-shaped random model on the CPU.

The yardstick of `pupil bench lora` and `pupil bench generate`; one measurement per process, so that the peak memory is its
own. Prints one JSON line.

    python bench/peft_step.py lora --config gpt2 --targets c_attn,c_proj,c_fc --threads 2 [--seconds 12]
    python bench/peft_step.py generate --config gpt2 --threads 2
    python bench/peft_step.py write --config gpt2 --folder DIR        writes a random model there
    python bench/peft_step.py open --folder DIR                       loads it
"""
import argparse
import json
import resource
import statistics
import time
import warnings

import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel

# layers, heads, dim, vocabulary, batch, length
CONFIGS = {
    "nano": (2, 2, 64, 256, 16, 64),
    "lesson": (4, 4, 128, 512, 32, 128),
    "mini": (6, 6, 384, 2048, 16, 256),
    "gpt2": (12, 12, 768, 50304, 4, 64),
}


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def model(config):
    layers, heads, dim, vocabulary, _, length = CONFIGS[config]
    torch.manual_seed(0)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary, n_positions=max(length, 1024), n_embd=dim, n_layer=layers, n_head=heads,
            resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
        )
    )


def median_ms(step, seconds):
    for _ in range(3):
        step()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def lora(arguments):
    _, _, _, vocabulary, batch, length = CONFIGS[arguments.config]
    adapted = get_peft_model(
        model(arguments.config),
        LoraConfig(r=8, lora_alpha=16, target_modules=arguments.targets.split(","), fan_in_fan_out=True),
    )
    adapted.train()
    trained = [p for p in adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.01)
    ids = torch.randint(0, vocabulary, (batch, length))

    def step():
        adapted(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return median_ms(step, arguments.seconds)


def generate(arguments):
    base = model(arguments.config).eval()
    prompt = torch.arange(1, 17)[None]
    new = 100
    with torch.inference_mode():
        run = lambda: base.generate(prompt, max_new_tokens=new, min_new_tokens=new, do_sample=False, pad_token_id=0)
        return median_ms(run, arguments.seconds) / new


def write(arguments):
    start = time.perf_counter()
    model(arguments.config).save_pretrained(arguments.folder)
    return (time.perf_counter() - start) * 1e3


def open_folder(arguments):
    start = time.perf_counter()
    base = GPT2LMHeadModel.from_pretrained(arguments.folder).eval()
    with torch.inference_mode():
        base(torch.ones(1, 1, dtype=torch.long))
    return (time.perf_counter() - start) * 1e3


parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["lora", "generate", "write", "open"])
parser.add_argument("--config", default="gpt2", choices=CONFIGS)
parser.add_argument("--targets", default="c_attn,c_proj,c_fc")
parser.add_argument("--folder", default="")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=12)
arguments = parser.parse_args()
warnings.filterwarnings("ignore")
torch.set_num_threads(arguments.threads)
at_start = resident_mib()
measured = {"lora": lora, "generate": generate, "write": write, "open": open_folder}[arguments.what](arguments)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - at_start
print(json.dumps({"config": arguments.config, "median_ms": round(measured, 3), "peak_rss_mib": round(peak)}))
