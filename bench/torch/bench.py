"""The PyTorch yardstick: what PyTorch needs for the work that Strata does, on this machine.

    python bench/torch/bench.py --json bench/results/torch.json
    python bench/torch/bench.py --only matmul,step          # some groups
    python bench/torch/bench.py --device cpu --threads 2    # the CPU's two lines
    python bench/torch/bench.py --small                     # tiny shapes: does the script run here?

Run it in the same session and on the same card as Strata's own benchmarks. Single operators are in
ops.py, the rules of timing in timing.py. A benchmark that fails is recorded with its error and the
rest go on; the JSON is written after every group, so that a time limit loses little.
"""

import argparse
import datetime
import gc
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import torch

from model import GPT, PRESETS, parameter_groups
from ops import Ops
from timing import Timer


def output_of(*command):
    """A command's output in one line, or None where there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=Path(__file__).parent)
        return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else None
    except (OSError, subprocess.TimeoutExpired):
        return None


def machine(device, commit):
    on_card = device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if on_card else platform.processor() or platform.machine(),
        "driver": output_of("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader") if on_card else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_card else None,
        "threads": torch.get_num_threads(),
        "commit": commit or output_of("git", "rev-parse", "--short", "HEAD"),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


class Step:
    """One training step of gpt-12m: forward, backward, clip to 1, fused AdamW, on a new batch."""

    def __init__(self, device, batch, kind, compiled, graph, config):
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"
        self.device, self.amp, self.index = device, kind == "bf16", 0
        self.model = GPT(config).to(device)
        self.loss_of = torch.compile(self.model) if compiled else self.model
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, 0.1), lr=1e-3, betas=(0.9, 0.95), fused=True, capturable=device == "cuda"
        )
        shape = (batch, config.context)
        self.batches = [torch.randint(config.vocab, shape, device=device) for _ in range(8)]
        self.ids, self.targets = self.batches[0].clone(), self.batches[1].clone()
        self.recorded = self.record() if graph else None

    def body(self):
        self.optimizer.zero_grad(set_to_none=True)
        # Autocast's cache of cast weights must not outlive a step that is being recorded.
        with torch.autocast(self.device, torch.bfloat16, enabled=self.amp, cache_enabled=False):
            loss = self.loss_of(self.ids, self.targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.detach()

    def record(self):
        """The whole step, optimizer included, as one CUDA graph."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                self.body()
        torch.cuda.current_stream().wait_stream(side)
        recorded = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(recorded):
            self.loss = self.body()
        return recorded

    def __call__(self):
        self.ids.copy_(self.batches[self.index % 8])
        self.targets.copy_(self.batches[(self.index + 1) % 8])
        self.index += 1
        if self.recorded:
            self.recorded.replay()
        else:
            self.loss = self.body()


def steps(device, small):
    """(batch, precision, compiled, graph) of every timed training step."""
    if device == "cpu":
        return [(4, "f32", False, False), (4, "f32", True, False)]
    wanted = [(64, "f32", False, False), (64, "f32", True, False), (64, "tf32", False, False),
              (64, "tf32", True, False), (64, "tf32", True, True), (64, "bf16", False, False),
              (64, "bf16", True, False), (64, "bf16", True, True), (16, "bf16", False, False),
              (16, "bf16", True, True)]
    return [(2, *rest) for _, *rest in wanted] if small else wanted


def bench_step(timer, device, batch, kind, compiled, graph, preset):
    timer.rest()
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    torch._dynamo.reset()
    config, count = PRESETS[preset]
    step = Step(device, batch, kind, compiled, graph, config)
    assert sum(p.numel() for p in step.model.parameters()) == count
    took = timer.steps(step) if device == "cuda" else timer.steps(step, group=1, groups=5)
    loss = float(step.loss)
    if not 0.0 < loss < 20.0:
        raise RuntimeError(f"the step computes nonsense: loss {loss}")
    tokens = batch * config.context
    return took | {
        "op": f"{preset} step", "dtype": kind, "shape": [batch, config.context],
        "variant": "eager" if not compiled else "compile + CUDA graph" if graph else "compile",
        "tokens_per_s": round(tokens / took["ms"] * 1e3),
        "peak_MB": round(torch.cuda.max_memory_allocated() / 1e6) if device == "cuda" else None,
        "reserved_MB": round(torch.cuda.max_memory_reserved() / 1e6) if device == "cuda" else None,
    }


def bench_op(timer, item, copy_rate):
    name, dtype, shape, run, make, flops, moved = item
    sets = [make() for _ in range(1 if moved > 4e9 else 3)]
    took = timer.op(run, sets)
    row = took | {"op": name, "dtype": dtype, "shape": shape}
    if flops:
        row["tflops"] = round(flops / took["ms"] / 1e9, 2)
    if moved:
        row["gb_per_s"] = round(moved / took["ms"] / 1e6)
        if copy_rate:
            row["share_of_copy"] = round(row["gb_per_s"] / copy_rate, 3)
    return row


def show(row):
    if "error" in row:
        return f"{row['op']:34} {row.get('variant', row.get('dtype', '')):22} FAILED: {row['error'][:80]}"
    rate = [f"{row[k]:,} {unit}" for k, unit in [("tflops", "TFLOP/s"), ("gb_per_s", "GB/s"),
            ("tokens_per_s", "tokens/s"), ("peak_MB", "MB")] if row.get(k)]
    what = f"{row['dtype']} {row.get('variant', '')}"
    return f"{row['op']:34} {what:28} {'x'.join(map(str, row['shape'])):20} {row['ms']:9.4f} ms  {', '.join(rate)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", help=f"comma-separated groups of {', '.join(Ops.GROUPS)}, step")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--small", action="store_true", help="tiny shapes, to see whether everything runs")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    parser.add_argument("--commit", help="the commit to record, where git is absent")
    a = parser.parse_args()
    groups = a.only.split(",") if a.only else ["matmul", "step"] if a.device == "cpu" and not a.small else [*Ops.GROUPS, "step"]
    if unknown := set(groups) - {*Ops.GROUPS, "step"}:
        parser.error(f"unknown group {', '.join(sorted(unknown))}; there are {', '.join(Ops.GROUPS)}, step")
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.manual_seed(int.from_bytes(os.urandom(4), "little"))  # Fresh inputs in every run.
    report = machine(a.device, a.commit) | {"results": []}
    few = a.small or a.device == "cpu"
    timer, ops, copy_rate = Timer(a.device, runs=5 if few else 50, warm=2 if few else 5), Ops(a.device, a.small), None

    def add(label, measure):
        try:
            row = measure()
        except Exception as error:  # One benchmark's failure must not lose the others.
            row = label | {"error": f"{type(error).__name__}: {error}".replace("\n", " ")}
        report["results"].append(row)
        print(show(row), flush=True)
        return row

    print(", ".join(f"{k} {v}" for k, v in report.items() if v and k != "results"), flush=True)
    for group in groups:
        if group == "step":
            for batch, kind, compiled, graph in steps(a.device, a.small):
                variant = f"{kind} compiled={compiled} graph={graph}"
                add({"op": "step", "variant": variant}, lambda: bench_step(
                    timer, a.device, batch, kind, compiled, graph, "gpt-1m" if a.small else "gpt-12m"))
        else:
            for item in getattr(ops, group)():
                if a.device == "cpu" and item[1] != "f32" and not a.small:
                    continue
                row = add({"op": item[0], "dtype": item[1]}, lambda: bench_op(timer, item, copy_rate))
                copy_rate = row.get("gb_per_s") if group == "copy" else copy_rate
        gc.collect()
        if a.device == "cuda":
            torch.cuda.empty_cache()
        if a.json:
            a.json.parent.mkdir(parents=True, exist_ok=True)
            a.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any("error" in row for row in report["results"]) else 0


if __name__ == "__main__":
    sys.exit(main())
