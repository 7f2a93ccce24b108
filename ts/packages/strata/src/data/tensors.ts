import { codeOf, sizeOf } from "../dtype.js";
import type { DType } from "../dtype.js";
import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import { checkSeed } from "../random.js";
import { receivers } from "../shared/border.js";
import { flag, optionsOf, whole } from "../shared/options.js";
import { isFunction, isRevoked, kindOf } from "../shared/show.js";
import { idsOf } from "../tensor/typed.js";
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
    return wrap(native.fromBytes(device, dtype, [indices.length, ...this.#row], bytes), this.#device);
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

let isRows: (value: unknown) => boolean;

/**
 * Inputs [rows, …] and targets [rows, …] side by side. The values are copied once: what is written
 * into the tensors afterwards does not show.
 */
export class TensorDataset implements Batched {
  /** Rows. */
  readonly length: number;
  readonly #inputs: Rows;
  readonly #targets: Rows;

  static {
    isRows = (value) => typeof value === "object" && value !== null && #targets in value;
  }

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
    const list = idsOf("rows", "indices", indices);
    const bad = list.find((i) => i >= this.length);
    if (bad !== undefined) {
      throw new StrataError("index", `rows: there is no row ${bad} among ${this.length}`, "rows");
    }
    return [this.#inputs.gather(list), this.#targets.gather(list)];
  }

  /** All rows once, as pairs of new tensors. */
  batches(options?: BatchOptions): Generator<[input: Tensor, target: Tensor], void, undefined> {
    const op = "batches";
    const { batchSize = 32, dropLast: drops, seed = 0, shuffle: shuffles } = optionsOf(op, options);
    const [dropLast, mixed] = [flag(op, "dropLast", drops), flag(op, "shuffle", shuffles)];
    const [size, from] = [whole(op, "batchSize", batchSize), checkSeed(seed, op)];
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    if (mixed) shuffle(order, from);
    return this.#parts(order, size, dropLast);
  }

  *#parts(order: Uint32Array, size: number, dropLast: boolean): Generator<[input: Tensor, target: Tensor], void, undefined> {
    for (let at = 0; at < order.length; at += size) {
      const part = order.subarray(at, at + size);
      if (part.length < size && dropLast) return;
      yield this.rows(part);
    }
  }
}

receivers(TensorDataset, isRows);

/** All rows once, as pairs of tensors `[inputs, targets]`, each new and the caller's own. */
export function batches<In>(dataset: Batched<In>, options?: BatchOptions): Iterable<Pair<In>> {
  const given: unknown = dataset;
  if (typeof given === "object" && given !== null && !isRevoked(given) && "batches" in given && isFunction(given.batches)) {
    return dataset.batches(optionsOf("batches", options));
  }
  throw new StrataError("argument", `batches takes a TensorDataset, or its like, got ${kindOf(given)}`, "batches");
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
