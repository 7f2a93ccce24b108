/** Layers in plain loops of doubles, and how a layer is held against one of them. */
import assert from "node:assert/strict";
import { tensor } from "strata-ml";
import type { Tensor } from "strata-ml";
import { close } from "./check.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

/** Rows of the last dimension, each put through `fn`. */
export function rows(x: Nd, fn: (row: number[]) => number[]): Nd {
  const width = x.shape.at(-1) ?? 1;
  const data: number[] = [];
  let out = width;
  for (let at = 0; at < x.data.length; at += width) {
    const row = fn(x.data.slice(at, at + width));
    out = row.length;
    data.push(...row);
  }
  return { shape: [...x.shape.slice(0, -1), out], data };
}

export function linear(x: Nd, w: Nd, b?: Nd): Nd {
  const [inputs = 1, outputs = 1] = w.shape;
  return rows(x, (row) =>
    Array.from({ length: outputs }, (_, j) => {
      let sum = b === undefined ? 0 : oracle.get(b, [j]);
      for (let i = 0; i < inputs; i++) sum += (row[i] ?? NaN) * oracle.get(w, [i, j]);
      return sum;
    }),
  );
}

export const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const mean = (row: readonly number[]): number => row.reduce((sum, x) => sum + x, 0) / row.length;

/** Mean and one over the standard deviation of a row. */
export function moments(row: readonly number[], eps: number): [mean: number, rstd: number] {
  const m = mean(row);
  return [m, 1 / Math.sqrt(mean(row.map((x) => (x - m) ** 2)) + eps)];
}

export function layerNorm(x: Nd, weight: Nd, bias: Nd, eps = 1e-5): Nd {
  return rows(x, (row) => {
    const [m, rstd] = moments(row, eps);
    return row.map((v, i) => (v - m) * rstd * oracle.get(weight, [i]) + oracle.get(bias, [i]));
  });
}

export function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const e = row.map((x) => Math.exp(x - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

export function logSumExp(row: readonly number[]): number {
  const top = Math.max(...row);
  return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
}

/** Probabilities [batch, heads, rows, keys]; q and k are [batch, heads, …, dim]. */
export function attentionWeights(q: Nd, k: Nd, causal: boolean, scale?: number): Nd {
  const [batch = 1, heads = 1, n = 1, dim = 1] = q.shape;
  const keys = k.shape[2] ?? 1;
  const factor = scale ?? 1 / Math.sqrt(dim);
  const scores = oracle.build([batch, heads, n, keys], ([b = 0, h = 0, i = 0, j = 0]) => {
    if (causal && j > i + keys - n) return -Infinity;
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += oracle.get(q, [b, h, i, d]) * oracle.get(k, [b, h, j, d]);
    return sum * factor;
  });
  return rows(scores, softmax);
}

export function attention(q: Nd, k: Nd, v: Nd, causal: boolean, scale?: number): Nd {
  return oracle.matmul(attentionWeights(q, k, causal, scale), v);
}

/** Part 0, 1 or 2 of a packed projection [batch, rows, 3·width], as [batch, heads, rows, dim]. */
export function head(qkv: Nd, heads: number, part: number): Nd {
  const [batch = 1, n = 1, packed = 3] = qkv.shape;
  const dim = packed / 3 / heads;
  return oracle.build([batch, heads, n, dim], ([b = 0, h = 0, i = 0, d = 0]) => oracle.get(qkv, [b, i, part * heads * dim + h * dim + d]));
}

export function attentionQkv(qkv: Nd, heads: number, causal: boolean): Nd {
  const [batch = 1, n = 1, packed = 3] = qkv.shape;
  const [q, k, v] = [head(qkv, heads, 0), head(qkv, heads, 1), head(qkv, heads, 2)];
  const out = attention(q, k, v, causal);
  const dim = packed / 3 / heads;
  return oracle.build([batch, n, packed / 3], ([b = 0, i = 0, c = 0]) => oracle.get(out, [b, Math.floor(c / dim), i, c % dim]));
}

export function add(a: Nd, b: Nd): Nd {
  return oracle.zip(a, b, (x, y) => x + y);
}

/** Mean cross-entropy of rows [rows, classes]; a target below 0 is not scored. */
export function crossEntropy(logits: Nd, targets: readonly number[]): number {
  const classes = logits.shape.at(-1) ?? 1;
  const losses = targets.flatMap((target, i) => {
    const row = logits.data.slice(i * classes, (i + 1) * classes);
    return target < 0 ? [] : [logSumExp(row) - (row[target] ?? NaN)];
  });
  return mean(losses);
}

/** A tensor with these elements that wants a gradient. */
export function leaf(a: Nd): Tensor {
  return tensor(Float32Array.from(a.data), { shape: a.shape, requiresGrad: true });
}

/** A tensor's elements as doubles. */
export async function plain(t: Tensor): Promise<Nd> {
  return { shape: [...t.shape], data: [...(await t.read())] };
}

/**
 * Holds a layer against the same in plain loops: its output, and for every input the gradient of a
 * weighted sum of the output, which central differences of the plain loops give.
 */
export async function holdsLayer(
  what: string,
  inputs: readonly Tensor[],
  layer: () => Tensor,
  plainly: (...inputs: Nd[]) => Nd,
  tolerance = 1e-4,
): Promise<void> {
  const arrays = await Promise.all(inputs.map(plain));
  const out = layer();
  const want = plainly(...arrays);
  assert.deepEqual([...out.shape], [...want.shape], `${what}: shape`);
  close(await out.read(), want.data, tolerance, what);
  const weights = oracle.numbers(want.shape, 77);
  for (const input of inputs) input.zeroGrad();
  out.mul(tensor(Float32Array.from(weights.data), { shape: weights.shape })).sum().backward();
  for (const [i, input] of inputs.entries()) {
    const of = (moved: Nd): number => {
      const result = plainly(...arrays.map((array, j) => (i === j ? moved : array)));
      return result.data.reduce((sum, x, j) => sum + x * (weights.data[j] ?? 0), 0);
    };
    const { grad } = input;
    assert.ok(grad !== null, `${what}: no gradient of input ${i}`);
    close(await grad.read(), oracle.differences(arrays[i] ?? weights, of, 1e-4), 10 * tolerance, `${what}: gradient of input ${i}`);
  }
}
