/** Choosing among elements: by a condition, by place, by size, by chance; and integers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cat, full, functional, manualSeed, onesLike, rand, tensor, where, zeros, zerosLike } from "strata-ml";
import type { DType, Tensor } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";
import { devices } from "./devices.ts";

const OUTSIDE = 4294967295;

function slope(leaf: Tensor): Tensor {
  assert.ok(leaf.grad !== null);
  return leaf.grad;
}

for (const device of await devices()) {
  const floats = (data: number[], shape = [data.length]): Tensor => tensor(Float32Array.from(data), { shape, device });
  const ints = (data: number[], shape = [data.length]): Tensor => tensor(Int32Array.from(data), { shape, device });
  const ids = (data: number[], shape = [data.length]): Tensor => tensor(Uint32Array.from(data), { shape, device });
  const leaf = (data: number[], shape = [data.length]): Tensor =>
    tensor(Float32Array.from(data), { shape, device, requiresGrad: true });

  test(`${device.name}: integers add, multiply, divide, compare`, async () => {
    const a = ints([7, -7, 2147483647, -2147483648, 0]);
    const b = ints([2, 2, 1, -1, 5]);
    await holds(a.add(b), [5], [9, -5, -2147483648, 2147483647, 5]);
    await holds(a.sub(b), [5], [5, -9, 2147483646, -2147483647, -5]);
    await holds(a.mul(b), [5], [14, -14, 2147483647, -2147483648, 0]);
    await holds(a.div(b), [5], [3, -3, 2147483647, -2147483648, 0]);
    await holds(a.rem(b), [5], [1, -1, 0, 0, 0]);
    await holds(a.div(0), [5], [7, -7, 2147483647, -2147483648, 0]);
    await holds(a.rem(0), [5], [0, 0, 0, 0, 0]);
    await holds(a.maximum(1), [5], [7, 1, 2147483647, 1, 1]);
    await holds(a.minimum(b), [5], [2, -7, 1, -2147483648, 0]);
    await holds(a.neg(), [5], [-7, 7, -2147483647, -2147483648, 0]);
    assert.equal(a.add(1).dtype, "i32");

    const tokens = ids([3, 5, 3, OUTSIDE], [2, 2]);
    await holds(tokens.eq(3), [2, 2], [1, 0, 1, 0]);
    await holds(tokens.ne(3), [2, 2], [0, 1, 0, 1]);
    await holds(tokens.gt(4), [2, 2], [0, 1, 0, 1]);
    await holds(tokens.ge(5), [2, 2], [0, 1, 0, 1]);
    await holds(tokens.lt(ids([4, 6])), [2, 2], [1, 1, 1, 0]);
    await holds(tokens.le(3), [2, 2], [1, 0, 1, 0]);
    await holds(tokens.add(1), [2, 2], [4, 6, 4, 0]);
    await holds(tokens.sub(4), [2, 2], [OUTSIDE, 1, OUTSIDE, 4294967291]);
    assert.equal(tokens.eq(3).dtype, "f32");
    // Two that f32 cannot tell apart.
    await holds(ids([16777217, 16777216]).eq(16777216), [2], [0, 1]);

    fails("dtype", /add/, () => a.add(tokens));
    fails("dtype", /mul/, () => a.mul(floats([1])));
    fails("dtype", /rem/, () => floats([1]).rem(2));
    // Another op does the work, and is not the one to be named.
    fails("dtype", /^neg takes floats or i32, got u32/, () => tokens.neg());
    fails("dtype", /^pow takes floats, got i32/, () => a.pow(2));
    for (const [op, want] of [["add", 3], ["sub", -1], ["mul", 2]] as const) {
      const half = floats([1]).cast("bf16");
      if (device.machine === "wgpu") {
        fails("dtype", new RegExp(`^${op} takes f32, got bf16 as .x.: it has no rung`), () => half[op](2));
      } else {
        assert.equal(half[op](2).dtype, "bf16");
        await holds(half[op](2).cast("f32"), [1], [want]);
      }
    }
    fails("value", /whole numbers from 0 to 4294967295/, () => tokens.eq(-1));
    fails("value", /whole numbers from -2147483648/, () => a.add(0.5));
  });

  test(`${device.name}: where takes one or the other, and its gradient too`, async () => {
    const [a, b] = [leaf([1, NaN, 3]), leaf([10, 20, Infinity])];
    const chosen = where(floats([1, 0, NaN]), a, b);
    await holds(chosen, [3], [1, 20, 3]);
    chosen.square().sum().backward();
    await holds(slope(a), [3], [2, 0, 6]);
    await holds(slope(b), [3], [0, 40, 0]);
    await holds(where(ids([0, 2]), floats([1, 2, 3], [3, 1]), -1), [3, 2], [-1, 1, -1, 2, -1, 3]);
    await holds(where(floats([1, -0]), 5, 6), [2], [5, 6]);
    await holds(where(floats([1, 0]), 5, ids([7, 8])), [2], [5, 8]);
    await holds(ids([7, 8]).where(ids([0, 1]), 0), [2], [0, 8]);
    fails("dtype", /where/, () => where(floats([1]), ids([1]), floats([1])));
    fails("shape", /where/, () => where(floats([1, 0]), floats([1, 2, 3]), 0));
  });

  test(`${device.name}: triangles`, async () => {
    const x = leaf([1, 2, 3, 4, 5, NaN], [2, 3]);
    await holds(x.tril(), [2, 3], [1, 0, 0, 4, 5, 0]);
    await holds(x.tril(-1), [2, 3], [0, 0, 0, 4, 0, 0]);
    await holds(x.triu(1), [2, 3], [0, 2, 3, 0, 0, NaN]);
    await holds(x.triu(-9), [2, 3], [1, 2, 3, 4, 5, NaN]);
    x.tril().square().sum().backward();
    await holds(slope(x), [2, 3], [2, 0, 0, 8, 10, 0]);
    await holds(ids([1, 2, 3, 4], [2, 2]).tril(), [2, 2], [1, 0, 3, 4]);
    fails("shape", /tril/, () => floats([1]).tril());
    fails("value", /diagonal/, () => x.tril(0.5));
    fails("argument", /diagonal/, () => untyped(x.tril, x, "1"));
  });

  test(`${device.name}: isnan, zerosLike, onesLike, oneHot`, async () => {
    await holds(floats([NaN, 1, Infinity, -0]).isnan(), [4], [1, 0, 0, 0]);
    for (const dtype of ["f32", "bf16", "f16", "i32", "u32"] as DType[]) {
      const like = zeros([2, 1], { device, dtype });
      const [none, all] = [zerosLike(like), onesLike(like)];
      assert.deepEqual([none.dtype, none.shape, all.dtype, all.device.name], [dtype, [2, 1], dtype, device.name]);
      await holds(none.cast("f32"), [2, 1], [0, 0]);
      await holds(all.cast("f32"), [2, 1], [1, 1]);
      await holds(onesLike(zeros([], { device, dtype })).cast("f32"), [], [1]);
      await holds(full([], 3, { device, dtype }).cast("f32"), [], [3]);
    }
    assert.equal(zerosLike(ids([1]), { dtype: "f32" }).dtype, "f32");
    await holds(functional.oneHot(ids([2, 0], [2, 1]), 3), [2, 1, 3], [0, 0, 1, 1, 0, 0]);
    await holds(functional.oneHot(ints([-1, 1, 2]), 2), [3, 2], [NaN, NaN, 0, 1, NaN, NaN]);
    fails("dtype", /one/i, () => functional.oneHot(floats([1]), 2));
    fails("value", /classes/, () => functional.oneHot(ids([1]), 1.5));
  });

  test(`${device.name}: gather and scatterAdd are each other's gradient`, async () => {
    const x = leaf([1, 2, 3, 4, 5, 6], [3, 2]);
    const index = ids([2, 0, 2, 1], [2, 2]);
    const got = x.gather(0, index);
    await holds(got, [2, 2], [5, 2, 5, 4]);
    got.sum().backward();
    await holds(slope(x), [3, 2], [0, 1, 0, 1, 2, 0]);
    await holds(x.gather(-1, ints([1, 0, -1], [3, 1])), [3, 1], [2, 3, NaN]);
    const source = leaf([10, 20, 30, 40], [2, 2]);
    const sum = x.detach().scatterAdd(0, index, source);
    await holds(sum, [3, 2], [1, 22, 3, 44, 45, 6]);
    sum.mul(floats([1, 2, 3, 4, 5, 6], [3, 2])).sum().backward();
    await holds(slope(source), [2, 2], [5, 2, 5, 4]);
    fails("dtype", /gather/, () => x.gather(0, floats([1], [1, 1])));
    fails("shape", /gather/, () => x.gather(0, ids([1])));
    fails("shape", /there is no dimension 2/, () => x.gather(2, index));
    fails("shape", /scatter/i, () => x.scatterAdd(0, index, floats([1])));
  });

  test(`${device.name}: running sums and the largest`, async () => {
    const x = leaf([1, 2, 3, 4, 5, 6], [2, 3]);
    await holds(x.cumsum(-1), [2, 3], [1, 3, 6, 4, 9, 15]);
    await holds(x.cumsum(0), [2, 3], [1, 2, 3, 5, 7, 9]);
    x.cumsum(1).mul(floats([1, 10, 100])).sum().backward();
    await holds(slope(x), [2, 3], [111, 110, 100, 111, 110, 100]);
    await holds(ids([OUTSIDE, 2]).cumsum(0), [2], [OUTSIDE, 1]);

    const y = leaf([3, NaN, 1, 3, -Infinity, 2], [2, 3]);
    const { values, indices } = y.topk(2);
    await holds(values, [2, 2], [NaN, 3, 3, 2]);
    await holds(indices, [2, 2], [1, 0, 0, 2]);
    assert.equal(indices.dtype, "u32");
    values.mul(floats([1, 2])).sum().backward();
    await holds(slope(y), [2, 3], [2, 1, 0, 1, 0, 2]);
    const columns = y.detach().topk(1, 0);
    await holds(columns.values, [1, 3], [3, NaN, 2]);
    await holds(columns.indices, [1, 3], [0, 0, 1]);
    const many = rand([2, 500], { device, seed: 3 });
    const sorted = many.toArray() as number[][];
    await holds(many.topk(500).values, [2, 500], sorted.flatMap((row) => [...row].sort((a, b) => b - a)));
    await holds(y.topk(0).values, [2, 0], []);
    fails("shape", /there are no 4 elements in a row of 3/, () => y.topk(4));
    fails("value", /k is -1/, () => y.topk(-1));
    fails("dtype", /topk/, () => ids([1]).topk(1));
  });

  test(`${device.name}: draws follow their weights and their seed`, async () => {
    const weights = floats([1, 0, 3], [1, 3]);
    const draws = weights.multinomial(4000, { replacement: true, seed: 5 });
    assert.deepEqual([draws.shape, draws.dtype], [[1, 4000], "u32"]);
    const places = await draws.read("u32");
    const count = (place: number): number => places.filter((p) => p === place).length;
    assert.equal(count(1), 0);
    assert.ok(Math.abs(count(2) - 3000) < 150, `${count(2)}`);
    await holds(weights.multinomial(4000, { replacement: true, seed: 5 }), [1, 4000], places);
    manualSeed(1);
    const first = await weights.multinomial(50, { replacement: true }).read("u32");
    assert.notDeepEqual(await weights.multinomial(50, { replacement: true }).read("u32"), first);
    manualSeed(1);
    assert.deepEqual(await weights.multinomial(50, { replacement: true }).read("u32"), first);
    const all = await weights.multinomial(3, { seed: 1 }).read("u32");
    assert.deepEqual(all.sort(), Uint32Array.of(0, 2, OUTSIDE));
    await holds(floats([1, -1, 1]).multinomial(1), [1], [OUTSIDE]);
    fails("shape", /4 draws without replacement from 3 places/, () => weights.multinomial(4));
    fails("value", /draws/, () => weights.multinomial(1.5));
    fails("argument", /replacement/, () => untyped(weights.multinomial, weights, 1, { replacement: 1 }));
  });

  test(`${device.name}: splits are views that join again`, async () => {
    const x = leaf([1, 2, 3, 4, 5, 6, 7], [7]);
    const shapes = (parts: Tensor[]): number[] => parts.map((part) => part.numel);
    assert.deepEqual(shapes(x.split(3)), [3, 3, 1]);
    assert.deepEqual(shapes(x.split([2, 0, 5])), [2, 0, 5]);
    assert.deepEqual(shapes(x.chunk(3)), [3, 3, 1]);
    assert.deepEqual(shapes(x.chunk(100)), [1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual(shapes(zeros([0], { device }).split(2)), [0]);
    const parts = x.split(4);
    assert.equal(parts[1]?.storage.id, x.storage.id);
    await holds(cat([...parts].reverse()), [7], [5, 6, 7, 1, 2, 3, 4]);
    cat(parts).square().sum().backward();
    await holds(slope(x), [7], [2, 4, 6, 8, 10, 12, 14]);
    fails("shape", /do not add up/, () => x.split([3, 3]));
    fails("value", /size/, () => x.split(0));
    fails("value", /count/, () => x.chunk(0));
    fails("argument", /size/, () => untyped(x.split, x, "2"));
  });
}
