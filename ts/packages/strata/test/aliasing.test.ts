/** JavaScript's own view of a tensor's memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, data, functional, ones, tensor, zeros } from "strata-ml";
import { fails } from "./check.ts";
import { elsewhere } from "./devices.ts";
import { collectUntil } from "./gc.ts";

test("view() and the engine see each other's writes", () => {
  const t = zeros([2, 3]);
  const view = t.view();
  assert.ok(view instanceof Float32Array);
  view[4] = 7;
  assert.deepEqual(t.toArray(), [
    [0, 0, 0],
    [0, 7, 0],
  ]);
  t.fill(3);
  assert.deepEqual([...view], [3, 3, 3, 3, 3, 3]);
  t.at(0).copyFrom(tensor([1, 2, 4]));
  assert.deepEqual([...view], [1, 2, 4, 3, 3, 3]);
  assert.equal(t.aliased, true);
});

test("views of one storage share their buffer, each at its place", () => {
  const t = arange(12).reshape(3, 4);
  const [whole, row] = [t.view(), t.at(1).view()];
  assert.equal(whole.buffer, row.buffer);
  assert.deepEqual([...row], [4, 5, 6, 7]);
  row[0] = -1;
  assert.equal(whole[4], -1);
  assert.notEqual(zeros([3]).view().buffer, whole.buffer);
});

test("view() of every dtype", () => {
  assert.deepEqual(tensor([-1, 2], { dtype: "i32" }).view("i32"), new Int32Array([-1, 2]));
  assert.deepEqual(tensor([1, 2], { dtype: "u32" }).view("u32"), new Uint32Array([1, 2]));
  assert.deepEqual(
    tensor([1, 2, 3], { dtype: "bf16" }).slice([1]).view("bf16"),
    new Uint16Array([0x4000, 0x4040]),
  );
  assert.deepEqual(tensor([1.5], { dtype: "f16" }).view("f16"), new Uint16Array([0x3e00]));
  assert.equal(zeros([0, 4]).view().length, 0);
  assert.equal(tensor(2).view()[0], 2);
});

test("what view() refuses", async () => {
  const t = arange(6).reshape(2, 3);
  fails("layout", /view: a tensor of shape \[3, 2\] with strides \[1, 3\].*contiguous\(\)/, () => t.T.view());
  fails("layout", /strides \[0\]/, () => ones([1]).expand(4).view());
  fails("dtype", /view: the tensor holds f32, not u32; ask for view\("f32"\)/, () => t.view("u32"));
  fails("dtype", /view: the tensor holds i32, not f32/, () => tensor([1], { dtype: "i32" }).view());
  const gone = zeros([2]);
  gone.dispose();
  fails("disposed", /^view: a tensor was disposed/, () => gone.view());
  const other = await elsewhere();
  if (other === undefined) return console.log("SKIPPED: view elsewhere: there is only the CPU");
  const there = zeros([2, 2], { device: other });
  assert.equal(there.aliased, false);
  fails("device", /view: a tensor of shape \[2, 2\] is on .*await tensor\.read\(\)/, () => there.view());
});

test("a view keeps the storage after dispose, and when the tensor is collected", async () => {
  const size = 5000;
  const make = (): Float32Array => {
    const t = zeros([size]).fill(3);
    const view = t.view();
    t.dispose();
    return view;
  };
  const collected: Float32Array[] = Array.from({ length: 8 }, () => zeros([size]).fill(4).view());
  const view = make();
  await collectUntil(() => false, 10);
  // Memory that was given back would be taken by these.
  for (let i = 0; i < 50; i++) ones([size]).dispose();
  assert.ok(view.every((x) => x === 3));
  for (const other of collected) assert.ok(other.every((x) => x === 4));
});

/** Ways to take a buffer away from its owner; each returns what holds the bytes then. */
const takers: [name: string, take: (view: Float32Array) => Float32Array | undefined][] = [
  [
    "structuredClone",
    (view) => structuredClone(view, { transfer: view.buffer instanceof ArrayBuffer ? [view.buffer] : [] }),
  ],
  [
    "transfer",
    (view) => {
      const transfer: unknown = Reflect.get(view.buffer, "transfer");
      if (typeof transfer !== "function") return undefined;
      const taken: unknown = Reflect.apply(transfer, view.buffer, []);
      return taken instanceof ArrayBuffer ? new Float32Array(taken) : undefined;
    },
  ],
];

for (const [name, take] of takers) {
  test(`a buffer that was taken away by ${name} is not the end of the tensor`, async () => {
    const t = tensor([1, 2, 3, 4]);
    const view = t.view();
    try {
      // Some runtimes copy memory that is not theirs instead.
      const taken = take(view);
      if (taken !== undefined) assert.deepEqual([...taken], [1, 2, 3, 4]);
    } catch (error) {
      // Others refuse.
      assert.ok(
        error instanceof Error && ["DataCloneError", "TypeError"].includes(error.name),
        String(error),
      );
    }
    const again = t.view();
    assert.deepEqual([...again], [1, 2, 3, 4]);
    again[0] = 9;
    assert.deepEqual(t.toArray(), [9, 2, 3, 4]);
    t.fill(0);
    assert.deepEqual([...again], [0, 0, 0, 0]);
    await collectUntil(() => false, 10);
    assert.deepEqual([...t.add(1).view()], [1, 1, 1, 1]);
    assert.deepEqual([...again], [0, 0, 0, 0]);
  });
}

test("a large tensor is shown, not copied", () => {
  const t = zeros([25, 1_000_000]);
  const view = t.view();
  view[24_999_999] = 1;
  assert.equal(t.at(24, 999_999).item(), 1);
  t.dispose();
  assert.equal(view[24_999_999], 1);
});

test("a view is written into the tensor that it shows", () => {
  const x = arange(8);
  x.write(x.view());
  assert.deepEqual(x.toArray(), [0, 1, 2, 3, 4, 5, 6, 7]);
  // Forwards and backwards over itself: what is written is what was there before.
  x.narrow(0, 0, 4).write(x.view().subarray(2, 6));
  assert.deepEqual(x.toArray(), [2, 3, 4, 5, 4, 5, 6, 7]);
  x.narrow(0, 3, 4).write(x.view().subarray(1, 5));
  assert.deepEqual(x.toArray(), [2, 3, 4, 3, 4, 5, 4, 7]);
  // Elements that do not lie side by side, and sixteen-bit ones, which may begin between two words.
  const square = arange(4).reshape(2, 2);
  square.t().write(square.view());
  assert.deepEqual(square.toArray(), [[0, 2], [1, 3]]);
  const half = arange(6, { dtype: "bf16" });
  half.narrow(0, 0, 2).write(half.view("bf16").subarray(3, 5));
  assert.deepEqual(half.toArray(), [3, 4, 2, 3, 4, 5]);
});

test("a view is read by whatever takes an array", () => {
  const ids = tensor(Uint32Array.of(1, 2, 1));
  const words = data.Tokenizer.characters("ab");
  assert.equal(words.decode(ids.view("u32")), words.decode([1, 2, 1]));
  assert.deepEqual([...functional.runningSoftmax(tensor([1, 3, 2]).view()).max], [1, 3, 3]);
  const x = arange(4);
  const copy = tensor(x.view());
  x.fill(9);
  assert.deepEqual(copy.toArray(), [0, 1, 2, 3]);
  // Bytes of a view that begin anywhere, and a view that outlives its tensor.
  const view = x.view();
  x.dispose();
  assert.deepEqual(tensor(new Float32Array(view.buffer, 4, 2)).toArray(), [9, 9]);
  assert.deepEqual(tensor(view).toArray(), [9, 9, 9, 9]);
});
