"""The reference curve: gpt-12m on the characters of a text, in PyTorch.

    python bench/torch/curve.py TEXT                                # 1000 steps, the defaults
    python bench/torch/curve.py TEXT --lr 1e-3,2e-3 --wd 0.1,0.3    # every combination, then a table

The vocabulary is the text's own characters, the last tenth is held out, and the validation loss is
the mean over the whole held-out part in windows of one context, dropout off. It tells which
hyper-parameters reach which loss, so that Strata's curve can be laid beside one that is known.
"""

import argparse
import itertools
import json
import math
import sys
import time
from pathlib import Path

import torch

from model import GPT, Config, parameter_groups


def load(path, device):
    """The text as character ids, on the device: training part, held-out part, vocabulary size."""
    text = Path(path).read_text(encoding="utf-8")
    symbols = sorted(set(text))
    table = {c: i for i, c in enumerate(symbols)}
    ids = torch.tensor([table[c] for c in text], device=device)
    cut = len(ids) * 9 // 10
    return ids[:cut], ids[cut:], len(symbols)


def learning_rate(step, o):
    """Linear warm-up to `lr`, then a cosine down to `lr * min_lr`; `step` counts from 0."""
    if step < o.warmup:
        return o.lr * (step + 1) / o.warmup
    done = (step - o.warmup) / max(1, o.steps - o.warmup)
    return o.lr * (o.min_lr + (1 - o.min_lr) * 0.5 * (1 + math.cos(math.pi * done)))


def autocast(o):
    return torch.autocast(o.device, torch.bfloat16, enabled=o.precision == "bf16")


@torch.no_grad()
def evaluate(model, held_out, o):
    """Mean loss over all whole windows of the held-out text, in nats a character."""
    model.eval()
    windows = (len(held_out) - 1) // o.context
    ids = held_out[: windows * o.context].view(windows, o.context)
    targets = held_out[1 : windows * o.context + 1].view(windows, o.context)
    total = 0.0
    for at in range(0, windows, o.batch):
        with autocast(o):
            loss = model(ids[at : at + o.batch], targets[at : at + o.batch])
        total += float(loss) * len(ids[at : at + o.batch])
    model.train()
    return total / windows


def train(train_ids, held_out, vocab, o, log):
    """One run; returns its validation losses by step and its speed."""
    torch.manual_seed(o.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = o.precision == "tf32"
    model = GPT(Config(vocab=vocab, context=o.context, dropout=o.dropout)).to(o.device)
    loss_of = torch.compile(model) if o.compile else model
    optimizer = torch.optim.AdamW(
        parameter_groups(model, o.wd), lr=o.lr, betas=(0.9, o.beta2), eps=1e-8, fused=o.device == "cuda"
    )
    generator = torch.Generator().manual_seed(o.seed)
    window = torch.arange(o.context + 1, device=o.device)
    validation, started, paused, recent = {}, time.perf_counter(), 0.0, []
    for step in range(o.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, o)
        starts = torch.randint(len(train_ids) - o.context, (o.batch, 1), generator=generator)
        rows = train_ids[starts.to(o.device) + window]
        with autocast(o):
            loss = loss_of(rows[:, :-1], rows[:, 1:].contiguous())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), o.clip)
        optimizer.step()
        recent.append(loss.detach())
        if (step + 1) % o.eval_every == 0 or step + 1 == o.steps:
            mean = float(torch.stack(recent).mean())
            now = time.perf_counter()
            value = evaluate(model, held_out, o)
            validation[step + 1] = value
            paused += time.perf_counter() - now
            recent.clear()
            log(f"step {step + 1:5}  train {mean:.4f}  validation {value:.4f}")
            if not math.isfinite(value):
                break
    seconds = time.perf_counter() - started - paused
    return {
        "validation": validation, "last": value, "best": min(validation.values()),
        "seconds": round(seconds, 1), "tokens_per_s": round(o.batch * o.context * (step + 1) / seconds),
    }


SWEPT = {"lr": 1e-3, "min_lr": 0.1, "wd": 0.1, "beta2": 0.95, "dropout": 0.2, "seed": 0}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="a UTF-8 text file")
    for name, default in SWEPT.items():
        parser.add_argument(f"--{name.replace('_', '-')}", default=str(default), metavar="X[,Y...]",
                            help=f"default {default}" + (", as a share of --lr" if name == "min_lr" else ""))
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="tf32")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="faster from about a thousand steps on")
    parser.add_argument("--eval-every", type=int, default=250)
    parser.add_argument("--json", type=Path, help="file to write every run to")
    a = parser.parse_args()

    train_ids, held_out, vocab = load(a.text, a.device)
    if len(held_out) <= a.context:
        parser.error(f"{a.text}: the held-out tenth has {len(held_out)} characters, a window needs {a.context + 1}")
    print(f"{len(train_ids):,} characters to train on, {len(held_out):,} held out, vocabulary {vocab}, "
          f"{a.device} {a.precision}, torch {torch.__version__}", flush=True)
    choices = [[(int if n == "seed" else float)(x) for x in getattr(a, n).split(",")] for n in SWEPT]
    options = {k: v for k, v in vars(a).items() if k != "json"} | {"text": Path(a.text).name}
    runs = []
    for values in itertools.product(*choices):
        chosen = dict(zip(SWEPT, values))
        o = argparse.Namespace(**{**vars(a), **chosen})
        if len(runs) == 0 or any(len(c) > 1 for c in choices):
            print("  ".join(f"{k} {v}" for k, v in chosen.items()), flush=True)
        runs.append(chosen | train(train_ids, held_out, vocab, o, lambda line: print("  " + line, flush=True)))
        if a.json:
            a.json.write_text(json.dumps({"torch": torch.__version__, "options": options, "runs": runs}, indent=1) + "\n")
    print("\nvalidation loss at the end, best first:")
    for run in sorted(runs, key=lambda r: r["last"]):
        print(f"{run['last']:.4f}  " + "  ".join(f"{k} {run[k]}" for k in SWEPT)
              + f"  ({run['seconds']} s, {run['tokens_per_s']:,} tokens/s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
