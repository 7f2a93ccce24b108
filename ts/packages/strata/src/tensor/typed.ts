/** Typed arrays as a caller may give them, made safe to be handed on. */
import { StrataError } from "../error.js";
import { listOf, whole } from "../shared/options.js";
import { isArray, kindOf } from "../shared/show.js";

/** The typed arrays whose elements a tensor can hold, or be filled from. */
export type Elements = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array;

const SHARED = Reflect.getPrototypeOf(Uint8Array.prototype) ?? {};

/** The getter of a property that all typed arrays have: asked itself, neither subclasses nor own properties can lie. */
function getter(key: PropertyKey): () => unknown {
  const get: (() => unknown) | undefined = Reflect.getOwnPropertyDescriptor(SHARED, key)?.get;
  return get ?? (() => undefined);
}

const [TAG, BUFFER, OFFSET, LENGTH] = [getter(Symbol.toStringTag), getter("buffer"), getter("byteOffset"), getter("length")];

// One function each: the compiler makes them as quick as the property.
const tagOf = (array: unknown): unknown => Reflect.apply(TAG, array, []);
const bufferOf = (array: unknown): unknown => Reflect.apply(BUFFER, array, []);
const offsetOf = (array: unknown): unknown => Reflect.apply(OFFSET, array, []);
const lengthOf = (array: unknown): unknown => Reflect.apply(LENGTH, array, []);

function isBuffer(value: unknown): value is ArrayBuffer {
  return typeof value === "object" && value !== null;
}

/** Whether an array is what it says it is, and has memory: most are, and a second one over it costs more than to ask. */
function isPlain(value: ArrayBufferView): value is Elements {
  return (
    (value instanceof Float32Array ||
      value instanceof Uint32Array ||
      value instanceof Int32Array ||
      value instanceof Uint16Array ||
      value instanceof Float64Array) &&
    value.length === lengthOf(value) &&
    value.length > 0 &&
    value.byteLength === value.length * value.BYTES_PER_ELEMENT &&
    value.byteOffset === offsetOf(value) &&
    value.buffer === bufferOf(value)
  );
}

/**
 * A typed array of this realm over the same memory, whatever class or realm the given one is of; null
 * for anything that is not a typed array with elements of a tensor.
 *
 * @throws {@link StrataError} `"argument"` if its memory was transferred.
 */
export function typedOf(op: string, value: unknown): Elements | null {
  if (!ArrayBuffer.isView(value)) return null;
  if (isPlain(value)) return value;
  const tag = tagOf(value);
  // A DataView has no elements.
  if (tag === undefined) return null;
  const [buffer, offset, length] = [bufferOf(value), offsetOf(value), lengthOf(value)];
  if (!isBuffer(buffer) || typeof offset !== "number" || typeof length !== "number") return null;
  try {
    switch (tag) {
      case "Float32Array":
        return new Float32Array(buffer, offset, length);
      case "Float64Array":
        return new Float64Array(buffer, offset, length);
      case "Int32Array":
        return new Int32Array(buffer, offset, length);
      case "Uint32Array":
        return new Uint32Array(buffer, offset, length);
      case "Uint16Array":
        return new Uint16Array(buffer, offset, length);
      default:
        return null;
    }
  } catch (cause) {
    const message = `${op}: the array has no memory any more; its ArrayBuffer was transferred elsewhere`;
    throw new StrataError("argument", message, op, { cause });
  }
}

/** The same array, or a copy where workers share its memory: what changes while the engine reads it would be read wrong. */
export function unshared<T extends Elements>(array: T): T;
export function unshared(array: Elements): Elements {
  return array.buffer instanceof ArrayBuffer ? array : array.slice();
}

/**
 * A caller's ids: whole numbers of 32 bits, as a `Uint32Array` or a list.
 *
 * @throws {@link StrataError} `"argument"` for anything else; `"value"` for numbers that are no ids.
 */
export function idsOf(op: string, name: string, value: unknown): Uint32Array {
  if (ArrayBuffer.isView(value)) {
    const array = typedOf(op, value);
    if (array instanceof Uint32Array) return unshared(array);
    throw new StrataError("argument", `${op}: ${name} must be a Uint32Array or a list of whole numbers`, op);
  }
  if (!isArray(value)) {
    throw new StrataError("argument", `${op}: ${name} must be a Uint32Array or a list of whole numbers, got ${kindOf(value)}`, op);
  }
  return Uint32Array.from(listOf(op, name, value, (id, i) => whole(op, `${name}[${i}]`, id, 0, 0xffffffff)));
}
