/** Typed arrays as a caller may give them, made safe to be handed on. */
import { StrataError } from "../error.js";
import { listOf, whole } from "../shared/options.js";
import { isArray, kindOf } from "../shared/show.js";

/** The typed arrays whose elements a tensor can hold, or be filled from. */
export type Elements = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array;

const SHARED = Reflect.getPrototypeOf(Uint8Array.prototype) ?? {};

/** A property of all typed arrays, asked of the array itself: subclasses and own properties cannot lie about it. */
function inner(key: PropertyKey): (array: unknown) => unknown {
  const get = Reflect.getOwnPropertyDescriptor(SHARED, key)?.get;
  return (array) => (get === undefined ? undefined : Reflect.apply(get, array, []));
}

const tagOf = inner(Symbol.toStringTag);
const bufferOf = inner("buffer");
const offsetOf = inner("byteOffset");
const lengthOf = inner("length");

function isBuffer(value: unknown): value is ArrayBuffer {
  return typeof value === "object" && value !== null;
}

/**
 * A typed array of this realm over the same memory, whatever class or realm the given one is of; null
 * for anything that is not a typed array with elements of a tensor.
 *
 * @throws {@link StrataError} `"argument"` if its memory was transferred.
 */
export function typedOf(op: string, value: unknown): Elements | null {
  if (!ArrayBuffer.isView(value)) return null;
  const [buffer, offset, length] = [bufferOf, offsetOf, lengthOf].map((ask) => (tagOf(value) === undefined ? null : ask(value)));
  if (!isBuffer(buffer) || typeof offset !== "number" || typeof length !== "number") return null;
  try {
    switch (tagOf(value)) {
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
