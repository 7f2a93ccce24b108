import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { isModule } from "../nn/known.js";
import { positive } from "../shared/options.js";
import { tensorsOf } from "./optimizer.js";
import type { Parameters } from "./optimizer.js";

/**
 * Scales the gradients of all parameters so that their norm together is at most `max`.
 *
 * The optimizers' own `clip` does the same without waiting for the norm.
 *
 * @returns The norm before.
 * @throws {@link StrataError} `"value"` unless `max` is positive; `"argument"` for one that is listed twice.
 */
export function clipGradNorm(parameters: Parameters, max: number): number {
  const op = "clipGradNorm";
  const list = isModule(parameters) ? parameters.parameters() : tensorsOf(op, parameters);
  return native.clipGradNorm(list.map((tensor) => handleOf(tensor, op)), positive(op, "max", max));
}
