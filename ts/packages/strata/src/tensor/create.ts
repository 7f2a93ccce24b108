import { defaultDevice, nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { codeOf } from "../dtype.js";
import type { DType, TypedArray } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle, NativeDevice } from "../native.js";
import { checkSeed, nextSeed } from "../random.js";
import { flag, listOf, optionsOf } from "../shared/options.js";
import { isArray, kindOf, show } from "../shared/show.js";
import { as, dtypeOf, flatten, fromNumbers, room, shapeOf, upload, wideOf } from "./elements.js";
import type { NestedNumbers } from "./elements.js";
import { checkShape, dimOf, numelOf, showShape } from "./shape.js";
import { wrap } from "./tensor.js";
import type { Tensor } from "./tensor.js";
import { typedOf } from "./typed.js";
import type { Elements as Given } from "./typed.js";

/** Where and how a tensor is made. */
export interface TensorOptions {
  /** The device; {@link defaultDevice} if left out. */
  readonly device?: Device | undefined;
  /** The type of its elements; f32 if left out. */
  readonly dtype?: DType | undefined;
  /** Whether `backward` computes a gradient for it; false if left out. */
  readonly requiresGrad?: boolean | undefined;
}

/** How a tensor is made of numbers. */
export interface DataOptions extends TensorOptions {
  /** The shape; that of the nesting, or one dimension for a typed array, if left out. */
  readonly shape?: readonly number[] | undefined;
}

/** How random numbers are drawn. */
export interface RandomOptions extends TensorOptions {
  /** A seed of its own; the stream that {@link manualSeed} starts if left out. */
  readonly seed?: number | undefined;
}

/** A shape, or the length of a vector. */
export type Shape = number | readonly number[];

function shapeFrom(op: string, shape: Shape): readonly number[] {
  return checkShape(op, typeof shape === "number" ? [shape] : shape);
}

/** What the options of all these functions ask for, each looked at once. */
interface Wanted {
  readonly device: Device;
  readonly on: NativeDevice;
  readonly dtype: DType | undefined;
  readonly requiresGrad: boolean;
}

function wantedOf(op: string, options: TensorOptions | undefined): Wanted {
  if (options === undefined) {
    const device = defaultDevice();
    return { device, on: nativeDevice(device, op), dtype: undefined, requiresGrad: false };
  }
  const { device = defaultDevice(), dtype, requiresGrad } = optionsOf(op, options);
  const on = nativeDevice(device, op);
  if (dtype !== undefined) codeOf(dtype, op);
  return { device, on, dtype, requiresGrad: flag(op, "requiresGrad", requiresGrad) };
}

/** Wraps a handle and sets what the options ask for; gives it back if they cannot be met. */
function finish(handle: Handle, { device, requiresGrad }: Wanted): Tensor {
  const made = wrap(handle, device);
  if (!requiresGrad) return made;
  try {
    made.requiresGrad = true;
    return made;
  } catch (error) {
    made.dispose();
    throw error;
  }
}

/**
 * A tensor of these numbers: one, nested arrays, or a typed array (which is copied).
 *
 * ```ts
 * tensor([[1, 2], [3, 4]]);                                  // f32 [2, 2]
 * tensor(new Uint32Array([5, 9, 2, 6]), { shape: [2, 2] });  // u32 [2, 2]
 * ```
 *
 * The dtype is f32, or that of an `Int32Array` or `Uint32Array`. A `Uint16Array` holds the bits of
 * 16-bit floats; say which with `dtype`.
 *
 * @throws {@link StrataError} `"shape"` for rows of different lengths, or another number of elements
 * than `shape` has; `"value"` for fractions in an integer tensor; `"argument"` for anything that is
 * not a number.
 */
export function tensor(data: NestedNumbers | TypedArray | Float64Array, options?: DataOptions): Tensor {
  const op = "tensor";
  const wanted = wantedOf(op, options);
  const { array, dtype, natural } = ArrayBuffer.isView(data)
    ? typedElements(op, typedOf(op, data), wanted.dtype)
    : listElements(op, data, wanted.dtype);
  const shape = checkShape(op, options?.shape ?? natural);
  if (numelOf(shape) !== array.length) {
    const message = `${op}: shape ${showShape(shape)} has ${numelOf(shape)} elements, ${array.length} were given for it`;
    throw new StrataError("shape", message, op);
  }
  return finish(upload(op, wanted.on, array, dtype, shape), wanted);
}

interface Elements {
  readonly array: TypedArray;
  readonly dtype: DType;
  readonly natural: readonly number[];
}

function typedElements(op: string, data: Given | null, wanted: DType | undefined): Elements {
  const natural = [data?.length ?? 0];
  if (data instanceof Uint16Array) {
    if (wanted === "bf16" || wanted === "f16") return { array: data, dtype: wanted, natural };
    const message = `${op}: a Uint16Array holds the bits of 16-bit floats; say which with { dtype: "bf16" } or { dtype: "f16" }`;
    throw new StrataError("dtype", message, op);
  }
  const own = data === null ? null : dtypeOf(data);
  if (own === null || data === null) {
    const message = `${op} takes Float32Array, Float64Array, Int32Array, Uint32Array, and Uint16Array for the bits of 16-bit floats; convert with Float32Array.from(…)`;
    throw new StrataError("argument", message, op);
  }
  const dtype = wanted ?? own;
  const wide = wideOf(dtype);
  const fits = !(data instanceof Float64Array) && wide === own;
  return { array: fits ? data : fromNumbers(op, data, wide), dtype, natural };
}

function listElements(op: string, data: unknown, wanted: DType | undefined): Elements {
  const natural = shapeOf(data);
  checkShape(op, natural);
  const dtype = wanted ?? "f32";
  return { array: fromNumbers(op, flatten(op, data, natural), wideOf(dtype)), dtype, natural };
}

/** All zeros. */
export function zeros(shape: Shape, options?: TensorOptions): Tensor {
  const op = "zeros";
  const wanted = wantedOf(op, options);
  const { on, dtype = "f32" } = wanted;
  return finish(native.zeros(on, codeOf(dtype, op), [...shapeFrom(op, shape)]), wanted);
}

/** All ones. */
export function ones(shape: Shape, options?: TensorOptions): Tensor {
  return filled("ones", shape, 1, options);
}

/** All `value`. */
export function full(shape: Shape, value: number, options?: TensorOptions): Tensor {
  return filled("full", shape, value, options);
}

/** One number in every place. Not exported from the package. */
export function filled(op: string, shape: Shape, value: number, options: TensorOptions | undefined): Tensor {
  const wanted = wantedOf(op, options);
  const { on, dtype = "f32" } = wanted;
  if (typeof value !== "number")
    throw new StrataError("argument", `${op}: the value is a number, got ${typeof value}`, op);
  const wide = wideOf(dtype);
  const dims = [...shapeFrom(op, shape)];
  if (wide === "f32") return finish(as(op, dtype, native.full(on, dims, value)), wanted);
  fromNumbers(op, [value], wide);
  const made = finish(native.zeros(on, codeOf(dtype, op), dims), wanted);
  return value === 0 ? made : made.fill(value);
}

/** Numbers that a formula gives, for vectors and matrices of moderate size. */
function computed(
  op: string,
  shape: readonly number[],
  at: (i: number) => number,
  options: TensorOptions | undefined,
): Tensor {
  const wanted = wantedOf(op, options);
  const { on, dtype = "f32" } = wanted;
  const count = numelOf(checkShape(op, shape));
  const wide = wideOf(dtype);
  const array = room(op, count, wide);
  for (let i = 0; i < count; i++) {
    const value = at(i);
    array[i] = value;
    if (wide !== "f32" && array[i] !== value) fromNumbers(op, [value], wide);
  }
  return finish(upload(op, on, array, dtype, shape), wanted);
}

function finite(op: string, name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  const code = typeof value === "number" ? "value" : "argument";
  throw new StrataError(code, `${op}: ${name} must be a finite number, got ${show(value)}`, op);
}

/** 0, 1, 2, … below `end`: shape `[end]`. */
export function arange(end: number, options?: TensorOptions): Tensor;
/** From `start` on in steps of `step` (1 if left out), below `end`. */
export function arange(start: number, end: number, options?: TensorOptions): Tensor;
/** From `start` on in steps of `step`, as long as `end` is not reached. */
export function arange(start: number, end: number, step: number, options?: TensorOptions): Tensor;
export function arange(...args: (number | TensorOptions | undefined)[]): Tensor {
  const op = "arange";
  const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
  const last = given.at(-1);
  const options = typeof last === "object" ? last : undefined;
  const numbers = options === undefined ? given : given.slice(0, -1);
  if (numbers.length === 0 || numbers.length > 3) {
    throw new StrataError("argument", `${op} takes one to three numbers, got ${numbers.length}`, op);
  }
  const [first, second, third] = numbers;
  const start = numbers.length === 1 ? 0 : finite(op, "start", first);
  const end = finite(op, "end", numbers.length === 1 ? first : second);
  const step = numbers.length === 3 ? finite(op, "step", third) : 1;
  if (step === 0) throw new StrataError("value", `${op}: the step must not be 0`, op);
  const count = Math.max(0, Math.ceil((end - start) / step));
  return computed(op, [count], (i) => start + i * step, options);
}

/** `count` numbers at equal distances, `start` and `end` among them. */
export function linspace(start: number, end: number, count: number, options?: TensorOptions): Tensor {
  finite("linspace", "start", start);
  finite("linspace", "end", end);
  const shape = checkShape("linspace", [count]);
  const gap = (end - start) / Math.max(1, count - 1);
  // The last one exactly, whatever the others were rounded to.
  return computed("linspace", shape, (i) => (i > 0 && i === count - 1 ? end : start + i * gap), options);
}

/** The identity: `[n, m]` (`[n, n]` if `m` is left out), 1 on the diagonal. */
export function eye(n: number, m = n, options?: TensorOptions): Tensor {
  return computed("eye", [n, m], (i) => (Math.floor(i / m) === i % m ? 1 : 0), options);
}

/** Standard normal numbers, the same for a seed on every device. */
export function randn(shape: Shape, options?: RandomOptions): Tensor {
  return drawn("randn", native.randn, shape, options);
}

/** Uniform numbers from 0 up to, but not including, 1; the same for a seed on every device. */
export function rand(shape: Shape, options?: RandomOptions): Tensor {
  return drawn("rand", native.uniform, shape, options);
}

function drawn(op: string, draw: typeof native.randn, shape: Shape, options: RandomOptions | undefined): Tensor {
  const wanted = wantedOf(op, options);
  const { seed } = optionsOf(op, options);
  const dims = [...shapeFrom(op, shape)];
  const from = seed === undefined ? nextSeed() : checkSeed(seed, op);
  return finish(as(op, wanted.dtype, draw(wanted.on, dims, from)), wanted);
}

/**
 * Tensors side by side along a dimension.
 *
 * @throws {@link StrataError} `"value"` for none; `"shape"` if the other dimensions differ; `"dtype"`,
 * `"device"` if those do.
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return joined("cat", native.concat, tensors, dim, 0);
}

/**
 * Tensors of one shape along a new dimension.
 *
 * @throws {@link StrataError} `"value"` for none; `"shape"`, `"dtype"`, `"device"` if those differ.
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return joined("stack", native.stack, tensors, dim, 1);
}

function joined(
  op: string,
  join: typeof native.concat,
  tensors: readonly Tensor[],
  dim: number,
  more: number,
): Tensor {
  if (!isArray(tensors)) throw new StrataError("argument", `${op} takes a list of tensors, got ${kindOf(tensors)}`, op);
  const parts: Tensor[] = [];
  const handles = listOf<Tensor, Handle>(op, "tensors", tensors, (part) => {
    const handle = handleOf(part, op);
    if (part !== undefined) parts.push(part);
    return handle;
  });
  const [first] = parts;
  if (first === undefined) throw new StrataError("value", `${op}: there is no tensor in the list`, op);
  const { shape } = first;
  const d = dimOf(op, dim, shape.length + more, shape);
  for (const part of parts) {
    const fits =
      part.rank === shape.length &&
      shape.every((size, i) => part.shape[i] === size || (more === 0 && i === d));
    if (fits) continue;
    const rule = more === 0 ? `all dimensions but ${d} must agree` : "the shapes must agree";
    throw new StrataError(
      "shape",
      `${op}: ${rule} (shapes ${showShapes(parts)})`,
      op,
    );
  }
  return wrap(join(handles, d), first.device);
}

function showShapes(tensors: readonly Tensor[]): string {
  const shown = tensors.slice(0, 8).map((t) => showShape(t.shape));
  return `${shown.join(", ")}${tensors.length > 8 ? ", …" : ""}`;
}
