import { StrataError } from "../error.js";
import { handleOf, isOwned } from "../memory.js";
import type { Handle } from "../native.js";
import { optionsOf } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { wrap } from "../tensor/tensor.js";

/** A tensor's handle, 0 for one that is left out. */
export function handleOrNone(tensor: Tensor | null | undefined, op: string): Handle {
  return tensor === null || tensor === undefined ? 0 : handleOf(tensor, op);
}

/** Options of which one, `field`, is a tensor. Given by itself it would be an object without any of them. */
export function optionsWith<T extends object>(field: keyof T & string, op: string, options: T | undefined): Partial<T> {
  if (!isOwned(options)) return optionsOf(op, options);
  throw new StrataError("argument", `${op}: options must be an object, got a Tensor; it goes in as { ${field} }`, op);
}

/** Several results of one call, on the device of `like`. */
export function wrapAll(handles: readonly Handle[], like: Tensor): Tensor[] {
  return handles.map((handle) => wrap(handle, like.device));
}

/** The `index`-th of several results that the engine always gives. */
export function nth(results: readonly Tensor[], index: number, op: string): Tensor {
  const result = results[index];
  if (result !== undefined) return result;
  throw new StrataError("internal", `${op}: the engine gave ${results.length} results`, op);
}
