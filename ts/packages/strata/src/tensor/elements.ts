/** Numbers from JavaScript as elements of a tensor. */
import { codeOf } from "../dtype.js";
import type { DType, TypedArray } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import type { Handle, NativeDevice } from "../native.js";
import { isArray, kindOf } from "../shared/show.js";
import { MAX_RANK, numelOf } from "./shape.js";
import type { Elements } from "./typed.js";

/** Numbers, nested as deep as there are dimensions: `5`, `[1, 2]`, `[[1, 2], [3, 4]]`. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** The dtype whose elements a typed array holds, or null: 16-bit floats have no array of their own. */
export function dtypeOf(array: Elements): DType | null {
  if (array instanceof Float32Array || array instanceof Float64Array) return "f32";
  if (array instanceof Int32Array) return "i32";
  return array instanceof Uint32Array ? "u32" : null;
}

const WHOLE = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/** Numbers as f32, i32 or u32; integers must be whole and in range. */
export function fromNumbers(op: string, values: ArrayLike<number>, dtype: "f32" | "i32" | "u32"): TypedArray {
  if (dtype === "f32") {
    if (values instanceof Float32Array) return values;
    const floats = room(op, values.length, dtype);
    floats.set(values);
    return floats;
  }
  const [low, high] = WHOLE[dtype];
  const out = room(op, values.length, dtype);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isInteger(value) || value < low || value > high) {
      const message = `${op}: element ${i} is ${value}, and ${dtype} holds whole numbers from ${low} to ${high}`;
      throw new StrataError("value", message, op);
    }
    out[i] = value;
  }
  return out;
}

/** A caller's list of numbers. */
export function numbersOf(op: string, name: string, list: unknown): number[] {
  if (!isArray(list)) {
    throw new StrataError("argument", `${op}: ${name} must be a list of numbers, got ${kindOf(list)}`, op);
  }
  const numbers: number[] = [];
  // By index: a hole is no number either.
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value !== "number") {
      throw new StrataError("argument", `${op}: element ${i} of ${name} is ${kindOf(value)}, not a number`, op);
    }
    numbers.push(value);
  }
  return numbers;
}

/** Memory for `count` numbers; too little of it is an error like any other. */
export function room(op: string, count: number, dtype: "f32" | "i32" | "u32"): Float32Array | Int32Array | Uint32Array;
export function room(op: string, count: number, dtype: "f64"): Float64Array;
export function room(
  op: string,
  count: number,
  dtype: "f32" | "f64" | "i32" | "u32",
): Float32Array | Float64Array | Int32Array | Uint32Array {
  try {
    switch (dtype) {
      case "f32":
        return new Float32Array(count);
      case "f64":
        return new Float64Array(count);
      case "i32":
        return new Int32Array(count);
      case "u32":
        return new Uint32Array(count);
    }
  } catch (cause) {
    throw new StrataError("memory", `${op}: there is no memory for ${count} elements`, op, { cause });
  }
}

/** The dtype that numbers are written as before the engine makes 16-bit floats of them. */
export function wideOf(dtype: DType): "f32" | "i32" | "u32" {
  return dtype === "i32" || dtype === "u32" ? dtype : "f32";
}

/** The bytes of a typed array, not copied where the engine can take them. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  // Memory shared between workers may change while it is read: the engine is given a copy.
  return array.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
}

/** A new tensor of these elements, which are of {@link wideOf} the dtype, or its bits. */
export function upload(
  op: string,
  on: NativeDevice,
  array: TypedArray,
  dtype: DType,
  shape: readonly number[],
): Handle {
  const code = codeOf(dtype, op);
  if (wideOf(dtype) === dtype || array instanceof Uint16Array)
    return native.fromBytes(on, code, [...shape], bytesOf(array));
  const wide = native.fromBytes(on, codeOf("f32", op), [...shape], bytesOf(array));
  return as(op, dtype, wide);
}

/** The shape of nested numbers; ragged ones have none. */
export function shapeOf(data: unknown): number[] {
  const shape: number[] = [];
  for (let at = data; isArray(at) && shape.length <= MAX_RANK; at = at[0]) shape.push(at.length);
  return shape;
}

/** Lists of more elements than this are looked at before memory is taken for them. */
const LARGE = 1 << 20;

/** Nested numbers in row-major order. */
export function flatten(op: string, data: unknown, shape: readonly number[]): Float64Array {
  if (numelOf(shape) > LARGE) lookAtLast(op, data, shape);
  const out = room(op, numelOf(shape), "f64");
  const path: number[] = [];
  let at = 0;
  const walk = (part: unknown, depth: number): void => {
    const size = shape[depth];
    if (size === undefined) {
      if (typeof part !== "number") throw badElement(op, part, path, shape);
      out[at++] = part;
      return;
    }
    if (!isArray(part) || part.length !== size) throw badElement(op, part, path, shape);
    // Not forEach: it would skip holes.
    for (let i = 0; i < size; i++) {
      path[depth] = i;
      walk(part[i], depth + 1);
    }
    path.length = depth;
  };
  walk(data, 0);
  return out;
}

/** Refuses lists that are long but empty at their end, before memory is taken for what they are not. */
function lookAtLast(op: string, data: unknown, shape: readonly number[]): void {
  const path: number[] = [];
  let part = data;
  for (const size of shape) {
    if (!isArray(part) || part.length !== size) throw badElement(op, part, path, shape);
    if (size === 0) return;
    path.push(size - 1);
    part = part[size - 1];
  }
  if (typeof part !== "number") throw badElement(op, part, path, shape);
}

function badElement(
  op: string,
  part: unknown,
  path: readonly number[],
  shape: readonly number[],
): StrataError {
  const where = path.length === 0 ? "the data" : `element [${path.join(", ")}]`;
  const wanted = shape.length === path.length ? "a number" : `a list of ${shape[path.length] ?? 0}`;
  if (typeof part === "number" || isArray(part)) {
    const got = isArray(part) ? `a list of ${part.length}` : "a number";
    return new StrataError("shape", `${op}: rows differ in length: ${where} is ${got}, not ${wanted}`, op);
  }
  const kind = part === null ? "null" : typeof part;
  return new StrataError("argument", `${op}: ${where} is ${kind}, not ${wanted}`, op);
}

/** An f32 handle as the dtype that was asked for, in its place. */
export function as(op: string, dtype: DType | undefined, handle: Handle): Handle {
  if (dtype === undefined || dtype === "f32") return handle;
  try {
    return native.cast(handle, codeOf(dtype, op));
  } finally {
    native.free(handle);
  }
}
