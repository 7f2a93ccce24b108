/** Views: other shapes over the same memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, Device, tensor, Tensor, zeros } from "strata-ml";
import type { Range } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";
import { devices, elsewhere } from "./devices.ts";

for (const device of await devices()) {
  const cube = (): Tensor => arange(24, { device }).reshape(2, 3, 4);
  const from = (
    at: (i: number, j: number, k: number) => number,
    [a, b, c]: [number, number, number],
  ): number[] => {
    const all: number[] = [];
    for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) all.push(at(i, j, k));
    return all;
  };
  const place = (i: number, j: number, k: number): number => i * 12 + j * 4 + k;

  test(`${device.name}: casts wrap between integers, and saturate from floats`, async () => {
    const whole = tensor([-7, -1, 0, 7, -(2 ** 31), 2 ** 31 - 1], { device, dtype: "i32" });
    const wrapped = [4294967289, 4294967295, 0, 7, 2 ** 31, 2 ** 31 - 1];
    assert.deepEqual([...(await whole.cast("u32").read("u32"))], wrapped);
    assert.deepEqual([...(await whole.cast("u32").cast("i32").read("i32"))], [...(await whole.read("i32"))]);
    const floats = tensor([-7, -0.5, 7.9, NaN, Infinity, -Infinity, 3e9, 5e9], { device });
    const [low, high, most] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1];
    assert.deepEqual([...(await floats.cast("u32").read("u32"))], [0, 0, 7, 0, most, 0, 3e9, most]);
    assert.deepEqual([...(await floats.cast("i32").read("i32"))], [-7, 0, 7, 0, high, low, high, high]);
    assert.deepEqual([...(await whole.cast("f32").read())].slice(0, 4), [-7, -1, 0, 7]);
  });

  test(`${device.name}: reshape, flatten, squeeze, unsqueeze`, async () => {
    const t = cube();
    await holds(t.reshape(4, 6), [4, 6], [...Array(24).keys()]);
    await holds(t.reshape([-1, 2]), [12, 2], [...Array(24).keys()]);
    await holds(t.reshape(-1), [24], [...Array(24).keys()]);
    assert.equal(t.reshape(4, 6).storage.id, t.storage.id);
    await holds(
      t.permute(2, 0, 1).reshape(4, 6),
      [4, 6],
      from((k, i, j) => place(i, j, k), [4, 2, 3]),
    );
    await holds(t.flatten(), [24], [...Array(24).keys()]);
    await holds(t.flatten(1), [2, 12], [...Array(24).keys()]);
    await holds(t.flatten(0, -2), [6, 4], [...Array(24).keys()]);
    await holds(tensor(3, { device }).flatten(), [1], [3]);
    await holds(tensor(3, { device }).reshape([]), [], [3]);
    const thin = zeros([1, 3, 1], { device });
    assert.deepEqual(thin.squeeze().shape, [3]);
    assert.deepEqual(thin.squeeze(-1).shape, [1, 3]);
    assert.deepEqual(thin.unsqueeze(0).shape, [1, 1, 3, 1]);
    assert.deepEqual(thin.unsqueeze(-1).shape, [1, 3, 1, 1]);
    assert.deepEqual(zeros([0, 3], { device }).reshape(3, 0).shape, [3, 0]);
    fails("shape", /reshape.*\[2, 3, 4\], \[5, 5\]/, () => t.reshape(5, 5));
    fails("shape", /reshape: shape \[2, 3, 4\] has 24 elements, which does not divide into \[5, -1\]/, () =>
      t.reshape(5, -1),
    );
    fails("shape", /reshape: \[-1\] is no shape/, () => t.reshape(-1, -1));
    for (const bad of [NaN, 1.5, -2]) fails("shape", /reshape: .* is no shape/, () => t.reshape(24, bad));
    fails("size", /reshape: shape/, () => t.reshape(2 ** 40));
    fails("shape", /squeeze: dimension 1 is not 1.*\[2, 3, 4\]/, () => t.squeeze(1));
    fails("shape", /unsqueeze: there is no dimension 4/, () => t.unsqueeze(4));
    fails("shape", /6 dimensions/, () => zeros([1, 1, 1, 1, 1, 1], { device }).unsqueeze(0));
    fails("shape", /flatten: dimension 2 does not come before 1/, () => t.flatten(2, 1));
  });

  test(`${device.name}: permute, transpose, t, T`, async () => {
    const t = cube();
    await holds(
      t.permute(2, 0, 1),
      [4, 2, 3],
      from((k, i, j) => place(i, j, k), [4, 2, 3]),
    );
    await holds(
      t.permute([-1, 1, 0]),
      [4, 3, 2],
      from((k, j, i) => place(i, j, k), [4, 3, 2]),
    );
    await holds(
      t.transpose(0, -1),
      [4, 3, 2],
      from((k, j, i) => place(i, j, k), [4, 3, 2]),
    );
    assert.equal(t.transpose(0, 1).storage.id, t.storage.id);
    await holds(
      t.at(0).T,
      [4, 3],
      from((k, j) => place(0, j, k), [4, 3, 1]),
    );
    await holds(tensor([1, 2], { device }).T, [2], [1, 2]);
    await holds(tensor(1, { device }).t(), [], [1]);
    fails("shape", /t: shape \[2, 3, 4\] has 3 dimensions.*transpose/, () => t.T);
    fails("shape", /permute: \[0, 1\] must name each dimension once.*\[2, 3, 4\]/, () => t.permute(0, 1));
    fails("shape", /permute: \[0, 0, 1\] must name/, () => t.permute(0, 0, 1));
    for (const bad of [3, -4, NaN, 0.5]) {
      fails("shape", /permute: there is no dimension/, () => t.permute(0, 1, bad));
      fails("shape", /transpose: there is no dimension/, () => t.transpose(0, bad));
    }
  });

  test(`${device.name}: at, select, narrow, slice`, async () => {
    const t = cube();
    await holds(
      t.at(1),
      [3, 4],
      [...Array(12).keys()].map((i) => i + 12),
    );
    await holds(t.at(-1, 0), [4], [12, 13, 14, 15]);
    assert.equal(t.at(1, 2, -1).item(), 23);
    await holds(t.at(), [2, 3, 4], [...Array(24).keys()]);
    await holds(
      t.select(1, -1),
      [2, 4],
      from((i, _, k) => place(i, 2, k), [2, 1, 4]),
    );
    await holds(
      t.narrow(2, 1, 2),
      [2, 3, 2],
      from((i, j, k) => place(i, j, k + 1), [2, 3, 2]),
    );
    await holds(
      t.narrow(-1, -1, 1),
      [2, 3, 1],
      from((i, j) => place(i, j, 3), [2, 3, 1]),
    );
    assert.deepEqual(t.narrow(0, 2, 0).shape, [0, 3, 4]);
    const cases: [Range[], number[], number[]][] = [
      [[], [2, 3, 4], from(place, [2, 3, 4])],
      [[null, [1]], [2, 2, 4], from((i, j, k) => place(i, j + 1, k), [2, 2, 4])],
      [[null, [1, 3], 0], [2, 2], from((i, j) => place(i, j + 1, 0), [2, 2, 1])],
      [[0, [null, -1]], [2, 4], from((_, j, k) => place(0, j, k), [1, 2, 4])],
      [[null, null, [0, 4, 2]], [2, 3, 2], from((i, j, k) => place(i, j, 2 * k), [2, 3, 2])],
      [[null, null, [1, undefined, 3]], [2, 3, 1], from((i, j) => place(i, j, 1), [2, 3, 1])],
      [[-1, -1, [-3, -1]], [2], [21, 22]],
      [[[5, 9]], [0, 3, 4], []],
      [[[1, 0]], [0, 3, 4], []],
      [[[-9, 9], [], [0, Infinity, 100]], [2, 3, 1], from((i, j) => place(i, j, 0), [2, 3, 1])],
    ];
    for (const [ranges, shape, want] of cases)
      await holds(t.slice(...ranges), shape, want, 0, JSON.stringify(ranges));
    assert.equal(t.slice(null, [1]).storage.id, t.storage.id);
    for (const bad of [2, -3, NaN, 0.5, Infinity]) {
      fails("index", /at: there is no index .* in dimension 0 of shape \[2, 3, 4\]: use -2 to 1/, () =>
        t.at(bad),
      );
      fails("index", /slice: there is no index .* in dimension 0/, () => t.slice(bad));
      fails("index", /select: there is no index/, () => t.select(0, bad));
    }
    fails("shape", /at: 4 indices for shape \[2, 3, 4\], which has 3/, () => t.at(0, 0, 0, 0));
    fails("index", /it is empty/, () => zeros([0], { device }).at(0));
    for (const bad of [[NaN], [0, 0.5], [0, 2, NaN]] as const)
      fails("index", /slice: a range is made of whole numbers/, () => t.slice(bad));
    for (const step of [0, -1, -Infinity])
      fails("index", /slice: a step is 1 or more/, () => t.slice([0, 2, step]));
    for (const [start, length] of [
      [0, 3],
      [2, 1],
      [-3, 1],
      [0, -1],
      [NaN, 1],
      [0, 0.5],
    ] as const) {
      fails("index", /narrow: .* do not lie in dimension 0 of shape \[2, 3, 4\]/, () =>
        t.narrow(0, start, length),
      );
    }
  });

  test(`${device.name}: expand, contiguous, cast`, async () => {
    const t = tensor([[1], [2]], { device });
    await holds(t.expand(2, 3), [2, 3], [1, 1, 1, 2, 2, 2]);
    await holds(t.expand([2, -1, 2]), [2, 2, 2], [1, 1, 2, 2, 1, 1, 2, 2]);
    assert.deepEqual(t.expand(-1, 3).strides, [1, 0]);
    assert.equal(t.expand(2, 3).contiguous().isContiguous, true);
    assert.equal(t.contiguous().storage.id, t.storage.id);
    await holds(tensor([1.9, -1.9, 3], { device }).cast("i32"), [3], [1, -1, 3]);
    await holds(tensor([1.9, 3], { device }).cast("u32"), [2], [1, 3]);
    await holds(tensor([1, 2], { device, dtype: "i32" }).float(), [2], [1, 2]);
    await holds(
      tensor([1 / 3], { device })
        .cast("bf16")
        .float(),
      [1],
      [0.333984375],
      0,
    );
    await holds(
      tensor([1 / 3], { device })
        .cast("f16")
        .float(),
      [1],
      [0.333251953125],
      0,
    );
    fails("shape", /2 does not stretch to 3.*\[2, 1\], \[3, 1\]/, () => t.expand(3, 1));
    fails("shape", /the rank cannot shrink/, () => t.expand(2));
    fails("shape", /expand: \[-1, 2, 1\] is no shape/, () => t.expand(-1, 2, 1));
    fails("dtype", /cast: f64 is no dtype/, () => untyped(t.cast, t, "f64"));
  });

  test(`${device.name}: writes through a view are writes into the tensor`, async () => {
    const t = zeros([2, 2], { device });
    t.T.select(0, 0).fill(5);
    await holds(t, [2, 2], [5, 0, 5, 0]);
    const row = t.at(1);
    t.dispose();
    await holds(row, [2], [5, 0]);
  });
}

test("to(): other devices, and this one", async () => {
  const t = tensor([
    [1, 2],
    [3, 4],
  ]);
  const same = await t.to(Device.cpu());
  assert.notEqual(same, t);
  await holds(same, [2, 2], [1, 2, 3, 4]);
  const other = await elsewhere();
  if (other === undefined) return console.log("SKIPPED: to(): there is only the CPU");
  const there = await t.T.to(other);
  assert.equal(there.device, other);
  await holds(there, [2, 2], [1, 3, 2, 4]);
  await holds(await there.to(Device.cpu()), [2, 2], [1, 3, 2, 4]);
  await holds(await tensor([1, 2], { dtype: "u32" }).to(other), [2], [1, 2]);
});
