/** Indices and ranges as a caller writes them, resolved against a dimension. */
import { StrataError } from "../error.js";
import { isArray, show } from "../shared/show.js";
import { showShape } from "./shape.js";

/**
 * What `slice` takes for one dimension: `null` for all of it, a number for one element (the
 * dimension goes away), or `[start, end, step]` with any of the last left out. Negative numbers
 * count from the end; a range is clamped to the dimension; `step` is 1 or more.
 */
export type Range =
  | null
  | number
  | readonly [
      start?: number | null | undefined,
      end?: number | null | undefined,
      step?: number | null | undefined,
    ];

/** An index, counted from the end if negative. */
export function indexOf(
  op: string,
  index: unknown,
  size: number,
  dim: number,
  shape: readonly number[],
): number {
  if (typeof index === "number" && Number.isInteger(index) && index >= -size && index < size) {
    // -0 is 0.
    return index < 0 ? index + size : index + 0;
  }
  const range = size === 0 ? "it is empty" : `use ${-size} to ${size - 1}`;
  const message = `${op}: there is no index ${show(index)} in dimension ${dim} of shape ${showShape(shape)}: ${range}`;
  throw new StrataError("index", message, op);
}

/** A range's bounds inside a dimension, as slicing in Python has them. */
export function rangeOf(
  op: string,
  given: unknown,
  size: number,
): { start: number; end: number; step: number } {
  if (!isArray(given)) {
    const message = `${op}: a range is null, a number or [start, end, step], got ${show(given)}`;
    throw new StrataError("argument", message, op);
  }
  const range: readonly unknown[] = given;
  const bound = (at: number): number | null => {
    const value = range[at] ?? null;
    if (value === null) return null;
    if (typeof value === "number" && (Number.isInteger(value) || Math.abs(value) === Infinity)) return value;
    throw new StrataError("index", `${op}: a range is made of whole numbers, got ${showShape(range)}`, op);
  };
  const [start, end, step] = [bound(0), bound(1), bound(2)];
  if (step !== null && !(step >= 1 && Number.isFinite(step))) {
    throw new StrataError(
      "index",
      `${op}: a step is 1 or more, got ${step}; tensors are not walked backwards`,
      op,
    );
  }
  const inside = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size);
  const from = inside(start ?? 0);
  // A step beyond the dimension takes its first element, as one of its size does.
  return {
    start: from,
    end: Math.max(from, inside(end ?? size)),
    step: Math.min(step ?? 1, Math.max(size, 1)),
  };
}
