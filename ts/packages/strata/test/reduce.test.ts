/** Reductions and softmax against plain loops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tensor, Tensor, zeros } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";
import { devices } from "./devices.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

for (const device of await devices()) {
  const up = (a: Nd): Tensor => tensor(Float32Array.from(a.data), { shape: a.shape, device });
  const is = (got: Tensor, want: Nd, tolerance = 1e-5, what = ""): Promise<void> =>
    holds(got, want.shape, want.data, tolerance, what);

  test(`${device.name}: sum, mean, max, min over any dimensions`, async () => {
    const add = (all: number[]): number => all.reduce((sum, x) => sum + x, 0);
    const fns = {
      sum: add,
      mean: (all: number[]) => add(all) / all.length,
      max: (all: number[]) => Math.max(...all),
      min: (all: number[]) => Math.min(...all),
    };
    const a = oracle.numbers([2, 3, 4], 6);
    for (const name of ["sum", "mean", "max", "min"] as const) {
      for (const keepdim of [false, true]) {
        await is(up(a)[name](undefined, { keepdim }), oracle.reduce(a, [0, 1, 2], keepdim, fns[name]));
        for (const dims of [[0], [1], [2], [0, 2], [2, 1], []]) {
          await is(
            up(a)[name](dims, { keepdim }),
            oracle.reduce(a, dims, keepdim, fns[name]),
            1e-5,
            `${name} ${dims}`,
          );
        }
        await is(up(a)[name](-2, { keepdim }), oracle.reduce(a, [1], keepdim, fns[name]));
        await is(
          up(a).permute(2, 0, 1)[name](0, { keepdim }),
          oracle.reduce(oracle.permute(a, [2, 0, 1]), [0], keepdim, fns[name]),
        );
      }
      fails("shape", new RegExp(`${name}: there is no dimension 3 in shape \\[2, 3, 4\\]: use -3 to 2`), () =>
        up(a)[name](3),
      );
      for (const bad of [-4, NaN, 0.5, Infinity])
        fails("shape", /there is no dimension/, () => up(a)[name](bad));
      fails("shape", /dimension 1 is named twice/, () => up(a)[name]([1, -2]));
      fails("argument", /dim is a number or a list/, () => untyped(up(a)[name], up(a), "0"));
      await is(up({ shape: [], data: [3] })[name](), { shape: [], data: [3] });
    }
    await holds(zeros([0], { device }).sum(), [], [0]);
    await holds(zeros([0, 2], { device }).max(0), [2], [-Infinity, -Infinity]);
    await holds(zeros([0], { device }).mean(), [], [NaN]);
  });

  test(`${device.name}: variance, deviation, norm`, async () => {
    const a = oracle.numbers([3, 5], 7);
    const variance =
      (correction: number) =>
      (all: number[]): number => {
        const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
        return all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - correction);
      };
    const root =
      (fn: (all: number[]) => number) =>
      (all: number[]): number =>
        Math.sqrt(fn(all));
    await is(up(a).var(), oracle.reduce(a, [0, 1], false, variance(1)));
    await is(up(a).var(1, { keepdim: true }), oracle.reduce(a, [1], true, variance(1)));
    await is(up(a).var(0, { correction: 0 }), oracle.reduce(a, [0], false, variance(0)));
    await is(up(a).std(-1), oracle.reduce(a, [1], false, root(variance(1))));
    await is(up(a).std(), oracle.reduce(a, [0, 1], false, root(variance(1))));
    const length = root((all) => all.reduce((sum, x) => sum + x * x, 0));
    await is(up(a).norm(), oracle.reduce(a, [0, 1], false, length));
    await is(up(a).norm(1, { keepdim: true }), oracle.reduce(a, [1], true, length));
    await holds(tensor([3], { device }).var(), [], [NaN]);
    fails("value", /var: correction must be a finite number/, () => up(a).var(0, { correction: NaN }));
  });

  test(`${device.name}: argmax`, async () => {
    const a = oracle.numbers([2, 3, 4], 8);
    const place = (all: number[]): number => all.indexOf(Math.max(...all));
    await is(up(a).argmax(), oracle.reduce(a, [0, 1, 2], false, place));
    await holds(up(a).argmax(undefined, { keepdim: true }), [1, 1, 1], [place([...a.data])]);
    for (const dim of [0, 1, 2]) {
      await is(up(a).argmax(dim), oracle.reduce(a, [dim], false, place));
      await is(up(a).argmax(dim - 3, { keepdim: true }), oracle.reduce(a, [dim], true, place));
    }
    assert.equal(up(a).argmax().dtype, "u32");
    await holds(tensor([1, 5, 5], { device }).argmax(), [], [1]);
    assert.equal(tensor(3, { device }).argmax().item(), 0);
    fails("shape", /argmax: there is nothing to choose from in shape \[2, 0\]/, () =>
      zeros([2, 0], { device }).argmax(1),
    );
    fails("shape", /argmax: there is no dimension 1/, () => zeros([2], { device }).argmax(1));
  });

  test(`${device.name}: softmax along any dimension`, async () => {
    const a = oracle.numbers([2, 3, 4], 9);
    for (const dim of [0, 1, 2, -1]) {
      const sums = oracle.reduce(a, [(dim + 3) % 3], true, (all) =>
        all.reduce((sum, x) => sum + Math.exp(x), 0),
      );
      await is(
        up(a).softmax(dim),
        oracle.zip(a, sums, (x, s) => Math.exp(x) / s),
      );
      await is(
        up(a).logSoftmax(dim),
        oracle.zip(a, sums, (x, s) => x - Math.log(s)),
      );
    }
    assert.deepEqual(await up(a).softmax().read(), await up(a).softmax(2).read());
    fails("shape", /softmax: there is no dimension 0 in shape \[\]: it has none/, () =>
      tensor(1, { device }).softmax(0),
    );
  });
}
