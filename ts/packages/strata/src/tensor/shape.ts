/** Shapes and dimensions as a caller writes them, checked and put into the engine's form. */
import { StrataError } from "../error.js";
import { isArray, kindOf, show } from "../shared/show.js";

/** The most dimensions a tensor may have. */
export const MAX_RANK = 6;

/** The most elements a tensor may have: kernels count them with 32 bits, and a grid further. */
export const MAX_ELEMENTS = 0xff000000;

/** The most elements of a list that a message repeats. */
const SHOWN = 12;

/** `[2, 3]`. */
export function showShape(shape: readonly unknown[]): string {
  const more = shape.length > SHOWN ? ", …" : "";
  return `[${Array.from({ length: Math.min(shape.length, SHOWN) }, (_, i) => show(shape[i])).join(", ")}${more}]`;
}

/** The number of elements of a shape. */
export function numelOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSize(size: unknown): size is number {
  return typeof size === "number" && Number.isInteger(size) && size >= 0;
}

/** Refuses what is no shape: NaN, negative, fractional or too large dimensions, too many of them. */
export function checkShape(op: string, given: unknown): readonly number[] {
  if (!isArray(given)) {
    throw new StrataError("argument", `${op}: a shape is a list of numbers, got ${typeof given}`, op);
  }
  // Copied once, and not before it is known to be short.
  const shape = given.length > MAX_RANK ? given.slice(0, MAX_RANK) : [...given];
  if (!shape.every(isSize)) {
    const message = `${op}: ${showShape(given)} is no shape: each dimension must be a whole number, 0 or more`;
    throw new StrataError("shape", message, op);
  }
  if (shape.length !== given.length) {
    const message = `${op}: shape ${showShape(given)} has ${given.length} dimensions; a tensor has at most ${MAX_RANK}`;
    throw new StrataError("shape", message, op);
  }
  const count = numelOf(shape);
  // Dimensions beyond 32 bits are refused even where another one of 0 leaves nothing to hold.
  if (count > MAX_ELEMENTS || shape.some((size) => size > 0xffffffff)) {
    const message = `${op}: shape ${showShape(shape)} has more elements than a tensor can hold (4,278,190,080)`;
    throw new StrataError("size", message, op);
  }
  return shape;
}

/** Dimensions given one by one or as one list. */
export function spread(op: string, args: readonly unknown[]): readonly number[] {
  const [first] = args;
  const given = args.length === 1 && isArray(first) ? first : args;
  const dims: number[] = [];
  for (let d = 0; d < given.length; d++) {
    const size = given[d];
    if (typeof size !== "number") {
      throw new StrataError("argument", `${op} takes numbers, one by one or as one list, got ${kindOf(size)}`, op);
    }
    // One more than there can be is enough to be refused for it.
    if (d > MAX_RANK) break;
    dims.push(size);
  }
  return dims;
}

/** A dimension, counted from the end if negative. `rank` dimensions are there. */
export function dimOf(op: string, dim: unknown, rank: number, shape: readonly number[]): number {
  if (typeof dim === "number" && Number.isInteger(dim) && dim >= -rank && dim < rank) {
    // -0 is 0.
    return dim < 0 ? dim + rank : dim + 0;
  }
  const range = rank === 0 ? "it has none" : `use ${-rank} to ${rank - 1}`;
  throw new StrataError(
    "shape",
    `${op}: there is no dimension ${show(dim)} in shape ${showShape(shape)}: ${range}`,
    op,
  );
}

/** The dimensions of a reduction: all of them if none is named. */
export function dimsOf(
  op: string,
  dim: unknown,
  shape: readonly number[],
): number[] {
  if (dim === undefined) return shape.map((_, d) => d);
  if (typeof dim === "number") return [dimOf(op, dim, shape.length, shape)];
  if (!isArray(dim))
    throw new StrataError("argument", `${op}: dim is a number or a list of numbers, got ${typeof dim}`, op);
  const dims: number[] = [];
  for (let i = 0; i < dim.length; i++) {
    const d = dimOf(op, dim[i], shape.length, shape);
    if (dims.includes(d)) {
      throw new StrataError("shape", `${op}: dimension ${d} is named twice in ${showShape(dim)}`, op);
    }
    dims.push(d);
  }
  return dims;
}

/** A shape in which one dimension may be -1: as many as the others leave. */
export function inferShape(
  op: string,
  wanted: readonly number[],
  from: readonly number[],
): readonly number[] {
  const hole = wanted.indexOf(-1);
  if (hole < 0) return checkShape(op, wanted);
  const others = checkShape(
    op,
    wanted.filter((_, d) => d !== hole),
  );
  const count = numelOf(from);
  const rest = numelOf(others);
  if (rest === 0 || count % rest !== 0) {
    const message = `${op}: shape ${showShape(from)} has ${count} elements, which does not divide into ${showShape(wanted)}`;
    throw new StrataError("shape", message, op);
  }
  return wanted.map((size, d) => (d === hole ? count / rest : size));
}

/** Whether elements lie side by side in row-major order. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d] ?? 1;
    if (size === 0) return true;
    if (size !== 1 && strides[d] !== expected) return numelOf(shape) === 0;
    expected *= size;
  }
  return true;
}
