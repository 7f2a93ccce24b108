/** Who gives memory back, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keep, memory, randn, tensor, Tensor, tidy, zeros } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";
import { collectUntil } from "./gc.ts";

/** How many tensors `fn` leaves behind. */
function left(fn: () => unknown): number {
  const before = memory.liveTensors();
  fn();
  return memory.liveTensors() - before;
}

test("dispose gives back at once, and only once", () => {
  const before = memory.liveTensors();
  const bytes = memory.liveBytes();
  const t = zeros([1000]);
  assert.equal(memory.liveTensors(), before + 1);
  assert.ok(memory.liveBytes() >= bytes + 4000);
  t.dispose();
  assert.equal(t.disposed, true);
  t.dispose();
  assert.equal(memory.liveTensors(), before);
  assert.ok(memory.liveBytes() <= bytes);
  const other = zeros([1]);
  t.dispose();
  assert.equal(other.disposed, false);
  assert.equal(other.item(), 0);
  other.dispose();
});

test("a disposed tensor says so, whatever it is asked", async () => {
  const t = tensor([
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(t.shape, [2, 2]);
  t.dispose();
  for (const name of [
    "shape",
    "strides",
    "offset",
    "rank",
    "ndim",
    "numel",
    "dtype",
    "itemSize",
    "isContiguous",
    "requiresGrad",
    "isLeaf",
    "op",
    "storage",
    "grad",
    "aliased",
    "T",
  ] as const) {
    fails(
      "disposed",
      new RegExp(`^${name === "T" ? "t" : name}: a tensor was disposed already`),
      () => t[name],
    );
  }
  const calls: (() => unknown)[] = [
    () => t.view(),
    () => t.item(),
    () => t.toArray(),
    () => t.write([1]),
    () => t.fill(1),
    () => t.copyFrom(zeros([2])),
    () => zeros([2, 2]).copyFrom(t),
    () => t.at(0),
    () => t.slice([0]),
    () => t.narrow(0, 0, 1),
    () => t.select(0, 0),
    () => t.reshape(4),
    () => t.permute(1, 0),
    () => t.transpose(0, 1),
    () => t.t(),
    () => t.squeeze(),
    () => t.squeeze(0),
    () => t.unsqueeze(0),
    () => t.flatten(),
    () => t.expand(2, 2),
    () => t.contiguous(),
    () => t.cast("i32"),
    () => t.float(),
    () => t.matmul(t),
    () => t.backward(),
    () => t.zeroGrad(),
    () => t.detach(),
    () => t.retainGrad(),
    () => t.registerHook(() => {}),
    () => t.graph(),
    () => (t.requiresGrad = true),
    () => keep(t),
  ];
  for (const call of calls) fails("disposed", /^\w+: a tensor was disposed already/, call);
  await assert.rejects(t.read(), /^StrataError: read: a tensor was disposed/);
  await assert.rejects(t.to(t.device), /^StrataError: to: a tensor was disposed/);
  assert.equal(String(t), "Tensor(disposed)");
});

test("what shares memory outlives what it came from", async () => {
  const t = tensor([1, 2, 3, 4]);
  const [part, same] = [t.slice([1, 3]), t.detach()];
  t.dispose();
  await holds(part, [2], [2, 3]);
  await holds(same, [4], [1, 2, 3, 4]);
  const x = tensor(3, { requiresGrad: true });
  const y = x.square();
  const loss = y.mul(2);
  y.dispose();
  loss.backward();
  assert.equal(x.grad?.item(), 12);
});

test("tidy disposes what was made, but what is returned", async () => {
  let inner: Tensor | undefined;
  const before = memory.liveTensors();
  const kept = tidy(() => {
    inner = zeros([3]).add(1);
    return inner.mul(2);
  });
  assert.equal(memory.liveTensors(), before + 1);
  assert.equal(inner?.disposed, true);
  await holds(kept, [3], [2, 2, 2]);
  kept.dispose();
  assert.equal(
    left(() => tidy(() => void zeros([1]).add(1).mul(3))),
    0,
  );
  assert.equal(
    tidy(() => 5),
    5,
  );
});

test("tidy finds tensors in whatever is returned", () => {
  class Holder {
    readonly weight = zeros([1]);
    readonly layers = [new Map([["a", zeros([1])]]), new Set([zeros([1])])];
  }
  const cyclic: { self?: unknown; t?: Tensor } = {};
  const count = left(() => {
    const result = tidy(() => {
      zeros([1]);
      cyclic.self = cyclic;
      cyclic.t = zeros([1]);
      return {
        list: [zeros([1]), [zeros([1])]],
        holder: new Holder(),
        cyclic,
        nothing: null,
        plain: new Float32Array(3),
        text: "x",
      };
    });
    assert.equal(result.holder.weight.disposed, false);
  });
  assert.equal(count, 6);
});

test("tidy in tidy: what comes out of the inner one belongs to the outer", () => {
  const count = left(() =>
    tidy(() => {
      const a = tidy(() => [zeros([1]), zeros([1])]);
      assert.ok(a.every((t) => !t.disposed));
      const b = tidy(() => a[0]);
      assert.equal(b?.disposed, false);
      assert.equal(
        left(() => tidy(() => zeros([1]))),
        1,
      );
    }),
  );
  assert.equal(count, 0);
  // What was there before is nobody's to dispose.
  const outside = zeros([1]);
  tidy(() => outside);
  tidy(() => {});
  assert.equal(outside.disposed, false);
});

test("tidy when the function throws, or disposes by itself", () => {
  const cause = new Error("mine");
  const count = left(() => {
    assert.throws(
      () =>
        tidy(() => {
          zeros([1]);
          throw cause;
        }),
      (error) => error === cause,
    );
    tidy(() => zeros([1]).dispose());
    tidy(() => {
      const t = zeros([1]);
      t.dispose();
      return t;
    });
  });
  assert.equal(count, 0);
});

test("tidy refuses async functions and generators", async () => {
  fails("argument", /tidy takes a function that returns when it is done, not an async function/, () =>
    // @ts-expect-error the type refuses it, too
    tidy(async () => zeros([1])),
  );
  fails("argument", /tidy takes a function that returns/, () =>
    tidy(function* () {
      yield zeros([1]);
    }),
  );
  fails("argument", /tidy takes a function, got a value of type number/, () => untyped(tidy, undefined, 1));
  const count = left(() =>
    fails("argument", /tidy: the function returned a promise/, () =>
      // @ts-expect-error the type refuses it, too
      tidy(() => {
        zeros([1]);
        return Promise.reject(new Error("later"));
      }),
    ),
  );
  assert.equal(count, 0);
  await new Promise((next) => setTimeout(next, 1));
});

test("keep exempts from every tidy", async () => {
  const kept = tidy(() => {
    const t = tidy(() => [keep(tensor([1, 2]))])[0];
    assert.ok(t !== undefined);
    return { get: () => t };
  }).get();
  await holds(kept, [2], [1, 2]);
  assert.equal(keep(kept), kept);
  kept.dispose();
  fails("argument", /keep takes a Tensor/, () => untyped(keep, undefined, {}));
});

test("using disposes at the end of the block", () => {
  let outside: Tensor;
  {
    using t = zeros([2]);
    outside = t;
    assert.equal(t.disposed, false);
  }
  assert.equal(outside.disposed, true);
});

test("what nobody holds is collected", async () => {
  await collectUntil(() => false, 3);
  const before = memory.liveTensors();
  const bytes = memory.liveBytes();
  (() => {
    for (let i = 0; i < 200; i++) zeros([1000]).add(1);
    for (let i = 0; i < 10; i++) zeros([1000]).view()[0] = 1;
  })();
  assert.ok(
    await collectUntil(() => memory.liveTensors() <= before + 2),
    `${memory.liveTensors() - before} tensors are left`,
  );
  assert.ok(
    await collectUntil(() => memory.liveBytes() <= bytes + 20_000),
    `${memory.liveBytes() - bytes} bytes are left`,
  );
});

test("500 awaited steps with nothing disposed: memory stays flat", async () => {
  const x = randn([64, 32], { seed: 1 });
  const y = randn([64, 1], { seed: 2 });
  const weight = randn([32, 1], { seed: 3, requiresGrad: true });
  let most = 0;
  let first = NaN;
  let last = NaN;
  for (let step = 0; step < 500; step++) {
    // 400 kB of garbage a step, 200 MB in all.
    const noise = randn([100_000], { seed: step });
    const loss = x.matmul(weight).sub(y).square().mean().add(noise.mean().mul(0));
    weight.zeroGrad();
    loss.backward();
    const [value = NaN] = await loss.read();
    if (weight.grad !== null) weight.copyFrom(weight.detach().sub(weight.grad.mul(0.05)));
    if (step === 0) first = value;
    last = value;
    most = Math.max(most, memory.liveBytes());
  }
  assert.ok(last < first);
  assert.ok(most < 100e6, `${most} bytes at most`);
});

test("views that live on do not stop their tensors from being collected", async () => {
  const before = memory.liveTensors();
  const views = (() => Array.from({ length: 20 }, (_, i) => zeros([100]).fill(i).view()))();
  assert.ok(await collectUntil(() => memory.liveTensors() <= before + 2));
  views.forEach((view, i) => assert.ok(view.every((x) => x === i)));
});
