/** Optimizers and schedules against plain loops of doubles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTensors, nn, optim, saveTensors, tensor, Tensor, tidy } from "strata-ml";
import { close, fails } from "./check.ts";
import { leaf } from "./layers.ts";
import * as oracle from "./oracle.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A matrix and a vector, and a loss whose gradient changes from step to step. */
class Problem {
  readonly w = leaf(oracle.numbers([3, 4], 1));
  readonly b = leaf(oracle.numbers([4], 2));
  readonly parameters = [this.w, this.b];

  /** loss = Σ (p² + 3p) sin-weighted: d/dp = (2p + 3) · s. */
  backward(): void {
    for (const [i, p] of this.parameters.entries()) {
      tidy(() => p.square().add(p.mul(3)).mul(scale(i)).sum().backward());
    }
  }

  async numbers(): Promise<number[]> {
    return [...(await this.w.read()), ...(await this.b.read())];
  }
}

const scale = (i: number): number => (i === 0 ? 0.7 : -0.4);

/** What plain loops of doubles make of the same problem. */
interface Plain {
  readonly p: number[];
  readonly g: () => number[];
}

async function plainly(problem: Problem): Promise<Plain> {
  const p = await problem.numbers();
  return { p, g: () => p.map((x, i) => (2 * x + 3) * scale(i < 12 ? 0 : 1)) };
}

const norm = (list: readonly number[]): number => Math.sqrt(list.reduce((s, x) => s + x * x, 0));

test("AdamW is PyTorch's, with decay on matrices only and clipping", async () => {
  const problem = new Problem();
  const { p, g } = await plainly(problem);
  const [lr, beta1, beta2, eps, decay, clip] = [0.05, 0.8, 0.9, 1e-6, 0.1, 2];
  const optimizer = new optim.AdamW(problem.parameters, { lr, betas: [beta1, beta2], eps, weightDecay: decay, clip });
  const [m, v] = [p.map(() => 0), p.map(() => 0)];
  for (let step = 1; step <= 20; step++) {
    optimizer.zeroGrad();
    problem.backward();
    optimizer.step();
    const raw = g();
    const factor = Math.min(1, clip / (norm(raw) + 1e-6));
    raw.forEach((gi, i) => {
      const x = gi * factor;
      const mi = (m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * x);
      const vi = (v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * x * x);
      const kept = (p[i] ?? 0) * (i < 12 ? 1 - lr * decay : 1);
      p[i] = kept - (lr * (mi / (1 - beta1 ** step))) / (Math.sqrt(vi / (1 - beta2 ** step)) + eps);
    });
    close([optimizer.norm], [norm(raw)], 1e-4, "norm");
  }
  assert.equal(optimizer.steps, 20);
  close(await problem.numbers(), p, 1e-4, "parameters");
  const state = optimizer.state(problem.w);
  assert.ok(state !== null);
  close(await state.m.read(), m.slice(0, 12), 1e-4, "m");
  close(await state.v.read(), v.slice(0, 12), 1e-4, "v");
  assert.deepEqual([...state.m.shape], [3, 4]);
});

test("SGD, with and without momentum, decay and clipping", async () => {
  for (const [momentum, weightDecay, clip] of [[0, 0, null], [0.9, 0.1, 1.5], [0, 0.2, 3]] as const) {
    const problem = new Problem();
    const { p, g } = await plainly(problem);
    const lr = 0.02;
    const optimizer = new optim.SGD(problem.parameters, { lr, momentum, weightDecay, clip });
    const u = p.map(() => 0);
    for (let step = 0; step < 12; step++) {
      optimizer.zeroGrad();
      problem.backward();
      optimizer.step();
      const raw = g();
      const factor = clip === null ? 1 : Math.min(1, clip / (norm(raw) + 1e-6));
      raw.forEach((gi, i) => {
        const ui = (u[i] = momentum * (u[i] ?? 0) + gi * factor + (i < 12 ? weightDecay * (p[i] ?? 0) : 0));
        p[i] = (p[i] ?? 0) - lr * ui;
      });
    }
    close(await problem.numbers(), p, 1e-4, `momentum ${momentum}`);
    const state = optimizer.state(problem.b);
    if (momentum === 0) assert.equal(state, null);
    else close((await state?.velocity.read()) ?? [], u.slice(12), 1e-4, "velocity");
  }
});

test("decay goes to whom it is told to", async () => {
  const problem = new Problem();
  const before = await problem.b.read();
  const optimizer = new optim.SGD(problem.parameters, { lr: 0.5, weightDecay: 0.1, decay: (p) => p === problem.b });
  for (const p of problem.parameters) tidy(() => p.mul(0).sum().backward());
  optimizer.step();
  close(await problem.b.read(), before.map((x) => x * 0.95), 1e-6, "b");
  close(await problem.w.read(), oracle.numbers([3, 4], 1).data, 0, "w");
});

test("parameters without a gradient stay as they are", async () => {
  const problem = new Problem();
  const before = await problem.b.read();
  const optimizer = new optim.AdamW(problem.parameters);
  tidy(() => problem.w.sum().backward());
  optimizer.step();
  assert.deepEqual(await problem.b.read(), before);
});

test("frozen parameters stay, and go on when they are thawed", async () => {
  const problem = new Problem();
  const optimizer = new optim.AdamW(problem.parameters, { lr: 0.1 });
  const step = (): void => {
    optimizer.zeroGrad();
    problem.backward();
    optimizer.step();
  };
  step();
  problem.b.requiresGrad = false;
  const frozen = await problem.b.read();
  const moving = await problem.w.read();
  optimizer.zeroGrad();
  tidy(() => problem.w.square().sum().backward());
  optimizer.step();
  assert.deepEqual(await problem.b.read(), frozen);
  assert.notDeepEqual(await problem.w.read(), moving);
  assert.equal(optimizer.state(problem.b), null);
  assert.equal(optimizer.steps, 2, "the others' memory goes on");
  assert.ok((optimizer.state(problem.w)?.m.abs().sum().item() ?? 0) > 0);
  problem.b.requiresGrad = true;
  step();
  assert.notDeepEqual(await problem.b.read(), frozen);
});

test("stateDict and loadStateDict: going on is bit-exact, through a file, too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "strata-optim-"));
  try {
    const run = async (problem: Problem, optimizer: optim.Optimizer, steps: number): Promise<number[]> => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad();
        problem.backward();
        optimizer.step();
      }
      return problem.numbers();
    };
    const make = (problem: Problem): optim.Optimizer => new optim.AdamW(problem.parameters, { lr: 0.03 });
    const straight = new Problem();
    const want = await run(straight, make(straight), 10);
    const first = new Problem();
    const half = make(first);
    await run(first, half, 5);
    const state = half.stateDict();
    assert.deepEqual(Object.keys(state.tensors), ["m.0", "v.0", "m.1", "v.1"]);
    const path = join(folder, "optimizer.safetensors");
    await saveTensors(path, state.tensors);
    const other = make(first);
    other.loadStateDict({ ...state, tensors: await loadTensors(path) });
    assert.equal(other.steps, 5);
    assert.equal(other.lr, 0.03);
    assert.deepEqual(await run(first, other, 5), want);
    const { tensors } = state;
    const w = tensors["m.0"] ?? straight.w;
    fails("value", /lacks v\.1/, () => other.loadStateDict({ ...state, tensors: { "m.0": w, "v.0": w, "m.1": straight.b } }));
    fails("value", /has no x/, () => other.loadStateDict({ ...state, tensors: { ...tensors, x: w } }));
    fails("shape", /m\.1 is \[4\], the state has \[3, 4\]/, () => other.loadStateDict({ ...state, tensors: { ...tensors, "m.1": w } }));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("inspect tells how far each parameter moved", async () => {
  for (const make of [
    (p: Tensor[]) => new optim.AdamW(p, { lr: 0.05, weightDecay: 0.3 }),
    (p: Tensor[]) => new optim.SGD(p, { lr: 0.05, momentum: 0.9, weightDecay: 0.3 }),
    (p: Tensor[]) => new optim.SGD(p, { lr: 0.05, weightDecay: 0.3, clip: 1 }),
  ]) {
    const problem = new Problem();
    const optimizer: optim.Optimizer = make(problem.parameters);
    for (let i = 0; i < 3; i++) {
      const before = await problem.numbers();
      optimizer.zeroGrad();
      problem.backward();
      optimizer.step();
      optimizer.lr = 0.05 + i;
      const reports = optimizer.inspect();
      optimizer.lr = 0.05;
      const after = await problem.numbers();
      const moved = after.map((x, j) => x - (before[j] ?? 0));
      const [w, b] = reports;
      assert.ok(w !== undefined && b !== undefined);
      assert.deepEqual([w.name, b.name], ["0", "1"]);
      close([w.updateNorm, b.updateNorm], [norm(moved.slice(0, 12)), norm(moved.slice(12))], 1e-3, "update");
      close([w.weightNorm, b.weightNorm], [norm(after.slice(0, 12)), norm(after.slice(12))], 1e-4, "weight");
      close([w.ratio], [w.updateNorm / w.weightNorm], 1e-6, "ratio");
      close([w.gradNorm ?? NaN], [norm([...((await problem.w.grad?.read()) ?? [])])], 1e-4, "gradient");
    }
    assert.deepEqual(Object.keys(optimizer.inspect()[0]?.state ?? {}), optimizer instanceof optim.AdamW ? ["m", "v"] : optimizer.stateDict().tensors["velocity.0"] ? ["velocity"] : []);
  }
  const idle = new optim.AdamW([leaf(oracle.numbers([2]))]);
  assert.deepEqual([idle.inspect()[0]?.gradNorm, idle.inspect()[0]?.updateNorm], [null, 0]);
});

test("a module's parameters keep their names", () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1));
  const optimizer = new optim.AdamW(net);
  assert.deepEqual(optimizer.names, ["0.weight", "0.bias", "1.weight", "1.bias"]);
  net.forward(tensor([[1, 2]])).sum().backward();
  optimizer.zeroGrad();
  assert.ok(net.parameters().every((p) => p.grad === null || p.grad.abs().sum().item() === 0));
});

test("clipGradNorm scales all gradients together", async () => {
  const problem = new Problem();
  problem.backward();
  const raw = [...((await problem.w.grad?.read()) ?? []), ...((await problem.b.grad?.read()) ?? [])];
  close([optim.clipGradNorm(problem.parameters, 1e6)], [norm(raw)], 1e-5, "norm before");
  close([optim.clipGradNorm(problem.parameters, 0.5)], [norm(raw)], 1e-5, "norm before");
  close((await problem.b.grad?.read()) ?? [], raw.slice(12).map((x) => (x * 0.5) / norm(raw)), 1e-5, "clipped");
  close([optim.clipGradNorm(problem.parameters, 9)], [0.5], 1e-4, "norm after");
  fails("value", /clipGradNorm: max is 0/, () => optim.clipGradNorm(problem.parameters, 0));
});

test("a parameter that is listed twice is refused, and moved by nobody", () => {
  for (const [name, make] of [
    ["SGD", (p: Iterable<Tensor>) => new optim.SGD(p, { lr: 0.1 })],
    ["SGD", (p: Iterable<Tensor>) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
    ["AdamW", (p: Iterable<Tensor>) => new optim.AdamW(p)],
    ["clipGradNorm", (p: Iterable<Tensor>) => optim.clipGradNorm(p, 1)],
  ] as const) {
    const { w, b } = new Problem();
    tidy(() => w.mul(2).sum().add(b.sum()).backward());
    const before = w.toArray();
    fails("argument", new RegExp(`${name}: parameter 1 is parameter 0 again; list each once`), () => make([w, w]));
    fails("argument", new RegExp(`${name}: parameter 2 is parameter 1 again`), () => make(new Map([[0, b], [1, w], [2, w]]).values()));
    // Frozen at first: it may be thawed later.
    b.requiresGrad = false;
    fails("argument", new RegExp(`${name}: parameter 2 is parameter 0 again`), () => make([b, w, b]));
    assert.deepEqual(w.toArray(), before);
    make([b, w]);
  }
  // Another leaf over the same memory is the same parameter to whoever moves it.
  const w = leaf(oracle.numbers([4, 64], 1));
  const alias = w.detach();
  alias.requiresGrad = true;
  const [top, bottom] = [w.detach().narrow(0, 0, 2), w.detach().narrow(0, 2, 2)];
  top.requiresGrad = true;
  bottom.requiresGrad = true;
  fails("argument", /SGD.*parameter 1 is parameter 0 again/, () => new optim.SGD([w, alias], { lr: 1 }));
  fails("argument", /AdamW.*parameters 0 and 1 are views of the same memory/, () => new optim.AdamW([bottom, w]));
  new optim.AdamW([top, bottom]).step();
  // A module that holds one parameter under two names has it once.
  const [one, two] = [new nn.Linear(3, 3), new nn.Linear(3, 3)];
  Reflect.set(two, "weight", one.weight);
  assert.equal(new optim.SGD(new nn.Sequential(one, two), { lr: 1 }).parameters.length, 3);
});

test("schedules are the formulas they say", () => {
  const total = 100;
  const warm = (peak: number, s: number, warmup: number): number => (peak * (s + 1)) / warmup;
  for (let s = 0; s <= total + 5; s++) {
    const [constant, cosine, wsd] = [optim.Schedule.constant(0.1), optim.Schedule.cosine(0.1), optim.Schedule.wsd(0.1)];
    const before = s < 5;
    close([constant.lr(s, total)], [before ? warm(0.1, s, 5) : 0.1], 1e-7, "constant");
    const part = Math.min(1, (s - 5) / 95);
    close([cosine.lr(s, total)], [before ? warm(0.1, s, 5) : 0.01 + 0.09 * 0.5 * (1 + Math.cos(Math.PI * part))], 1e-7, "cosine");
    close([wsd.lr(s, total)], [before ? warm(0.1, s, 5) : 0.1 * Math.min(1, Math.max(0, total - s) / 20)], 1e-7, "wsd");
    const own = optim.Schedule.wsd(0.1, { warmup: 0, floor: 0.05, decay: 50 });
    close([own.lr(s, total)], [0.05 + 0.05 * Math.min(1, Math.max(0, total - s) / 50)], 1e-7, "own parts");
  }
  assert.equal(optim.Schedule.named("wsd", 0.1).name, "wsd");
  const problem = new Problem();
  const optimizer = new optim.SGD(problem.parameters, { lr: 1 });
  const lr = optim.Schedule.cosine(0.1, { warmup: 0 }).apply(optimizer, 50, 100);
  assert.equal(optimizer.lr, lr);
  close([lr], [0.055], 1e-6, "applied");
});

test("numbers out of range are refused by name", () => {
  const { parameters } = new Problem();
  fails("value", /AdamW: lr is NaN/, () => new optim.AdamW(parameters, { lr: NaN }));
  fails("value", /AdamW: lr is -1/, () => new optim.AdamW(parameters, { lr: -1 }));
  // The engine's numbers have 32 bits, where this one is infinite.
  fails("value", /step: the learning rate is 1e39/, () => new optim.SGD(parameters, { lr: 1e39 }).step());
  fails("value", /AdamW: betas\[1\] is 1; it must be at least 0 and less than 1/, () => new optim.AdamW(parameters, { betas: [0.9, 1] }));
  fails("value", /AdamW: eps is 0/, () => new optim.AdamW(parameters, { eps: 0 }));
  fails("value", /AdamW: weightDecay is -0\.1/, () => new optim.AdamW(parameters, { weightDecay: -0.1 }));
  fails("value", /SGD: momentum is 1/, () => new optim.SGD(parameters, { lr: 1, momentum: 1 }));
  fails("value", /SGD: clip is -1/, () => new optim.SGD(parameters, { lr: 1, clip: -1 }));
  fails("argument", /there are no parameters/, () => new optim.SGD([], { lr: 1 }));
  fails("argument", /SGD takes a Tensor/, () => new optim.SGD(JSON.parse("[1]"), { lr: 1 }));
  const optimizer = new optim.SGD(parameters, { lr: 1 });
  fails("value", /lr is NaN/, () => (optimizer.lr = NaN));
  fails("argument", /no such parameter/, () => optimizer.state(tensor([1])));
  fails("value", /Schedule: peak is 0/, () => optim.Schedule.cosine(0));
  fails("value", /Schedule: floor is 2/, () => optim.Schedule.cosine(1, { floor: 2 }));
  fails("value", /do not fit into 10 steps/, () => optim.Schedule.wsd(1, { warmup: 8, decay: 8 }).lr(0, 10));
  fails("argument", /name is "linear"; it must be one of constant, cosine, wsd/, () => optim.Schedule.named(JSON.parse('"linear"'), 1));
});
