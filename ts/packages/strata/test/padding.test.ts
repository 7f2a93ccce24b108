/** What is left out: padding in attention; and how errors are weighed in the loss. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { functional as F, nn, randn, tensor } from "strata-ml";
import type { Tensor } from "strata-ml";
import { close, fails, holds, untyped } from "./check.ts";
import { devices } from "./devices.ts";

const IGNORE = 0xffffffff;

for (const device of await devices()) {
  const up = (data: number[], shape = [data.length]): Tensor => tensor(data, { shape, device });
  const ids = (data: number[], shape = [data.length]): Tensor => tensor(Uint32Array.from(data), { shape, device });
  const slope = (leaf: Tensor): Tensor => {
    assert.ok(leaf.grad !== null);
    return leaf.grad;
  };

  test(`${device.name}: padding is as if it were not there`, async () => {
    const [batch, heads, rows, dim] = [2, 2, 5, 8];
    const draw = (seed: number): Tensor => randn([batch, heads, rows, dim], { device, seed, requiresGrad: true });
    for (const causal of [false, true]) {
      const [q, k, v] = [draw(1), draw(2), draw(3)];
      // The second sequence is padded at its end.
      const keyMask = ids([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [batch, rows]);
      const out = F.attention(q, k, v, { causal, keyMask });
      out.square().sum().backward();
      const part = (x: Tensor): Tensor => x.detach().slice([1, 2], null, [0, 3]).contiguous();
      const alone = [q, k, v].map((x) => {
        const leaf = part(x);
        leaf.requiresGrad = true;
        return leaf;
      });
      const [a, b, c] = alone as [Tensor, Tensor, Tensor];
      const short = F.attention(a, b, c, { causal });
      await holds(out.slice([1, 2], null, [0, 3]), [1, heads, 3, dim], await short.read(), 1e-5);
      if (causal) {
        // The queries of padding look at the tokens before them, and add to their gradients.
        await holds(slope(v).slice([1, 2], null, [3, 5]), [1, heads, 2, dim], new Float32Array(2 * heads * dim));
        continue;
      }
      const whole = F.attention(q.detach(), k.detach(), v.detach(), { keyMask: ids([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 5]) });
      await holds(out, [batch, heads, rows, dim], await whole.read(), 0);
    }
  });

  test(`${device.name}: a sequence of padding alone gives zeros and no gradient`, async () => {
    const qkv = randn([2, 3, 3 * 8], { device, seed: 4, requiresGrad: true });
    const keyMask = up([1, 0, 1, 0, 0, 0], [2, 3]);
    const out = F.attentionQkv(qkv, 2, { keyMask });
    await holds(out.select(0, 1), [3, 8], new Float32Array(24));
    out.square().sum().backward();
    await holds(slope(qkv).select(0, 1), [3, 24], new Float32Array(72));
    const [q, k] = F.splitQkv(qkv, 2);
    const weights = F.attentionWeights(q, k, { keyMask });
    await holds(weights.select(0, 1), [2, 3, 3], new Float32Array(18));
    await holds(weights.select(0, 0).select(2, 1), [2, 3], new Float32Array(6));
  });

  test(`${device.name}: nothing of what is left out comes through`, async () => {
    const data = [...(await randn([1, 4, 3 * 8], { seed: 5 }).read())];
    for (let i = 8; i < 24; i++) data[24 + i] = NaN; // keys and values of the second token
    const qkv = tensor(data, { shape: [1, 4, 24], device, requiresGrad: true });
    const out = F.attentionQkv(qkv, 2, { causal: true, keyMask: ids([1, 0, 1, 1], [1, 4]) });
    assert.ok((await out.read()).every(Number.isFinite));
    out.sum().backward();
    assert.ok((await slope(qkv).read()).every(Number.isFinite));
    const layer = new nn.TransformerBlock(16, 2, { device, causal: false, seed: 1 });
    const x = randn([1, 3, 16], { device, seed: 6 });
    const keyMask = ids([1, 1, 0], [1, 3]);
    const [two, three] = [layer.forward(x.slice(null, [0, 2])), layer.forward(x, { keyMask })];
    await holds(three.slice(null, [0, 2]), [1, 2, 16], await two.read(), 1e-5);
    await holds(layer.weights(x, { keyMask }).select(3, 2), [1, 2, 3], new Float32Array(6));
    fails("shape", /mask/, () => F.attentionQkv(qkv, 2, { keyMask: ids([1, 0]) }));
    fails("argument", /attention/, () => untyped(F.attentionQkv, F, qkv, 2, { keyMask: [1, 0, 1, 1] }));
    // A mask in the place of the options is no option, and would go unseen.
    const bare = /options must be an object, got a Tensor; it goes in as \{ keyMask \}/;
    fails("argument", bare, () => untyped(F.attentionQkv, F, qkv, 2, keyMask));
    fails("argument", bare, () => untyped(layer.forward, layer, x, keyMask));
    fails("argument", bare, () => untyped(layer.attn.weights, layer.attn, x, keyMask));
  });

  test(`${device.name}: smoothed targets and weighted classes`, async () => {
    const x = [0.2, -1, 3, 0.5, 0, 0.1, 2, 2, -0.7, 1, 1, 1];
    const [goals, weights] = [[2, IGNORE, 1, 0], [0.5, 2, 1]];
    for (const labelSmoothing of [0, 0.1, 1]) {
      for (const weighted of [false, true]) {
        const logits = tensor(x, { shape: [4, 3], device, requiresGrad: true });
        const classWeights = weighted ? up(weights) : undefined;
        const loss = F.crossEntropy(logits, ids(goals), { labelSmoothing, classWeights });
        const w = weighted ? weights : [1, 1, 1];
        let [sum, total] = [0, 0];
        const slopes: number[] = [];
        for (const [i, goal] of goals.entries()) {
          const row = x.slice(3 * i, 3 * i + 3);
          const all = row.reduce((s, v) => s + Math.exp(v), 0);
          if (goal === IGNORE) {
            slopes.push(0, 0, 0);
            continue;
          }
          const share = (j: number): number =>
            (j === goal ? (1 - labelSmoothing) * (w[j] ?? 0) : 0) + (labelSmoothing / 3) * (w[j] ?? 0);
          const shares = [0, 1, 2].map(share);
          const mass = shares.reduce((s, v) => s + v, 0);
          row.forEach((v, j) => {
            sum -= (shares[j] ?? 0) * (v - Math.log(all));
            slopes.push((mass * Math.exp(v)) / all - (shares[j] ?? 0));
          });
          total += w[goal] ?? 0;
        }
        close([loss.item()], [sum / total], 1e-5);
        loss.backward();
        await holds(slope(logits), [4, 3], slopes.map((s) => s / total), 1e-5);
      }
    }
    const logits = up(x, [4, 3]);
    assert.equal(F.crossEntropy(logits, ids([IGNORE, IGNORE, IGNORE, IGNORE]), { labelSmoothing: 0.1 }).item(), 0);
    fails("value", /labelSmoothing is 1.5/, () => F.crossEntropy(logits, ids(goals), { labelSmoothing: 1.5 }));
    fails("shape", /class weights/, () => F.crossEntropy(logits, ids(goals), { classWeights: up([1]) }));
    fails("dtype", /crossEntropy|cross_entropy/, () => F.crossEntropy(logits, ids(goals), { classWeights: ids([1, 1, 1]) }));
    fails("argument", /crossEntropy/, () => untyped(F.crossEntropy, F, logits, ids(goals), { classWeights: [1, 1, 1] }));
    fails("argument", /goes in as \{ classWeights \}/, () => untyped(F.crossEntropy, F, logits, ids(goals), up(weights)));
  });
}
