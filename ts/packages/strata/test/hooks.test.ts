/** Functions that run in the middle of `backward`, and without a tape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isGradEnabled, noGrad, StrataError, tensor, Tensor, tidy, zeros } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";

test("hooks see and replace gradients", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(2);
  const seen: unknown[] = [];
  const remove = y.registerHook((grad) => void seen.push(grad.toArray()));
  y.registerHook((grad) => grad.mul(10));
  x.registerHook((grad) => void seen.push(grad.toArray()));
  y.sum().backward({ retainGraph: true });
  assert.deepEqual(seen, [
    [1, 1],
    [20, 20],
  ]);
  remove();
  y.sum().backward();
  assert.deepEqual(seen, [
    [1, 1],
    [20, 20],
    [20, 20],
  ]);
  assert.ok(x.grad !== null);
  await holds(x.grad, [2], [40, 40]);
});

test("a hook may keep the gradient, and run backward itself", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const other = tensor(3, { requiresGrad: true });
  const inner = other.square();
  let kept: Tensor | undefined;
  x.registerHook((grad) => {
    kept = grad;
    inner.backward();
  });
  x.square().sum().backward();
  assert.ok(kept !== undefined && other.grad !== null);
  await holds(kept, [2], [2, 4]);
  assert.equal(other.grad.item(), 6);
});

test("a hook that throws, or returns what is no gradient", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const cause = new TypeError("no such luck");
  const remove = x.registerHook(() => {
    throw cause;
  });
  try {
    x.sum().backward();
    assert.fail("it threw");
  } catch (error) {
    assert.ok(error instanceof StrataError);
    assert.deepEqual([error.code, error.op, error.cause], ["callback", "backward", cause]);
    assert.match(error.message, /a hook threw: no such luck/);
  }
  remove();
  x.sum().backward();
  const bad = (value: unknown): void => {
    const y = tensor([1, 2], { requiresGrad: true });
    untyped(y.registerHook, y, () => value);
    fails("callback", /backward: a hook threw: /, () => y.sum().backward());
  };
  bad(5);
  bad(null);
  bad(Promise.resolve());
  bad(zeros([3]));
  bad(zeros([2], { dtype: "i32" }));
  const gone = zeros([2]);
  gone.dispose();
  bad(gone);
  fails("argument", /registerHook takes a function that returns when it is done, not an async function/, () =>
    untyped(x.registerHook, x, async () => {}),
  );
  fails("argument", /registerHook takes a function, got/, () => untyped(x.registerHook, x, 3));
});

test("noGrad", async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  assert.equal(isGradEnabled(), true);
  const y = noGrad(() => {
    assert.equal(isGradEnabled(), false);
    return noGrad(() => x.mul(2));
  });
  assert.equal(isGradEnabled(), true);
  assert.equal(y.requiresGrad, false);
  assert.equal(
    noGrad(() => 5),
    5,
  );
  assert.equal(
    noGrad(() => undefined),
    undefined,
  );
  const cause = new Error("mine");
  assert.throws(
    () =>
      noGrad(() => {
        throw cause;
      }),
    (error) => error === cause,
  );
  assert.equal(isGradEnabled(), true);
  fails("argument", /noGrad takes a function that returns when it is done, not an async/, () =>
    // @ts-expect-error the type refuses it, too
    noGrad(async () => x.mul(2)),
  );
  fails("argument", /noGrad takes a function/, () => noGrad(function* () {}));
  // @ts-expect-error the type refuses it, too
  fails("argument", /noGrad: the function returned a promise/, () => noGrad(() => Promise.reject(cause)));
  fails("argument", /noGrad takes a function, got/, () => untyped(noGrad, undefined, 5));
  assert.equal(isGradEnabled(), true);
  assert.ok(tidy(() => x.mul(2)).requiresGrad);
});
