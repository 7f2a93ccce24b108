/** The tape: gradients against central differences of plain loops, and what backward refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cat, Device, noGrad, ones, optim, stack, tensor, Tensor, zeros } from "strata-ml";
import { close, fails, holds, rejects, untyped } from "./check.ts";
import { devices, elsewhere } from "./devices.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

const total = (a: Nd): number => a.data.reduce((sum, x) => sum + x, 0);
const softplus = (x: number): number => x / (1 + Math.exp(-x));

/** Functions of one array to one number, in tensors and in plain loops. */
const FUNCTIONS: [name: string, of: (x: Tensor) => Tensor, plain: (x: Nd) => number][] = [
  ["add, a number", (x) => x.add(2).sum(), (x) => total(oracle.map(x, (v) => v + 2))],
  ["sub", (x) => x.sub(x.mul(3)).sum(), (x) => total(oracle.map(x, (v) => v - 3 * v))],
  [
    "mul, broadcast",
    (x) => x.mul(x.at(0)).sum(),
    (x) => total(oracle.build(x.shape, ([i = 0, j = 0]) => oracle.get(x, [i, j]) * oracle.get(x, [0, j]))),
  ],
  ["div", (x) => x.div(x.square().add(1)).sum(), (x) => total(oracle.map(x, (v) => v / (v * v + 1)))],
  ["div, a number", (x) => x.div(4).square().sum(), (x) => total(oracle.map(x, (v) => (v / 4) ** 2))],
  ["pow", (x) => x.abs().add(1).pow(1.5).sum(), (x) => total(oracle.map(x, (v) => (Math.abs(v) + 1) ** 1.5))],
  ["pow 4", (x) => x.pow(4).sum(), (x) => total(oracle.map(x, (v) => v ** 4))],
  ["pow 3", (x) => x.pow(3).sum(), (x) => total(oracle.map(x, (v) => v ** 3))],
  [
    "pow, a tensor",
    (x) => x.abs().add(1).pow(x).sum(),
    (x) => total(oracle.map(x, (v) => (Math.abs(v) + 1) ** v)),
  ],
  ["maximum", (x) => x.maximum(x.mul(0.5)).sum(), (x) => total(oracle.map(x, (v) => Math.max(v, v / 2)))],
  ["minimum, a number", (x) => x.minimum(0.3).sum(), (x) => total(oracle.map(x, (v) => Math.min(v, 0.3)))],
  ["exp", (x) => x.exp().sum(), (x) => total(oracle.map(x, Math.exp))],
  ["log", (x) => x.square().add(1).log().sum(), (x) => total(oracle.map(x, (v) => Math.log(v * v + 1)))],
  ["sqrt", (x) => x.square().add(1).sqrt().sum(), (x) => total(oracle.map(x, (v) => Math.sqrt(v * v + 1)))],
  ["neg and abs", (x) => x.neg().abs().sum(), (x) => total(oracle.map(x, Math.abs))],
  [
    "reciprocal",
    (x) => x.square().add(1).reciprocal().sum(),
    (x) => total(oracle.map(x, (v) => 1 / (v * v + 1))),
  ],
  [
    "sin and cos",
    (x) => x.sin().mul(x.cos()).sum(),
    (x) => total(oracle.map(x, (v) => Math.sin(v) * Math.cos(v))),
  ],
  ["tanh", (x) => x.tanh().sum(), (x) => total(oracle.map(x, Math.tanh))],
  ["relu", (x) => x.relu().sum(), (x) => total(oracle.map(x, (v) => Math.max(v, 0)))],
  ["sigmoid", (x) => x.sigmoid().sum(), (x) => total(oracle.map(x, (v) => 1 / (1 + Math.exp(-v))))],
  ["silu", (x) => x.silu().sum(), (x) => total(oracle.map(x, softplus))],
  [
    "gelu",
    (x) => x.gelu().sum(),
    (x) =>
      total(
        oracle.map(x, (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))),
      ),
  ],
  [
    "clamp",
    (x) => x.clamp(-0.7, 0.9).sum(),
    (x) => total(oracle.map(x, (v) => Math.min(Math.max(v, -0.7), 0.9))),
  ],
  ["matmul", (x) => x.matmul(x.T).sum(), (x) => total(oracle.matmul(x, oracle.permute(x, [1, 0])))],
  [
    "mean",
    (x) => x.mean(0).square().sum(),
    (x) =>
      total(
        oracle.map(
          oracle.reduce(x, [0], false, (all) => all.reduce((s, v) => s + v, 0) / all.length),
          (v) => v * v,
        ),
      ),
  ],
  ["max", (x) => x.max(1).sum(), (x) => total(oracle.reduce(x, [1], false, (all) => Math.max(...all)))],
  ["min", (x) => x.min(0).sum(), (x) => total(oracle.reduce(x, [0], false, (all) => Math.min(...all)))],
  [
    "var",
    (x) => x.var(),
    (x) =>
      total(
        oracle.reduce(x, [0, 1], false, (all) => {
          const mean = all.reduce((s, v) => s + v, 0) / all.length;
          return all.reduce((s, v) => s + (v - mean) ** 2, 0) / (all.length - 1);
        }),
      ),
  ],
  ["norm", (x) => x.norm(), (x) => Math.sqrt(total(oracle.map(x, (v) => v * v)))],
  [
    "softmax",
    (x) => x.softmax(0).square().sum(),
    (x) => {
      const sums = oracle.reduce(x, [0], true, (all) => all.reduce((s, v) => s + Math.exp(v), 0));
      return total(oracle.zip(x, sums, (v, s) => (Math.exp(v) / s) ** 2));
    },
  ],
  [
    "logSoftmax",
    (x) => x.logSoftmax().at(0, 1),
    (x) => {
      const row = x.data.slice(0, x.shape[1]);
      return (row[1] ?? NaN) - Math.log(row.reduce((s, v) => s + Math.exp(v), 0));
    },
  ],
  [
    "slice",
    (x) => x.slice([1], [0, 4, 2]).square().sum(),
    (x) =>
      total(oracle.build([(x.shape[0] ?? 0) - 1, 2], ([i = 0, j = 0]) => oracle.get(x, [i + 1, 2 * j]) ** 2)),
  ],
  [
    "reshape and permute",
    (x) => x.reshape(2, 6).permute(1, 0).at(3).square().sum(),
    (x) => (x.data[3] ?? 0) ** 2 + (x.data[9] ?? 0) ** 2,
  ],
  [
    "expand",
    (x) => x.at(0).expand(5, 4).square().sum(),
    (x) => 5 * x.data.slice(0, 4).reduce((s, v) => s + v * v, 0),
  ],
  ["cat", (x) => cat([x, x.square()], 1).sum(), (x) => total(oracle.map(x, (v) => v + v * v))],
  ["stack", (x) => stack([x, x.square()], -1).sum(), (x) => total(oracle.map(x, (v) => v + v * v))],
  [
    "squeeze and unsqueeze",
    (x) => x.unsqueeze(1).squeeze(1).flatten().square().sum(),
    (x) => total(oracle.map(x, (v) => v * v)),
  ],
];

for (const device of await devices()) {
  for (const [name, of, plain] of FUNCTIONS) {
    test(`${device.name}: gradient of ${name}`, async () => {
      const a = oracle.numbers([3, 4], 11);
      const x = tensor(Float32Array.from(a.data), { shape: a.shape, device, requiresGrad: true });
      const loss = of(x);
      close([loss.item()], [plain(a)], 1e-4);
      loss.backward();
      assert.ok(x.grad !== null);
      await holds(x.grad, a.shape, oracle.differences(a, plain), device.machine === "wgpu" ? 5e-3 : 1e-3);
    });
  }

  test(`${device.name}: gradients add up until zeroGrad`, async () => {
    const x = tensor([1, 2], { device, requiresGrad: true });
    assert.equal(x.grad, null);
    x.mul(3).sum().backward();
    x.mul(3).sum().backward();
    assert.ok(x.grad !== null);
    await holds(x.grad, [2], [6, 6]);
    x.zeroGrad();
    assert.equal(x.grad, null);
  });
}

test("leaves share no gradient with each other, nor with the seed", async () => {
  for (const device of await devices()) {
    const [a, b] = [ones([2], { device, requiresGrad: true }), ones([2], { device, requiresGrad: true })];
    const seed = tensor([3, 4], { device });
    a.add(b).backward({ gradient: seed });
    optim.clipGradNorm([a, b], 1);
    const clipped = [0.424, 0.566];
    for (const x of [a, b]) close(await x.grad!.read(), clipped, 1e-3);
    a.grad!.fill(9);
    close(await b.grad!.read(), clipped, 1e-3);
    assert.deepEqual([...(await seed.read())], [3, 4]);
    // A stretched gradient can be scaled in place.
    const c = ones([2], { device, requiresGrad: true });
    c.sum().backward();
    optim.clipGradNorm([c], 1);
    close(await c.grad!.read(), [Math.SQRT1_2, Math.SQRT1_2], 1e-3);
    // Who holds a gradient sees what is added.
    const held = c.grad!;
    c.mul(2).sum().backward();
    close(await held.read(), [2.7071, 2.7071], 1e-3);
  }
});

test("what wants a gradient", () => {
  const [x, y] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4])];
  const z = x.mul(y);
  assert.deepEqual([x.requiresGrad, x.isLeaf, x.op], [true, true, ""]);
  assert.deepEqual([y.requiresGrad, y.isLeaf], [false, true]);
  assert.deepEqual([z.requiresGrad, z.isLeaf, z.op], [true, false, "mul"]);
  assert.deepEqual([y.exp().requiresGrad, y.exp().isLeaf], [false, true]);
  assert.deepEqual([z.detach().requiresGrad, z.detach().isLeaf], [false, true]);
  assert.deepEqual(
    [x.gt(0).requiresGrad, x.argmax().requiresGrad, z.detach().storage.id === z.storage.id],
    [false, false, true],
  );
  y.requiresGrad = true;
  assert.equal(y.requiresGrad, true);
  y.requiresGrad = false;
  assert.equal(y.mul(2).requiresGrad, false);
  fails("graph", /requiresGrad: only a leaf may change/, () => (z.requiresGrad = false));
  fails(
    "dtype",
    /requiresGrad: u32 has no fractions/,
    () => (tensor([1], { dtype: "u32" }).requiresGrad = true),
  );
});

test("inner gradients only when asked for", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const [kept, lost] = [x.mul(2), x.mul(3)];
  kept.retainGrad();
  kept.mul(lost).sum().backward();
  assert.equal(lost.grad, null);
  assert.ok(kept.grad !== null);
  await holds(kept.grad, [2], [3, 6]);
});

test("backward from a given gradient", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  x.square().backward({ gradient: tensor([10, 100]) });
  assert.ok(x.grad !== null);
  await holds(x.grad, [2], [20, 400]);
  fails("shape", /another shape.*\[3\], \[2\]/, () => x.square().backward({ gradient: zeros([3]) }));
  const gone = zeros([2]);
  gone.dispose();
  fails("disposed", /^backward: /, () => x.square().backward({ gradient: gone }));
  fails("argument", /backward takes a Tensor/, () => untyped(x.backward, x, { gradient: 1 }));
});

test("backward on more than one number", () => {
  const x = tensor([[1, 2]], { requiresGrad: true });
  fails("shape", /backward starts from one number.*\[1, 2\]/, () => x.square().backward());
  x.sum(1).backward();
});

test("backward twice", async () => {
  const x = tensor([3], { requiresGrad: true });
  const loss = x.square().sum();
  loss.backward();
  fails("graph", /backward: the tape .* was walked already.*retainGraph: true/, () => loss.backward());
  assert.deepEqual([loss.requiresGrad, loss.isLeaf, loss.item()], [true, false, 9]);
  const kept = x.square().sum();
  kept.backward({ retainGraph: true });
  kept.backward();
  fails("graph", /walked already/, () => kept.backward());
  assert.ok(x.grad !== null);
  await holds(x.grad, [1], [18]);
});

test("backward where nothing wants a gradient", () => {
  fails("graph", /nothing behind this variable wants a gradient/, () => tensor(1).backward());
  fails("graph", /no_grad|noGrad/, () => noGrad(() => tensor(1, { requiresGrad: true }).mul(2)).backward());
  const gone = tensor(1, { requiresGrad: true });
  gone.dispose();
  fails("disposed", /^backward: /, () => gone.backward());
});

test("in-place changes of what a tape needs", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(2);
  for (const change of [() => y.fill(0), () => y.write([1, 2]), () => y.copyFrom(zeros([2]))]) {
    fails("graph", /(fill|write|copyFrom): this tensor was made by affine and is part of a tape/, change);
  }
  x.write([3, 4]);
  assert.deepEqual(x.toArray(), [3, 4]);
  noGrad(() => x.mul(2).fill(1));
});

test("gradients cross devices", async () => {
  const other = await elsewhere();
  if (other === undefined) return console.log("SKIPPED: gradients cross devices: there is only the CPU");
  const x = tensor([1, 2], { requiresGrad: true });
  (await x.mul(3).to(other)).square().sum().backward();
  assert.ok(x.grad !== null);
  assert.equal(x.grad.device, Device.cpu());
  await holds(x.grad, [2], [18, 36]);
});

test("a deep tape", async () => {
  let x = tensor(1, { requiresGrad: true });
  const leaf = x;
  for (let i = 0; i < 20_000; i++) x = x.add(1);
  x.backward();
  assert.equal(leaf.grad?.item(), 1);
  await rejects("argument", /to: device must be a Device/, Reflect.apply(leaf.to, leaf, ["cpu"]));
});
