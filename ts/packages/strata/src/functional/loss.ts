import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf, tidy } from "../memory.js";
import { real } from "../shared/options.js";
import type { Tensor } from "../tensor/tensor.js";
import { numbersOf } from "../tensor/elements.js";
import { wrap } from "../tensor/tensor.js";
import { typedOf, unshared } from "../tensor/typed.js";
import { handleOrNone, nth, optionsWith, wrapAll } from "./call.js";

/** Softmax along a dimension (the last, if left out): `exp(x - max)` over its sum. */
export function softmax(x: Tensor, dim = -1): Tensor {
  handleOf(x, "softmax");
  return x.softmax(dim);
}

/** The logarithm of {@link softmax}, without the rounding of taking it afterwards. */
export function logSoftmax(x: Tensor, dim = -1): Tensor {
  handleOf(x, "logSoftmax");
  return x.logSoftmax(dim);
}

/** What the online softmax of one row has after each element. */
export interface RunningSoftmax {
  /** The largest element so far. */
  readonly max: Float32Array;
  /** The sum of `exp(x - max)` so far. */
  readonly sum: Float32Array;
}

/**
 * The online softmax of one row (Milakov and Gimelshein, 2018), element by element: when a larger
 * maximum comes, the sum so far is scaled down to it. Where flash attention comes from.
 */
export function runningSoftmax(row: Float32Array | readonly number[]): RunningSoftmax {
  const op = "runningSoftmax";
  const given = ArrayBuffer.isView(row) ? typedOf(op, row) : Float32Array.from(numbersOf(op, "row", row));
  if (!(given instanceof Float32Array)) {
    throw new StrataError("argument", `${op} takes a Float32Array or a list of numbers`, op);
  }
  const pairs = native.runningSoftmax(unshared(given));
  return {
    max: pairs.filter((_, i) => i % 2 === 0),
    sum: pairs.filter((_, i) => i % 2 === 1),
  };
}

/** Logits as rows [rows, classes] and targets as [rows]. */
function asRows(op: string, logits: Tensor, targets: Tensor): [logits: Tensor, targets: Tensor] {
  handleOf(logits, op);
  handleOf(targets, op);
  const [a, b] = [logits.shape, targets.shape];
  if (a.length === b.length + 1 && b.every((d, i) => d === a[i])) {
    if (a.length === 2) return [logits, targets];
    return [logits.reshape(targets.numel, a.at(-1) ?? 0), targets.reshape(targets.numel)];
  }
  const shapes = `[${a.join(", ")}] and [${b.join(", ")}]`;
  const message = `${op}: targets need the logits' shape without its last dimension, got ${shapes}`;
  throw new StrataError("shape", message, op);
}

/** How errors are weighed. */
export interface CrossEntropyOptions {
  /** How much of each target is spread over all classes evenly, from 0 to 1; 0 if left out. */
  readonly labelSmoothing?: number | undefined;
  /** What an error in each class counts, [classes] of f32, finite and not below 0; no gradient. */
  readonly classWeights?: Tensor | undefined;
}

/**
 * Mean cross-entropy in nats: logits [..., classes] of floats, targets [...] of u32, result []. A
 * target of {@link IGNORE} is not scored. With class weights the mean is a weighted one: over the sum
 * of the targets' weights, as in PyTorch.
 *
 * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` for operands that do not fit; `"value"`
 * for a smoothing out of its range.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
  const op = "crossEntropy";
  const { labelSmoothing = 0, classWeights } = optionsWith("classWeights", op, options);
  const smoothing = real(op, "labelSmoothing", labelSmoothing, 0, 1);
  return tidy(() => {
    const [rows, wanted] = asRows(op, logits, targets);
    const handles = [handleOf(rows, op), handleOf(wanted, op)] as const;
    return wrap(native.crossEntropy(...handles, smoothing, handleOrNone(classWeights, op)), logits.device);
  });
}

/** Cross-entropy row by row. */
export interface CrossEntropyRows {
  /** The mean over the scored rows, []. */
  readonly mean: Tensor;
  /** The loss of each row in nats, [rows]; 0 where it is not scored. */
  readonly rows: Tensor;
  /** The logarithm of each row's sum of exponentials, [rows]: all that backward keeps of it. */
  readonly lse: Tensor;
}

/** {@link crossEntropy} with the numbers of each row; no gradient. */
export function crossEntropyRows(logits: Tensor, targets: Tensor): CrossEntropyRows {
  const op = "crossEntropyRows";
  return tidy(() => {
    const [rows, wanted] = asRows(op, logits, targets);
    const handles = native.crossEntropyRows(handleOf(rows, op), handleOf(wanted, op));
    const results = wrapAll(handles, logits);
    return { mean: nth(results, 0, op), rows: nth(results, 1, op), lse: nth(results, 2, op) };
  });
}

/**
 * Mean squared error, `mean((prediction - target)²)`, result [].
 *
 * @throws {@link StrataError} `"shape"` if the shapes differ: broadcasting here is nearly always a mistake.
 */
export function mseLoss(prediction: Tensor, target: Tensor): Tensor {
  const op = "mseLoss";
  handleOf(prediction, op);
  handleOf(target, op);
  const [a, b] = [prediction.shape.join(", "), target.shape.join(", ")];
  if (a !== b) {
    throw new StrataError("shape", `${op}: [${a}] and [${b}] are not the same shape`, op);
  }
  return tidy(() => prediction.sub(target).square().mean());
}
