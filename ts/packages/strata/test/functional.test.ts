/** Layers and losses as functions, held against plain loops; gradients against central differences. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { data, functional as F, manualSeed, tensor } from "strata-ml";
import type { Tensor } from "strata-ml";
import { close, fails, holds } from "./check.ts";
import * as plain from "./layers.ts";
import { holdsLayer, leaf } from "./layers.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

const of = (shape: readonly number[], seed = 1): Tensor => leaf(oracle.numbers(shape, seed));
const ids = (list: readonly number[], shape: readonly number[]): Tensor => tensor(Uint32Array.from(list), { shape });

test("linear, with and without bias, a residual, GELU, a tied weight", async () => {
  const [x, w, b, r] = [of([2, 3, 4], 1), of([4, 5], 2), of([5], 3), of([2, 3, 5], 4)];
  await holdsLayer("linear", [x, w, b], () => F.linear(x, w, b), plain.linear);
  await holdsLayer("linear without bias", [x, w], () => F.linear(x, w), plain.linear);
  await holdsLayer("linear, null", [x, w], () => F.linear(x, w, null), plain.linear);
  const residual = (x: Nd, w: Nd, b: Nd, r: Nd): Nd => plain.add(plain.linear(x, w, b), r);
  await holdsLayer("linearResidual", [x, w, b, r], () => F.linearResidual(x, w, b, r), residual);
  const gelu = (x: Nd, w: Nd, b: Nd): Nd => oracle.map(plain.linear(x, w, b), plain.gelu);
  await holdsLayer("linearGelu", [x, w, b], () => F.linearGelu(x, w, b), gelu);
  const table = of([6, 4], 5);
  await holdsLayer("linearTied", [x, table], () => F.linearTied(x, table), (x, t) => plain.linear(x, oracle.permute(t, [1, 0])));
  fails("shape", /linear.*\[2, 3, 4\].*\[5, 4\]/s, () => F.linear(x, of([5, 4])));
  fails("argument", /linear takes a Tensor/, () => F.linear(x, JSON.parse("null")));
});

test("layerNorm, with a residual, with its statistics", async () => {
  const [x, r, w, b] = [of([2, 3, 8], 1), of([2, 3, 8], 2), of([8], 3), of([8], 4)];
  await holdsLayer("layerNorm", [x, w, b], () => F.layerNorm(x, w, b), (x, w, b) => plain.layerNorm(x, w, b));
  await holdsLayer("layerNorm, eps", [x, w, b], () => F.layerNorm(x, w, b, 0.5), (x, w, b) => plain.layerNorm(x, w, b, 0.5));
  const normed = (x: Nd, r: Nd, w: Nd, b: Nd): Nd => plain.layerNorm(plain.add(x, r), w, b);
  await holdsLayer("residualLayerNorm", [x, r, w, b], () => F.residualLayerNorm(x, r, w, b)[1], normed);
  await holdsLayer("residualLayerNorm, the sum", [x, r], () => F.residualLayerNorm(x, r, w, b)[0], plain.add);
  const { out, mean, rstd } = F.layerNormStats(x, w, b);
  const [nd, each] = [oracle.numbers([2, 3, 8], 1), [0, 1, 2, 3, 4, 5]];
  const stats = each.map((i) => plain.moments(nd.data.slice(8 * i, 8 * i + 8), 1e-5));
  close(await mean.read(), stats.map(([m]) => m), 1e-5, "mean");
  close(await rstd.read(), stats.map(([, s]) => s), 1e-4, "rstd");
  close(await out.read(), [...(await F.layerNorm(x, w, b).read())], 0, "out");
  assert.equal(out.requiresGrad, false);
});

test("softmax and logSoftmax along any dimension", async () => {
  const x = of([3, 4], 9);
  await holdsLayer("softmax", [x], () => F.softmax(x), (x) => plain.rows(x, plain.softmax));
  const turned = (x: Nd): Nd => oracle.permute(plain.rows(oracle.permute(x, [1, 0]), plain.softmax), [1, 0]);
  await holdsLayer("softmax over 0", [x], () => F.softmax(x, 0), turned);
  const log = (x: Nd): Nd => oracle.map(plain.rows(x, plain.softmax), Math.log);
  await holdsLayer("logSoftmax", [x], () => F.logSoftmax(x), log);
  fails("shape", /softmax.*dimension 2/, () => F.softmax(x, 2));
});

test("runningSoftmax ends where softmax is", () => {
  const row = [0.5, 3, -1, 3.5, 2];
  const { max, sum } = F.runningSoftmax(row);
  assert.deepEqual([...max], [0.5, 3, 3, 3.5, 3.5]);
  const sums = row.map((_, i) => row.slice(0, i + 1).reduce((all, x) => all + Math.exp(x - Math.max(...row.slice(0, i + 1))), 0));
  close(sum, sums, 1e-6, "sum");
  assert.equal(F.runningSoftmax(new Float32Array()).max.length, 0);
});

test("crossEntropy: the mean over scored rows, whatever the shape", async () => {
  const x = of([6, 5], 3);
  const wanted = [0, 4, 2, 2, 1, 3];
  await holdsLayer("crossEntropy", [x], () => F.crossEntropy(x, ids(wanted, [6])), (x) => ({ shape: [], data: [plain.crossEntropy(x, wanted)] }));
  const some = [0, -1, 2, -1, -1, 3];
  const targets = ids(some.map((t) => (t < 0 ? data.IGNORE : t)), [6]);
  await holdsLayer("crossEntropy, ignored", [x], () => F.crossEntropy(x, targets), (x) => ({ shape: [], data: [plain.crossEntropy(x, some)] }));
  const cube = of([2, 3, 5], 3);
  await holdsLayer("crossEntropy, a cube", [cube], () => F.crossEntropy(cube, ids(wanted, [2, 3])), (x) => ({ shape: [], data: [plain.crossEntropy(x, wanted)] }));
  const { mean, rows, lse } = F.crossEntropyRows(x, targets);
  const nd = oracle.numbers([6, 5], 3);
  const sums = some.map((_, i) => plain.logSumExp(nd.data.slice(5 * i, 5 * i + 5)));
  close(await lse.read(), sums, 1e-5, "lse");
  close(await rows.read(), some.map((t, i) => (t < 0 ? 0 : (sums[i] ?? 0) - (nd.data[5 * i + t] ?? 0))), 1e-5, "rows");
  close([mean.item()], [plain.crossEntropy(nd, some)], 1e-5, "mean");
  fails("shape", /crossEntropy.*\[6, 5\] and \[5\]/, () => F.crossEntropy(x, ids([0, 1, 2, 3, 4], [5])));
  fails("dtype", /cross_?[eE]ntropy/, () => F.crossEntropy(x, tensor([0, 1, 2, 3, 4, 0])));
});

test("mseLoss, and its refusal to broadcast", async () => {
  const [a, b] = [of([3, 4], 1), of([3, 4], 2)];
  const mse = (a: Nd, b: Nd): Nd => ({ shape: [], data: [a.data.reduce((s, x, i) => s + (x - (b.data[i] ?? 0)) ** 2, 0) / 12] });
  await holdsLayer("mseLoss", [a, b], () => F.mseLoss(a, b), mse);
  fails("shape", /mseLoss: \[3, 4\] and \[3\]/, () => F.mseLoss(a, of([3])));
});

test("attention: full, causal, with another scale, with more keys than queries", async () => {
  const [q, k, v] = [of([2, 2, 4, 3], 1), of([2, 2, 4, 3], 2), of([2, 2, 4, 3], 3)];
  await holdsLayer("attention", [q, k, v], () => F.attention(q, k, v), (q, k, v) => plain.attention(q, k, v, false));
  await holdsLayer("attention, causal", [q, k, v], () => F.attention(q, k, v, { causal: true }), (q, k, v) => plain.attention(q, k, v, true));
  await holdsLayer("attention, scaled", [q, k, v], () => F.attention(q, k, v, { scale: 0.2 }), (q, k, v) => plain.attention(q, k, v, false, 0.2));
  const last = of([2, 2, 2, 3], 5);
  await holdsLayer("attention of the last queries", [last, k, v], () => F.attention(last, k, v, { causal: true }), (q, k, v) => plain.attention(q, k, v, true));
  const weights = F.attentionWeights(q, k, { causal: true });
  const [qn, kn] = [oracle.numbers([2, 2, 4, 3], 1), oracle.numbers([2, 2, 4, 3], 2)];
  await holds(weights, [2, 2, 4, 4], plain.attentionWeights(qn, kn, true).data, 1e-5, "weights");
  assert.equal(weights.requiresGrad, false);
  fails("shape", /attention/, () => F.attention(q, of([2, 2, 4, 5]), v));
  fails("value", /attention: dropout is 1; it must be at least 0 and less than 1/, () => F.attention(q, k, v, { dropout: 1 }));
});

test("attention of a packed projection, and its parts", async () => {
  const qkv = of([2, 3, 12], 4);
  for (const causal of [false, true]) {
    await holdsLayer("attentionQkv", [qkv], () => F.attentionQkv(qkv, 2, { causal }), (x) => plain.attentionQkv(x, 2, causal));
  }
  const nd = oracle.numbers([2, 3, 12], 4);
  for (const [i, part] of F.splitQkv(qkv, 2).entries()) {
    await holds(part, [2, 2, 3, 2], plain.head(nd, 2, i).data, 0, `part ${i}`);
    assert.equal(part.storage.id, qkv.storage.id, "a view");
  }
  fails("shape", /12 columns|\[2, 3, 12\]/, () => F.attentionQkv(qkv, 5));
});

test("embedding: rows of a table, places added, ids of any shape", async () => {
  const [table, places] = [of([5, 3], 1), of([4, 3], 2)];
  const list = [0, 4, 2, 2, 1, 0];
  const row = (t: Nd, i: number): number[] => t.data.slice(3 * (list[i] ?? 0), 3 * (list[i] ?? 0) + 3);
  const look = (t: Nd): Nd => ({ shape: [2, 3, 3], data: list.flatMap((_, i) => row(t, i)) });
  await holdsLayer("embedding", [table], () => F.embedding(ids(list, [2, 3]), table), look);
  const placed = (t: Nd, p: Nd): Nd => ({ shape: [2, 3, 3], data: list.flatMap((_, i) => row(t, i).map((x, d) => x + oracle.get(p, [i % 3, d]))) });
  await holdsLayer("embedding with places", [table, places], () => F.embedding(ids(list, [2, 3]), table, places), placed);
  await holdsLayer("embedding of a vector", [table], () => F.embedding(ids(list, [6]), table), (t) => ({ ...look(t), shape: [6, 3] }));
  await holdsLayer("embedding of one id", [table], () => F.embedding(ids([2], []), table), (t) => ({ shape: [3], data: t.data.slice(6, 9) }));
  close(await F.embedding(ids([9], [1, 1]), table).read(), [NaN, NaN, NaN], 0, "outside");
  fails("dtype", /embedding/, () => F.embedding(tensor([[1, 2]]), table));
  fails("shape", /embedding/, () => F.embedding(ids([0, 0, 0, 0, 0], [1, 5]), table, places));
});

test("activations", async () => {
  const x = of([3, 5], 6);
  const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
  const list = [
    ["gelu", F.gelu, plain.gelu],
    ["relu", F.relu, (v: number) => Math.max(v, 0)],
    ["sigmoid", F.sigmoid, sigmoid],
    ["silu", F.silu, (v: number) => v * sigmoid(v)],
    ["tanh", F.tanh, Math.tanh],
  ] as const;
  for (const [name, fn, one] of list) await holdsLayer(name, [x], () => fn(x), (x) => oracle.map(x, one));
});

test("dropout: its share, its scale, its seed, its gradient", async () => {
  const x = tensor(new Float32Array(40_000).fill(2), { requiresGrad: true });
  manualSeed(5);
  const first = F.dropout(x, 0.25);
  const kept = await first.read();
  assert.ok(kept.every((v) => v === 0 || Math.abs(v - 2 / 0.75) < 1e-6));
  const share = kept.filter((v) => v === 0).length / kept.length;
  assert.ok(Math.abs(share - 0.25) < 0.01, `dropped ${share}`);
  const second = F.dropout(x, 0.25);
  assert.notDeepEqual([...(await second.read())], [...kept], "another call, another mask");
  // Backward draws the masks again, in any order.
  first.sum().backward();
  close((await x.grad?.read()) ?? [], [...kept].map((v) => v / 2), 1e-6, "gradient");
  manualSeed(5);
  assert.deepEqual(await F.dropout(x, 0.25).read(), kept, "the same seed, the same mask");
  assert.equal(F.dropout(x, 0), x);
  fails("value", /dropout: p is 1; it must be at least 0 and less than 1/, () => F.dropout(x, 1));
  fails("value", /dropout: p is NaN/, () => F.dropout(x, NaN));
});

test("dropoutAdd adds what dropout leaves", async () => {
  const [r, x] = [of([8, 16], 1), of([8, 16], 2)];
  manualSeed(9);
  const sum = await F.dropoutAdd(r, x, 0.5).read();
  manualSeed(9);
  const apart = await r.add(F.dropout(x, 0.5)).read();
  close(sum, [...apart], 1e-6, "sum");
  await holdsLayer("dropoutAdd, p 0", [r, x], () => F.dropoutAdd(r, x, 0), plain.add);
  fails("shape", /dropout/, () => F.dropoutAdd(r, of([8]), 0.5));
});

test("attention with dropout: right on average, repeatable, its gradient flows", async () => {
  const [q, k, v] = [of([1, 1, 3, 4], 1), of([1, 1, 3, 4], 2), of([1, 1, 3, 4], 3)];
  manualSeed(3);
  const once = await F.attention(q, k, v, { dropout: 0.3 }).read();
  const sum = new Float64Array(12);
  for (let i = 0; i < 2000; i++) (await F.attention(q, k, v, { dropout: 0.3 }).read()).forEach((x, j) => (sum[j] = (sum[j] ?? 0) + x / 2000));
  const full = await F.attention(q, k, v).read();
  close(sum, full, 0.15, "the mean");
  manualSeed(3);
  const again = F.attention(q, k, v, { dropout: 0.3 });
  assert.deepEqual(await again.read(), once);
  again.sum().backward();
  assert.ok(v.grad !== null);
});
