import type { Device } from "../device.js";
import { tidy } from "../memory.js";
import { nativeDevice } from "../device.js";
import { checkSeed, nextSeed } from "../random.js";
import { rand, randn } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";

/** Where a layer's parameters are made, and from which numbers. */
export interface LayerOptions {
  /** The device; {@link defaultDevice} if left out. */
  readonly device?: Device | undefined;
  /** Seed of the initial values; the stream that {@link manualSeed} starts if left out. */
  readonly seed?: number | undefined;
}

/** Uniform between `-bound` and `bound`. */
export function uniform(shape: readonly number[], bound: number, options: LayerOptions): Tensor {
  return tidy(() => rand(shape, options).mul(2 * bound).sub(bound));
}

/** Normal with mean 0 and this deviation. */
export function normal(shape: readonly number[], deviation: number, options: LayerOptions): Tensor {
  if (deviation === 1) return randn(shape, options);
  return tidy(() => randn(shape, options).mul(deviation));
}

/** Options for the `index`-th parameter of a layer: a seed of its own, if the layer has one. */
export function part(op: string, options: LayerOptions, index: number): LayerOptions {
  const { device, seed } = options;
  if (device !== undefined) nativeDevice(device, op);
  if (seed === undefined) return { device, seed: nextSeed() };
  // Far apart, so that neighbouring seeds of neighbouring layers do not meet.
  return { device, seed: (checkSeed(seed, op) + index * 0x9e3779b97) % Number.MAX_SAFE_INTEGER };
}
