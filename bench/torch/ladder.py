"""PyTorch beside Strata's ladders: the same ops at the same sizes, on the same card.

    cargo strata bench --ladder matmul --ladder gelu --json bench/results/ladder-cuda.json
    python bench/torch/ladder.py --beside bench/results/ladder-cuda.json --json bench/results/ladder-torch.json

Sizes, FLOPs and bytes are taken from Strata's file, so that both are counted alike. Run it in the
same session. Everything is f32; `pytorch` multiplies in f32 as Strata does, `pytorch_tf32` rounds
the factors to 10 bits of fraction, which tensor cores can multiply.
"""

import argparse
import json
import os
from pathlib import Path

import torch
import torch.nn.functional as F

from bench import machine
from timing import Timer

HEADS, HEAD_DIM, BATCH = 6, 64, 4


def randn(*shape, grad=False):
    return torch.randn(*shape, device="cuda", requires_grad=grad)


def rows(n):
    width = min(n, 1024)
    return n // width, width


def qkv(context, grad=False):
    return [randn(BATCH, HEADS, context, HEAD_DIM, grad=grad) for _ in range(3)]


def attend(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attention_backward(n):
    def make():
        inputs = qkv(n, grad=True)
        out = attend(*inputs)
        return inputs, out, torch.randn_like(out)

    return make, lambda inputs, out, dout: torch.autograd.grad(out, inputs, dout, retain_graph=True)


def adamw(n):
    def make():
        parameter = randn(n, grad=True)
        parameter.grad = randn(n)
        return (torch.optim.AdamW([parameter], lr=1e-4, fused=True),)

    return make, lambda optimizer: optimizer.step()


def layernorm(n, residual):
    r, c = rows(n)

    def make():
        return randn(r, c), randn(r, c), randn(c), randn(c)

    def run(x, y, gamma, beta):
        return F.layer_norm(x + y if residual else x, [c], gamma, beta)

    return make, run


def layernorm_backward(n):
    r, c = rows(n)

    def make():
        x, gamma, beta = randn(r, c), randn(c), randn(c)
        _, mean, rstd = torch.ops.aten.native_layer_norm(x, [c], gamma, beta, 1e-5)
        return randn(r, c), x, [c], mean, rstd, gamma, beta, [True, True, True]

    return make, torch.ops.aten.native_layer_norm_backward


def cross_entropy_backward(n):
    r, c = rows(n)

    def make():
        logits = randn(r, c, grad=True)
        return F.cross_entropy(logits, torch.randint(c, (r,), device="cuda")), logits

    return make, lambda loss, logits: torch.autograd.grad(loss, logits, retain_graph=True)


def op(name, n):
    """What draws an op's inputs, and what is timed."""
    r, c = rows(n)
    return {
        "matmul": lambda: (lambda: (randn(n, n), randn(n, n)), torch.matmul),
        "copy": lambda: (lambda: (randn(n, n), randn(n, n)), lambda a, b: b.copy_(a.t())),
        "map": lambda: (lambda: (randn(n),), torch.tanh),
        "zip": lambda: (lambda: (randn(n), randn(n)), torch.add),
        "reduce": lambda: (lambda: (randn(r, c),), lambda x: x.sum(1)),
        "column_sum": lambda: (lambda: (randn(r, c),), lambda x: x.sum(0)),
        "gelu": lambda: (lambda: (randn(n),), lambda x: F.gelu(x, approximate="tanh")),
        "gelu_backward": lambda: (
            lambda: (randn(n), randn(n)),
            lambda g, x: torch.ops.aten.gelu_backward(g, x, approximate="tanh"),
        ),
        "layernorm": lambda: layernorm(n, False),
        "residual_layernorm": lambda: layernorm(n, True),
        "layernorm_backward": lambda: layernorm_backward(n),
        "softmax": lambda: (lambda: (randn(r, c),), lambda x: torch.softmax(x, 1)),
        "cross_entropy": lambda: (
            lambda: (randn(r, c), torch.randint(c, (r,), device="cuda")),
            F.cross_entropy,
        ),
        "cross_entropy_backward": lambda: cross_entropy_backward(n),
        "attention": lambda: (lambda: qkv(n), attend),
        "attention_backward": lambda: attention_backward(n),
        "adamw": lambda: adamw(n),
    }[name]()


def measure(timer, beside):
    """Rows like Strata's, one for each op and size there; matmul twice."""
    best = {}
    for row in beside["rows"]:
        # The last rung of an op counts the least bytes.
        best[row["op"], row["size"]] = row
    for (name, size), row in best.items():
        kinds = ["pytorch", "pytorch_tf32"] if name == "matmul" else ["pytorch"]
        for kind in kinds:
            torch.backends.cuda.matmul.allow_tf32 = kind == "pytorch_tf32"
            make, run = op(name, size)
            sets = [make() for _ in range(2)]
            seconds = timer.op(run, sets)["ms"] / 1e3
            del sets
            same = {key: row[key] for key in ("op", "size", "shape", "flops", "bytes")}
            rates = {f"{what}_per_second": row[what] / seconds for what in ("flops", "bytes")}
            print(f"{name:20} {kind:14} {size:>10} {seconds * 1e6:12.1f} us", flush=True)
            yield {**same, **rates, "rung": kind, "seconds": seconds, "runs": timer.runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, required=True, help="Strata's file for this card")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no CUDA device here; this compares with a card's file")
    beside = json.loads(options.beside.read_text())[0]
    about = machine("cuda", beside["commit"])
    if about["device"] != beside["device"]["name"]:
        raise SystemExit(f"{options.beside} was measured on {beside['device']['name']}, this is {about['device']}")
    driver = f"PyTorch {about['torch']}, CUDA {about['cuda']}"
    report = {
        "date": about["date"][:10],
        "commit": beside["commit"],
        "device": {"machine": "torch", "name": about["device"], "driver": driver},
        "rows": list(measure(Timer("cuda", runs=100, warm=20), beside)),
    }
    # Under another name first: a half-written file must not look like a whole one.
    temporary = options.json.with_suffix(".tmp")
    temporary.write_text(json.dumps([report], indent=1) + "\n")
    os.replace(temporary, options.json)


if __name__ == "__main__":
    main()
