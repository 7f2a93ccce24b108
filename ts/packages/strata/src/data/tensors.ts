import { codeOf, sizeOf } from "../dtype.js";
import type { DType } from "../dtype.js";
import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { checkSeed } from "../random.js";
import { whole } from "../shared/options.js";
import { wrap } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";

/** A tensor's rows on the host, where they can be drawn in any order. */
class Rows {
  readonly #bytes: Uint8Array;
  readonly #row: readonly number[];
  readonly #rowBytes: number;
  readonly #dtype: DType;
  readonly #device: Device;

  constructor(from: Tensor) {
    this.#bytes = new Uint8Array(native.readSync(handleOf(from, "TensorDataset")));
    this.#row = from.shape.slice(1);
    this.#rowBytes = sizeOf(from.dtype) * this.#row.reduce((size, d) => size * d, 1);
    this.#dtype = from.dtype;
    this.#device = from.device;
  }

  gather(indices: Uint32Array): Tensor {
    const size = this.#rowBytes;
    const bytes = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      bytes.set(this.#bytes.subarray(index * size, (index + 1) * size), i * size);
    });
    const [device, dtype] = [nativeDevice(this.#device, "batches"), codeOf(this.#dtype, "batches")];
    return wrap(native.fromBytes(device, bytes, dtype, [indices.length, ...this.#row]), this.#device);
  }
}

/** How rows become batches. */
export interface BatchOptions {
  /** Rows in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** Draw the rows in a random order. Default false. */
  readonly shuffle?: boolean | undefined;
  /** Seed of that order. Default 0. */
  readonly seed?: number | undefined;
  /** Leave out a last batch that is not full. Default false. */
  readonly dropLast?: boolean | undefined;
}

/** An input and what the model should make of it. */
export type Pair<In = Tensor> = readonly [input: In, target: Tensor];

/** Rows that can be gone through again and again: a {@link TensorDataset}, or one of your own. */
export interface Batched<In = Tensor> {
  /** Rows. */
  readonly length: number;
  /** All rows once, as pairs that belong to the caller. */
  batches(options?: BatchOptions): Iterable<Pair<In>>;
}

/**
 * Inputs [rows, …] and targets [rows, …] side by side. The values are copied once: what is written
 * into the tensors afterwards does not show.
 */
export class TensorDataset implements Batched {
  /** Rows. */
  readonly length: number;
  readonly #inputs: Rows;
  readonly #targets: Rows;

  /** @throws {@link StrataError} `"shape"` if there are no rows, or not as many of both. */
  constructor(inputs: Tensor, targets: Tensor) {
    const op = "TensorDataset";
    handleOf(inputs, op);
    handleOf(targets, op);
    const [rows, others] = [inputs.shape[0], targets.shape[0]];
    if (rows === undefined || rows === 0 || rows !== others) {
      const shapes = `[${inputs.shape.join(", ")}] and [${targets.shape.join(", ")}]`;
      const message = `${op}: inputs and targets need as many rows as each other, at least 1; got ${shapes}`;
      throw new StrataError("shape", message, op);
    }
    this.length = rows;
    this.#inputs = new Rows(inputs);
    this.#targets = new Rows(targets);
  }

  /**
   * The rows of these numbers, in this order, as a new pair of tensors [indices, …].
   *
   * @throws {@link StrataError} `"index"` for a row that is not there.
   */
  rows(indices: Uint32Array | readonly number[]): [Tensor, Tensor] {
    const bad = indices.find((i) => !Number.isInteger(i) || i < 0 || i >= this.length);
    if (bad !== undefined) {
      throw new StrataError("index", `rows: there is no row ${bad} among ${this.length}`, "rows");
    }
    const list = Uint32Array.from(indices);
    return [this.#inputs.gather(list), this.#targets.gather(list)];
  }

  /** All rows once, as pairs of new tensors. */
  *batches(options: BatchOptions = {}): Generator<[input: Tensor, target: Tensor], void, undefined> {
    const size = whole("batches", "batchSize", options.batchSize ?? 32);
    const seed = checkSeed(options.seed ?? 0, "batches");
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    if (options.shuffle === true) shuffle(order, seed);
    for (let at = 0; at < order.length; at += size) {
      const part = order.subarray(at, at + size);
      if (part.length < size && options.dropLast === true) return;
      yield this.rows(part);
    }
  }
}

/** All rows once, as pairs of tensors `[inputs, targets]`, each new and the caller's own. */
export function batches<In>(dataset: Batched<In>, options: BatchOptions = {}): Iterable<Pair<In>> {
  return dataset.batches(options);
}

/** Fisher and Yates: each order is as likely as any other. The numbers are splitmix32's. */
function shuffle(order: Uint32Array, seed: number): void {
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  for (let i = order.length - 1; i > 0; i--) {
    state = (state + 0x9e3779b9) >>> 0;
    let x = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    const j = Math.floor((((x ^ (x >>> 15)) >>> 0) / 2 ** 32) * (i + 1));
    const moved = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = moved;
  }
}
