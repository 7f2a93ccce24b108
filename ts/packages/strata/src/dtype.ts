import { StrataError } from "./error.js";
import { show } from "./shared/show.js";
import type { DTypeCode } from "./native.js";

/** The types an element may have, in the engine's order. */
export const DTYPES = ["f32", "bf16", "f16", "i32", "u32"] as const;
Object.freeze(DTYPES);

/**
 * The type of a tensor's elements: 32-bit and 16-bit floats, signed and unsigned 32-bit integers.
 * Arithmetic is in `f32`; the others are for storage, indices and token ids.
 */
export type DType = (typeof DTYPES)[number];

/** The typed array that shows elements of a dtype; 16-bit floats appear as their bits. */
export type TypedArrayOf<D extends DType> = D extends "f32"
  ? Float32Array
  : D extends "i32"
    ? Int32Array
    : D extends "u32"
      ? Uint32Array
      : Uint16Array;

/** Any typed array that a tensor's elements can be shown in. */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** Bytes of one element. */
export function sizeOf(dtype: DType): 2 | 4 {
  return dtype === "bf16" || dtype === "f16" ? 2 : 4;
}

/** The engine's number for a dtype. */
export function codeOf(dtype: DType, op: string): DTypeCode {
  switch (dtype) {
    case "f32":
      return 0;
    case "bf16":
      return 1;
    case "f16":
      return 2;
    case "i32":
      return 3;
    case "u32":
      return 4;
    default:
      throw new StrataError("dtype", `${op}: ${typeof dtype === "string" ? dtype : show(dtype)} is no dtype; use ${DTYPES.join(", ")}`, op);
  }
}

/** Elements of `dtype` over part of a buffer; `start` in bytes, `length` in elements. */
export function typedArray<D extends DType>(
  dtype: D,
  buffer: ArrayBuffer,
  start: number,
  length: number,
): TypedArrayOf<D>;
export function typedArray(dtype: DType, buffer: ArrayBuffer, start: number, length: number): TypedArray {
  switch (dtype) {
    case "f32":
      return new Float32Array(buffer, start, length);
    case "i32":
      return new Int32Array(buffer, start, length);
    case "u32":
      return new Uint32Array(buffer, start, length);
    default:
      return new Uint16Array(buffer, start, length);
  }
}

const word = new DataView(new ArrayBuffer(4));

/** The number behind the bits of a bf16: the upper half of an f32. */
export function bf16ToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

/** The number behind the bits of an f16: 1 sign, 5 exponent and 10 fraction bits. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  // Exponent 0 is for numbers too small for a leading one.
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Elements as plain numbers, whatever their dtype. */
export function toNumbers(dtype: DType, elements: TypedArray): ArrayLike<number> {
  if (dtype === "bf16") return Float32Array.from(elements, bf16ToNumber);
  if (dtype === "f16") return Float32Array.from(elements, f16ToNumber);
  return elements;
}
