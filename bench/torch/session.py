"""PyTorch's side of one session on a card: products in every precision, weight gradients, the step, a recipe.

    python bench/torch/session.py --json torch.json                    # all of it, under 150 s
    python bench/torch/session.py --only products,step --json torch.json
    python bench/torch/session.py --recipe tinyshakespeare.txt --json recipe.json
    python bench/torch/session.py --small                              # tiny shapes: does it run here?

Shapes are named as `cargo strata bench` names them, so that `--against torch.json` finds them. What
fails is recorded with its error and the rest goes on; the file is written after every row. Rules of
timing are those of bench.py.
"""

import argparse
import gc
import json
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F

import curve
from bench import bench_step, machine, show
from timing import Timer, synchronize

KINDS = ("f32", "tf32", "bf16")
BF16 = torch.bfloat16
WIDTH, VOCAB, LAYERS = 384, 4096, 6


class Session:
    """What the rows have in common: device, sizes, precision."""

    def __init__(self, device, small):
        self.device = device
        self.rows = 64 if small else 16384
        self.squares = (64,) if small else (2048, 4096)

    def draw(self, kind, *shape):
        return torch.randn(*shape, device=self.device, dtype=BF16 if kind == "bf16" else torch.float32)

    def wide(self, *shape):
        return torch.randn(*shape, device=self.device)


def set_precision(kind):
    """TF32 is asked for, and off otherwise."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"


def bare(s):
    """(kind, shape, variant, make, run, FLOPs) of products alone."""
    sizes = [(n, n, n) for n in s.squares]
    sizes += [(s.rows, WIDTH, 4 * WIDTH), (s.rows, 4 * WIDTH, WIDTH), (s.rows, WIDTH, VOCAB)]
    for kind in KINDS:
        for m, k, n in sizes:
            def make(kind=kind, m=m, k=k, n=n):
                return s.draw(kind, m, k), s.draw(kind, k, n)

            yield kind, f"[{m}, {k}] by [{k}, {n}]", "matmul", make, torch.matmul, 2 * m * n * k


def gelu(x):
    return F.gelu(x, approximate="tanh")


def fused(s):
    """Products with what follows them: by kernels of their own, and with the bias inside the product."""
    r, c, v = s.rows, WIDTH, VOCAB

    def label(m, k, n, what):
        return f"[{m}, {k}] by [{k}, {n}], {what}"

    def bias(x, w, b, _):
        return torch.matmul(x, w.t()) + b

    def bias_gelu(x, w, b, _):
        h = torch.matmul(x, w.t()) + b
        return h, gelu(h)

    def linear_gelu(x, w, b, _):
        h = F.linear(x, w, b)
        return h, gelu(h)

    def bias_residual(x, w, b, residual):
        return torch.matmul(x, w.t()) + b + residual

    def linear_residual(x, w, b, residual):
        return F.linear(x, w, b) + residual

    forward = [
        (c, 3 * c, "bias", [("separate kernels", bias), ("linear", lambda x, w, b, _: F.linear(x, w, b))]),
        (c, 4 * c, "bias, gelu", [("separate kernels", bias_gelu), ("linear, gelu", linear_gelu)]),
        (4 * c, c, "bias, residual", [("separate kernels", bias_residual), ("linear, add", linear_residual)]),
        (c, v, "b transposed", [("matmul", lambda x, w, *_: torch.matmul(x, w.t()))]),
        (4 * c, c, "b transposed", [("matmul", lambda x, w, *_: torch.matmul(x, w.t()))]),
    ]
    for kind in KINDS:
        for k, n, what, variants in forward:
            def make(kind=kind, k=k, n=n):
                return s.draw(kind, r, k), s.draw(kind, n, k), s.draw(kind, n), s.draw(kind, r, n)

            for variant, run in variants:
                yield kind, label(r, k, n, what), variant, make, run, 2 * r * k * n

        def weights(kind=kind):
            return s.wide(c, 4 * c), s.draw(kind, r, c), s.draw(kind, r, 4 * c)

        def add_to(total, x, dy, kind=kind):
            # The sums are f32, as ours are: of 16 bits the product is a tensor first.
            return total.add_(torch.matmul(x.t(), dy)) if kind == "bf16" else total.addmm_(x.t(), dy)

        yield (kind, label(c, r, 4 * c, "a transposed, accumulate"), "added to f32", weights, add_to, 8 * c * c * r)


def gradients(s):
    """The gradients of all weights of a step, one by one."""
    c, r = WIDTH, s.rows
    pairs = [(VOCAB, c)] + LAYERS * [(4 * c, c), (c, 4 * c), (c, c), (c, 3 * c)]
    flops = sum(2 * m * n * r for m, n in pairs)
    shape = f"{len(pairs)} weights over {r} rows"
    for kind in KINDS:
        def make(kind=kind):
            sides = {n: s.draw(kind, r, n) for n in (c, 3 * c, 4 * c, VOCAB)}
            other = {n: s.draw(kind, r, n) for n in (c, 3 * c, 4 * c)}
            return [(sides[m], other[n]) for m, n in pairs], [s.wide(m, n) for m, n in pairs]

        def alone(operands, _):
            return [torch.matmul(a.t(), b) for a, b in operands]

        def added(operands, totals, kind=kind):
            for (a, b), total in zip(operands, totals):
                if kind == "bf16":
                    total.add_(torch.matmul(a.t(), b))
                else:
                    total.addmm_(a.t(), b)

        yield kind, shape, "one by one", make, alone, flops
        yield kind, shape, "one by one, added to f32", make, added, flops


def timed(timer, op, item):
    kind, shape, variant, make, run, flops = item
    set_precision(kind)
    took = timer.op(run, [make() for _ in range(2)])
    return took | {"op": op, "dtype": kind, "shape": shape, "variant": variant,
                   "tflops": round(flops / took["ms"] / 1e9, 2)}


def step(timer, device, kind, small):
    """The training step, compiled and recorded as a CUDA graph where there is one."""
    timer.rest()
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    set_precision(kind)
    graph = device == "cuda"
    preset, batch = ("gpt-1m", 2) if small else ("gpt-12m", 64)
    return bench_step(timer, device, batch, kind, not small, graph, preset)


def recipe(a, kind):
    """Tiny Shakespeare by characters: dropout 0.2, cosine to a tenth, the best held-out loss of the run."""
    train_ids, held_out, vocab = curve.load(a.recipe, a.device)
    o = SimpleNamespace(
        steps=a.steps, warmup=min(a.steps // 20, 500), batch=64, context=256, clip=1.0, precision=kind,
        device=a.device, compile=not a.small, eval_every=max(1, min(250, a.steps)), lr=a.lr, min_lr=0.1, wd=0.1,
        beta2=0.99, dropout=0.2, seed=a.seed,
    )
    if a.small:
        o.batch, o.context = 2, 32
    synchronize(a.device)
    start = time.perf_counter()
    run = curve.train(train_ids, held_out, vocab, o, lambda line: print("  " + line, flush=True))
    wall = time.perf_counter() - start
    best = min(run["validation"], key=run["validation"].get)
    return {
        "op": "recipe", "dtype": kind, "shape": f"{Path(a.recipe).name}, {a.steps} steps",
        "variant": "compile" if o.compile else "eager", "ms": round(1e3 * run["seconds"] / a.steps, 4),
        "best": run["best"], "best_step": best, "validation": run["validation"],
        "training_s": run["seconds"], "wall_s": round(wall, 1), "tokens_per_s": run["tokens_per_s"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    groups = ["matmul", "products", "gradients", "step"]
    parser.add_argument("--only", help=f"comma-separated groups of {', '.join(groups)}")
    parser.add_argument("--kinds", default=",".join(KINDS), help="precisions of steps and recipe (default %(default)s)")
    parser.add_argument("--recipe", help="a text to train on instead, as Tiny Shakespeare is")
    parser.add_argument("--steps", type=int, default=5000, help="of the recipe")
    parser.add_argument("--lr", type=float, default=1e-3, help="of the recipe, at its peak")
    parser.add_argument("--seed", type=int, default=0, help="of the recipe")
    parser.add_argument("--seconds", type=float, default=145.0, help="what has not begun by then is left out")
    parser.add_argument("--runs", type=int, default=30, help="of each product")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--small", action="store_true", help="tiny shapes, to see whether everything runs")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    parser.add_argument("--commit", help="the commit to record, where git is absent")
    a = parser.parse_args()
    asked, kinds = a.only.split(",") if a.only else groups, a.kinds.split(",")
    if unknown := {*asked} - {*groups} | {*kinds} - {*KINDS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    began = time.perf_counter()
    report = machine(a.device, a.commit) | {"results": []}
    print(", ".join(f"{k} {v}" for k, v in report.items() if v and k != "results"), flush=True)
    timer = Timer(a.device, runs=3 if a.small else a.runs, warm=1 if a.small else 5)
    session = Session(a.device, a.small)

    def add(label, measure):
        if time.perf_counter() - began > a.seconds and not a.recipe:
            row = label | {"error": f"left out: {a.seconds:.0f} s are over"}
        else:
            try:
                row = measure()
            except Exception as error:  # One row's failure must not lose the others.
                traceback.print_exc(limit=3)
                row = label | {"error": f"{type(error).__name__}: {error}".replace("\n", " ")[:500]}
        report["results"].append(row)
        report["seconds"] = round(time.perf_counter() - began, 1)
        print(show(row | {"shape": [row.get("shape", "")]}), flush=True)
        if a.json:
            a.json.parent.mkdir(parents=True, exist_ok=True)
            a.json.write_text(json.dumps(report, indent=1) + "\n")

    if a.recipe:
        for kind in kinds if a.kinds != ",".join(KINDS) else ["bf16"]:
            add({"op": "recipe", "dtype": kind}, lambda: recipe(a, kind))
    else:
        lists = {"matmul": ("matmul", bare), "products": ("matmul", fused), "gradients": ("grouped_matmul", gradients)}
        for group in asked:
            if group == "step":
                for kind in kinds:
                    add({"op": "step", "dtype": kind}, lambda: step(timer, a.device, kind, a.small))
                continue
            op, rows = lists[group]
            for item in rows(session):
                add({"op": op, "dtype": item[0], "shape": item[1], "variant": item[2]}, lambda: timed(timer, op, item))
    failed = [row for row in report["results"] if "error" in row]
    print(f"{len(report['results'])} rows in {time.perf_counter() - began:.1f} s, {len(failed)} without a time")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
