/** Making tensors, and their numbers in and out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as strata from "strata-ml";
import {
  arange,
  cat,
  Device,
  DTYPES,
  eye,
  full,
  linspace,
  manualSeed,
  ones,
  rand,
  randn,
  stack,
  tensor,
  Tensor,
  zeros,
} from "strata-ml";
import { close, fails, holds, rejects, untyped } from "./check.ts";
import { devices } from "./devices.ts";

for (const device of await devices()) {
  const on = { device };

  test(`${device.name}: tensors from numbers`, async () => {
    await holds(tensor(5, on), [], [5]);
    await holds(tensor([], on), [0], []);
    await holds(tensor([1, 2, 3], on), [3], [1, 2, 3]);
    await holds(
      tensor(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        on,
      ),
      [3, 2],
      [1, 2, 3, 4, 5, 6],
    );
    await holds(tensor([[[]]], on), [1, 1, 0], []);
    await holds(tensor([1, 2, 3, 4], { ...on, shape: [2, 2] }), [2, 2], [1, 2, 3, 4]);
    await holds(tensor([NaN, Infinity, -Infinity], on), [3], [NaN, Infinity, -Infinity]);
    await holds(tensor([-1, 7], { ...on, dtype: "i32" }), [2], [-1, 7]);
    await holds(tensor([0, 4294967295], { ...on, dtype: "u32" }), [2], [0, 4294967295]);
  });

  test(`${device.name}: tensors from typed arrays`, async () => {
    await holds(tensor(new Float32Array([1.5, 2]), on), [2], [1.5, 2]);
    await holds(tensor(new Float64Array([0.1]), on), [1], [Math.fround(0.1)], 0);
    await holds(tensor(new Uint32Array([7, 8]), { ...on, shape: [2, 1] }), [2, 1], [7, 8]);
    await holds(tensor(new Int32Array([-7]), on), [1], [-7]);
    assert.equal(tensor(new Int32Array([-7]), on).dtype, "i32");
    await holds(tensor(new Float32Array([3, 4]), { ...on, dtype: "u32" }), [2], [3, 4]);
    await holds(tensor(new Uint32Array([3, 4]), { ...on, dtype: "f32" }), [2], [3, 4]);
    // Part of a larger buffer.
    await holds(tensor(new Float32Array([1, 2, 3, 4]).subarray(1, 3), on), [2], [2, 3]);
  });

  test(`${device.name}: 16-bit floats`, async () => {
    const bits = { bf16: [0x3fc0, 0xc000, 0x7f80], f16: [0x3e00, 0xc000, 0x7c00] };
    for (const dtype of ["bf16", "f16"] as const) {
      const t = tensor(new Uint16Array(bits[dtype]), { ...on, dtype });
      assert.equal(t.dtype, dtype);
      assert.deepEqual([...(await t.read(dtype))], bits[dtype]);
      assert.deepEqual(t.toArray(), [1.5, -2, Infinity]);
      await holds(t.float(), [3], [1.5, -2, Infinity]);
      const cast = tensor([1.5, -2, Infinity], { ...on, dtype });
      assert.deepEqual([...(await cast.read(dtype))], bits[dtype]);
      assert.equal(tensor(1.5, { ...on, dtype }).item(), 1.5);
      assert.equal(zeros([3], { ...on, dtype }).dtype, dtype);
      assert.deepEqual(full([2], 1.5, { ...on, dtype }).toArray(), [1.5, 1.5]);
    }
  });

  test(`${device.name}: filled and drawn tensors`, async () => {
    await holds(zeros([2, 3], on), [2, 3], Array(6).fill(0));
    await holds(zeros(3, on), [3], [0, 0, 0]);
    await holds(ones([2], on), [2], [1, 1]);
    await holds(ones([2], { ...on, dtype: "i32" }), [2], [1, 1]);
    await holds(full([2], -3, { ...on, dtype: "i32" }), [2], [-3, -3]);
    await holds(full([1], 4294967295, { ...on, dtype: "u32" }), [1], [4294967295]);
    await holds(full([], 2.5, on), [], [2.5]);
    await holds(arange(4, on), [4], [0, 1, 2, 3]);
    await holds(arange(2, 5, on), [3], [2, 3, 4]);
    await holds(arange(5, 0, -2, on), [3], [5, 3, 1]);
    await holds(arange(0, 1, 0.25, on), [4], [0, 0.25, 0.5, 0.75]);
    await holds(arange(3, 1, on), [0], []);
    await holds(arange(3, { ...on, dtype: "u32" }), [3], [0, 1, 2]);
    await holds(linspace(0, 1, 5, on), [5], [0, 0.25, 0.5, 0.75, 1]);
    await holds(linspace(2, 9, 1, on), [1], [2]);
    await holds(eye(2, 3, on), [2, 3], [1, 0, 0, 0, 1, 0]);
    const [normal, uniform] = [randn([4000], { ...on, seed: 3 }), rand([4000], { ...on, seed: 3 })];
    close([normal.mean().item(), normal.std().item()], [0, 1], 0.05);
    close([uniform.mean().item(), uniform.std().item()], [0.5, Math.sqrt(1 / 12)], 0.05);
    assert.ok(uniform.min().item() >= 0 && uniform.max().item() < 1);
    assert.deepEqual(await normal.read(), await randn([4000], { seed: 3 }).read());
  });

  test(`${device.name}: cat and stack`, async () => {
    const [a, b] = [
      tensor([[1, 2]], on),
      tensor(
        [
          [3, 4],
          [5, 6],
        ],
        on,
      ),
    ];
    await holds(cat([a, b]), [3, 2], [1, 2, 3, 4, 5, 6]);
    await holds(cat([b, b], -1), [2, 4], [3, 4, 3, 4, 5, 6, 5, 6]);
    await holds(stack([b, b]), [2, 2, 2], [3, 4, 5, 6, 3, 4, 5, 6]);
    await holds(stack([b, b], -1), [2, 2, 2], [3, 3, 4, 4, 5, 5, 6, 6]);
    await holds(
      cat([arange(2, { ...on, dtype: "u32" }), arange(1, { ...on, dtype: "u32" })]),
      [3],
      [0, 1, 0],
    );
    fails("value", /cat: there is no tensor/, () => cat([]));
    fails("shape", /cat: all dimensions but 1 must agree \(shapes \[1, 2\], \[2, 2\]\)/, () =>
      cat([a, b], 1),
    );
    fails("shape", /cat: there is no dimension 2/, () => cat([a, b], 2));
    fails("shape", /stack: the shapes must agree \(shapes \[1, 2\], \[2, 2\]\)/, () => stack([a, b]));
  });

  test(`${device.name}: numbers out`, async () => {
    const t = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      on,
    );
    assert.deepEqual(t.toArray(), [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.deepEqual(t.T.toArray(), [
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    assert.deepEqual([...(await t.T.read())], [1, 4, 2, 5, 3, 6]);
    assert.equal(t.at(1, 2).toArray(), 6);
    assert.equal(t.at(1, 2).item(), 6);
    assert.equal(tensor([[7]], on).item(), 7);
    assert.equal(tensor([4294967295], { ...on, dtype: "u32" }).item(), 4294967295);
    assert.deepEqual(zeros([2, 0], on).toArray(), [[], []]);
    assert.equal((await zeros([0], on).read()).length, 0);
    fails("shape", /item.*one element.*6.*\[2, 3\]/, () => t.item());
    await rejects("dtype", /read: the tensor holds f32, not i32/, t.read("i32"));
    await rejects(
      "dtype",
      /read: the tensor holds u32.*read\("u32"\)/,
      tensor([1], { ...on, dtype: "u32" }).read(),
    );
  });

  test(`${device.name}: numbers in, in place`, async () => {
    const t = zeros([2, 2], on);
    assert.equal(t.write([1, 2, 3, 4]), t);
    await holds(t, [2, 2], [1, 2, 3, 4]);
    t.T.write(new Float32Array([5, 6, 7, 8]));
    await holds(t, [2, 2], [5, 7, 6, 8]);
    t.select(0, 1).fill(9);
    await holds(t, [2, 2], [5, 7, 9, 9]);
    t.copyFrom(ones([2, 2], on));
    await holds(t, [2, 2], [1, 1, 1, 1]);
    t.slice(null, [0, 1]).copyFrom(tensor([[3], [4]], on));
    await holds(t, [2, 2], [3, 1, 4, 1]);
    t.copyFrom(t.T);
    await holds(t, [2, 2], [3, 4, 1, 1]);
    await holds(zeros([2], { ...on, dtype: "i32" }).fill(-5), [2], [-5, -5]);
    await holds(zeros([2], { ...on, dtype: "u32" }).write([7, 8]), [2], [7, 8]);
    const half = zeros([4], { ...on, dtype: "f16" });
    assert.deepEqual(half.write([1, 2, 3, 4]).toArray(), [1, 2, 3, 4]);
    assert.deepEqual(half.write(new Uint16Array([0x3e00, 0, 0, 0])).toArray(), [1.5, 0, 0, 0]);
    fails("shape", /write: 3 elements.*\[2, 2\]/, () => t.write([1, 2, 3]));
    fails("dtype", /write: the tensor holds f32, the array u32/, () => t.write(new Uint32Array(4)));
    fails("dtype", /write: the tensor holds f32, the array 16-bit floats/, () => t.write(new Uint16Array(4)));
    fails("value", /write: element 0 is 1.5, and i32/, () =>
      zeros([1], { ...on, dtype: "i32" }).write([1.5]),
    );
    fails("value", /fill: element 0 is -1, and u32/, () => zeros([1], { ...on, dtype: "u32" }).fill(-1));
    fails("shape", /copy.*\[2\], \[2, 2\]/, () => t.copyFrom(zeros([2], on)));
    fails("dtype", /copyFrom: the tensor holds f32, the other u32/, () =>
      t.copyFrom(zeros([2, 2], { ...on, dtype: "u32" })),
    );
    fails("shape", /copy.*strides \[0, 0\] show an element twice/, () =>
      zeros([1, 1], on).expand(2, 2).fill(1),
    );
  });

  test(`${device.name}: bad shapes and data`, () => {
    for (const make of [zeros, ones, randn, rand]) {
      for (const bad of [NaN, -1, 1.5, Infinity, -Infinity, "3", null, undefined]) {
        fails("shape", /(zeros|ones|randn|rand): \[2, .*\] is no shape/, () =>
          untyped(make, undefined, [2, bad], on),
        );
      }
      fails("size", /\[65536, 65536\] has more elements/, () => make([65536, 65536], on));
      fails("size", /\[4294967295\] has more elements/, () => make([2 ** 32 - 1], on));
      fails("size", /\[0, 9007199254740992\]/, () => make([0, 2 ** 53], on));
      fails("shape", /has 7 dimensions; a tensor has at most 6/, () => make([1, 1, 1, 1, 1, 1, 1], on));
    }
    fails("shape", /tensor: shape \[2, 2\] has 4 elements, 3 were given/, () =>
      tensor([1, 2, 3], { ...on, shape: [2, 2] }),
    );
    fails("shape", /rows differ in length: element \[1\] is a list of 1, not a list of 2/, () =>
      tensor([[1, 2], [3]], on),
    );
    fails("shape", /rows differ in length: element \[1\] is a number/, () => tensor([[1], 2], on));
    fails("shape", /rows differ in length: element \[1\] is a list of 1, not a number/, () =>
      tensor([1, [2]], on),
    );
    fails("value", /tensor: element 1 is 1.5, and u32 holds whole numbers/, () =>
      tensor([1, 1.5], { ...on, dtype: "u32" }),
    );
    fails("value", /element 0 is NaN, and i32/, () => tensor([NaN], { ...on, dtype: "i32" }));
    fails("value", /fill|full: element 0 is 2.5/, () => full([2], 2.5, { ...on, dtype: "i32" }));
    fails("dtype", /bits of 16-bit floats/, () => tensor(new Uint16Array(2), on));
    fails("dtype", /f64 is no dtype; use f32/, () => untyped(zeros, undefined, [1], { ...on, dtype: "f64" }));
    fails("value", /arange: the step must not be 0/, () => arange(0, 1, 0, on));
    fails("value", /arange: end must be a finite number, got NaN/, () => arange(NaN, on));
    fails("shape", /linspace: \[-1\] is no shape/, () => linspace(0, 1, -1, on));
    fails("size", /arange: shape \[1000000000000\]/, () => arange(1e12, on));
    fails("dtype", /requiresGrad.*u32/, () => zeros([1], { ...on, dtype: "u32", requiresGrad: true }));
  });

  test(`${device.name}: what a tensor is`, () => {
    const t = zeros([2, 3, 4], on);
    assert.deepEqual([t.shape, t.strides, t.offset], [[2, 3, 4], [12, 4, 1], 0]);
    assert.deepEqual([t.rank, t.ndim, t.numel, t.dtype, t.itemSize], [3, 3, 24, "f32", 4]);
    assert.equal(t.device, device);
    assert.deepEqual(
      [t.isContiguous, t.isLeaf, t.requiresGrad, t.op, t.disposed],
      [true, true, false, "", false],
    );
    const view = t.slice(1, null, [1, 3]);
    assert.deepEqual([view.shape, view.strides, view.offset, view.isContiguous], [[3, 2], [4, 1], 13, false]);
    assert.equal(view.storage.id, t.storage.id);
    assert.notEqual(zeros([1], on).storage.id, t.storage.id);
    assert.ok(t.storage.bytes >= 96);
    assert.throws(() => untyped(Array.prototype.push, t.shape, 1), TypeError);
    assert.equal(t.shape, t.shape, "asked for once");
  });
}

test("data that is no data", () => {
  const make = (data: unknown): unknown => untyped(tensor, undefined, data);
  fails("argument", /tensor: the data is undefined, not a number/, () => make(undefined));
  fails("argument", /tensor: the data is string/, () => make("5"));
  fails("argument", /tensor: element \[1\] is string/, () => make([1, "2"]));
  fails("argument", /tensor: element \[0\] is undefined/, () => make(new Array(2)));
  fails("argument", /element \[0, 1\] is null/, () => make([[1, null]]));
  fails("argument", /tensor: the data is bigint/, () => make(5n));
  fails("argument", /the data is object/, () => make(zeros([1])));
  fails("argument", /tensor takes Float32Array/, () => make(new BigInt64Array(1)));
  fails("argument", /tensor takes Float32Array/, () => make(new Uint8Array(1)));
  const endless: unknown[] = [];
  endless.push(endless);
  fails("shape", /at most 6/, () => make(endless));
  fails("argument", /zeros: a shape is a list/, () => untyped(zeros, undefined, "ab"));
  fails("argument", /full: the value is a number/, () => untyped(full, undefined, [1], "x"));
  fails("argument", /zeros: device must be a Device/, () =>
    untyped(zeros, undefined, [1], { device: "cpu" }),
  );
  fails("argument", /cat takes a Tensor, got a value of type number/, () => untyped(cat, undefined, [1]));
});

test("manualSeed starts the stream anew", async () => {
  manualSeed(7);
  const first = [await randn([4]).read(), await randn([4]).read(), await rand([4]).read()];
  manualSeed(7);
  const again = [await randn([4]).read(), await randn([4]).read(), await rand([4]).read()];
  manualSeed(8);
  const other = await randn([4]).read();
  assert.deepEqual(first, again);
  assert.notDeepEqual(first[0], first[1]);
  assert.notDeepEqual(first[0], other);
  manualSeed(0);
  for (const bad of [NaN, -1, 0.5, 2 ** 53]) fails("value", /seed is a whole number/, () => manualSeed(bad));
  fails("value", /randn: a seed/, () => randn([1], { seed: -1 }));
});

test("what the package exports", () => {
  assert.deepEqual(DTYPES, ["f32", "bf16", "f16", "i32", "u32"]);
  assert.ok(zeros([1]) instanceof Tensor);
  assert.ok(Device.cpu() === Device.cpu());
  for (const name of ["Graph", "KernelRun", "StrataError", "tidy", "keep", "memory", "noGrad", "ladders"])
    assert.ok(name in strata, name);
});
