import { StrataError } from "../error.js";
import { isA, isArray, isFunction, isRevoked, kindOf, show } from "./show.js";

/*
 * Checks of arguments and options. Each returns the value, so that a function's first lines read as a
 * list of what it takes. A number out of its range is "value", anything of another kind "argument".
 */

function wrong(op: string, name: string, value: unknown, must: string): StrataError {
  return new StrataError("argument", `${op}: ${name} is ${show(value)}; it must be ${must}`, op);
}

/** Of what should have been a number, and is perhaps one. */
function fail(op: string, name: string, value: unknown, must: string): StrataError {
  if (typeof value !== "number") return wrong(op, name, value, must);
  return new StrataError("value", `${op}: ${name} is ${show(value)}; it must be ${must}`, op);
}

/** The option `name` of `op`, a whole number from `low` to `high`. */
export function whole(
  op: string,
  name: string,
  value: unknown,
  low = 1,
  high = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) return value;
  const range = high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `from ${low} to ${high}`;
  throw fail(op, name, value, `a whole number ${range}`);
}

/** The option `name` of `op`, a number from `low` to `high`. */
export function real(op: string, name: string, value: unknown, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw fail(op, name, value, `a number from ${low} to ${high}`);
}

/** The option `name` of `op`, a number above 0 that is not infinite. */
export function positive(op: string, name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw fail(op, name, value, "a positive number");
}

/** The option `name` of `op`, a share: at least 0 and less than 1. */
export function share(op: string, name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw fail(op, name, value, "at least 0 and less than 1");
}

/** The option `name` of `op`, a number of any size, NaN and the infinities among them. */
export function numeric(op: string, name: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw fail(op, name, value, "a number");
}

/** The option `name` of `op`, one of `choices`. */
export function oneOf<T extends string>(
  op: string,
  name: string,
  value: unknown,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const message = `${op}: ${name} is ${show(value)}; it must be one of ${choices.join(", ")}`;
  throw new StrataError("argument", message, op);
}

/** The option `name` of `op`, yes or no; `otherwise` if it is left out. */
export function flag(op: string, name: string, value: unknown, otherwise = false): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw wrong(op, name, value, "true or false");
}

/** The option `name` of `op`, a string. */
export function text(op: string, name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw wrong(op, name, value, "a string");
}

/**
 * The option `name` of `op`, where a file or folder is: a string that a system can have as a path. Other
 * things would become files called `tensor(…)` or `[object Object]`.
 */
export function pathOf(op: string, name: string, value: unknown): string {
  if (typeof value !== "string") {
    throw wrong(op, name, value, "a path, as a string (fileURLToPath makes one of a URL)");
  }
  // The halves of a surrogate pair on their own have no spelling in UTF-8.
  if (value === "" || value.includes("\0") || /\p{Surrogate}/u.test(value)) {
    throw wrong(op, name, value, "a path: not empty, no NUL in it, and whole characters");
  }
  return value;
}

/** A function, or nothing, in the reader's words. */
export function callable<F extends (...args: never[]) => unknown>(
  op: string,
  name: string,
  value: F | undefined,
): F | undefined {
  if (value === undefined || isFunction(value)) return value;
  throw wrong(op, name, value, "a function");
}

/** The option `name` of `op`, what an `AbortController` has as its `signal`. */
export function signalOf(op: string, name: string, value: AbortSignal | undefined): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (isA(value, AbortSignal)) return value;
  throw wrong(op, name, value, "an AbortSignal");
}

/**
 * Options of `op` as an object, none if they are left out. Ask for each field once: getters may answer
 * something else the second time.
 */
export function optionsOf<T extends object>(op: string, value: T | undefined, name = "options"): Partial<T> {
  if (value === undefined) return {};
  const given: unknown = value;
  if (typeof given !== "object" || given === null || isArray(given) || isRevoked(given)) {
    throw new StrataError("argument", `${op}: ${name} must be an object, got ${kindOf(given)}`, op);
  }
  return value;
}

/** The elements of a list that the reader gave, each looked at once by `check`, which throws at the first that is wrong. */
export function listOf<E, T>(
  op: string,
  name: string,
  value: readonly E[],
  check: (element: E | undefined, index: number) => T,
): T[] {
  const given: unknown = value;
  if (!isArray(given)) throw wrong(op, name, given, "a list");
  const list: T[] = [];
  // By index: holes are looked at too, and nobody's iterator is asked.
  for (let i = 0; i < value.length; i++) list.push(check(value[i], i));
  return list;
}
