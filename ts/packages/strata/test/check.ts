/** What tests ask of numbers and errors. */
import assert from "node:assert/strict";
import { StrataError } from "strata-ml";
import type { ErrorCode, nn, Tensor } from "strata-ml";

/** Numbers equal up to a tolerance, relative above 1; NaN equals NaN only. */
export function close(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-5, what = ""): void {
  assert.equal(got.length, want.length, `${what}: ${got.length} elements, not ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const [g = NaN, w = NaN] = [got[i], want[i]];
    const fits = Object.is(g, w) || g === w || Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w));
    assert.ok(fits, `${what}: element ${i} is ${g}, not ${w}`);
  }
}

/** A tensor's shape and elements, read from its device. */
export async function holds(
  tensor: Tensor,
  shape: readonly number[],
  want: ArrayLike<number>,
  tolerance = 1e-5,
  what = "",
): Promise<void> {
  assert.deepEqual([...tensor.shape], [...shape], what);
  const { dtype } = tensor;
  assert.ok(dtype === "f32" || dtype === "i32" || dtype === "u32", `${what}: ${dtype}`);
  close(await tensor.read(dtype), want, tolerance, what);
}

function expected(error: unknown, code: ErrorCode, message: RegExp): true {
  assert.ok(error instanceof StrataError, `a StrataError, not ${String(error)}`);
  assert.equal(error.code, code, `${error.code}: ${error.message}`);
  assert.match(error.message, message);
  assert.equal(error.name, "StrataError");
  return true;
}

/** Calls a method with arguments that its types forbid, as JavaScript may. */
export function untyped(method: (...args: never[]) => unknown, self: unknown, ...args: unknown[]): unknown {
  const result: unknown = Reflect.apply(method, self, args);
  return result;
}

/** The function throws a StrataError with this code and message. */
export function fails(code: ErrorCode, message: RegExp, fn: () => unknown): void {
  assert.throws(
    () => void fn(),
    (error) => expected(error, code, message),
  );
}

/** The promise rejects with a StrataError with this code and message. */
export async function rejects(code: ErrorCode, message: RegExp, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => expected(error, code, message));
}

/** Whether every parameter is a finite number. */
export async function finite(model: nn.AnyModule): Promise<boolean> {
  const all = await Promise.all(model.parameters().map((p) => p.read()));
  return all.every((values) => values.every(Number.isFinite));
}

/** An error of that code with that cause. */
export function expects(code: string, cause: unknown): (error: unknown) => boolean {
  return (error) => error instanceof StrataError && error.code === code && error.cause === cause;
}
