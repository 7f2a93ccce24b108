import { StrataError } from "../error.js";

/*
 * Checks of options. Each returns the value, so that a constructor reads as a list of what it takes.
 */

function fail(op: string, name: string, value: unknown, must: string): StrataError {
  const code = typeof value === "number" ? "value" : "argument";
  return new StrataError(code, `${op}: ${name} is ${String(value)}; it must be ${must}`, op);
}

/** The option `name` of `op`, a whole number from `low` to `high`. */
export function whole(
  op: string,
  name: string,
  value: number,
  low = 1,
  high = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  const range = high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `from ${low} to ${high}`;
  throw fail(op, name, value, `a whole number ${range}`);
}

/** The option `name` of `op`, a number from `low` to `high`. */
export function real(op: string, name: string, value: number, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw fail(op, name, value, `a number from ${low} to ${high}`);
}

/** The option `name` of `op`, a number above 0 that is not infinite. */
export function positive(op: string, name: string, value: number): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw fail(op, name, value, "a positive number");
}

/** The option `name` of `op`, a share: at least 0 and less than 1. */
export function share(op: string, name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw fail(op, name, value, "at least 0 and less than 1");
}

/** The option `name` of `op`, one of `choices`. */
export function oneOf<T extends string>(
  op: string,
  name: string,
  value: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  const message = `${op}: ${name} is ${shown}; it must be one of ${choices.join(", ")}`;
  throw new StrataError("argument", message, op);
}
