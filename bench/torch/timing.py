"""How the yardstick is timed: the same rules as Strata's own benchmarks.

Warm-up first; every run starts with the L2 cache full of something else; device events, not host
clocks; several input sets in turn; medians. A CPU has no events, so there it is the host's clock.
"""

import statistics
import time

import torch

FLUSH_BYTES = 1 << 30  # many times the largest L2 cache: reading it also buys the host time to queue


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


class Timer:
    """Times closures on one device."""

    def __init__(self, device, runs=50, warm=5):
        self.device, self.runs, self.warm = device, runs, warm
        self.flush = None

    def rest(self):
        """Gives back what it reads between runs: memory that no step should be charged for."""
        self.flush = None

    def op(self, run, sets):
        """Milliseconds of one `run(*inputs)`, its inputs taken from `sets` in turn: median, p10, p90.

        The cache is flushed by reading a large buffer: reading leaves nothing to write back, which
        would be charged to the op. While the card reads, the host queues the op, so a short kernel
        is not charged for its launch.
        """
        if self.flush is None and self.device == "cuda":
            self.flush = torch.ones(FLUSH_BYTES // 4, device=self.device)
        for i in range(self.warm):
            run(*sets[i % len(sets)])
        synchronize(self.device)
        times = []
        for i in range(self.runs):
            inputs = sets[i % len(sets)]
            if self.device == "cuda":
                start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                self.flush.sum()
                start.record()
                run(*inputs)
                end.record()
                end.synchronize()
                times.append(start.elapsed_time(end))
            else:
                begin = time.perf_counter()
                run(*inputs)
                times.append((time.perf_counter() - begin) * 1e3)
        return summary(times)

    def steps(self, step, group=10, groups=7):
        """Milliseconds a step when steps follow one another without a pause, as in training.

        Launch time that the host cannot hide is part of it: it is part of training.
        """
        for _ in range(self.warm):
            step()
        synchronize(self.device)
        times = []
        for _ in range(groups):
            begin = time.perf_counter()
            for _ in range(group):
                step()
            synchronize(self.device)
            times.append((time.perf_counter() - begin) * 1e3 / group)
        return summary(times)


def summary(times):
    ordered = sorted(times)
    return {
        "ms": round(statistics.median(ordered), 5),
        "p10": round(ordered[len(ordered) // 10], 5),
        "p90": round(ordered[len(ordered) * 9 // 10], 5),
        "runs": len(ordered),
    }
