import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";

/** The target of a position that is not scored: padding after the end of a story. */
export const IGNORE = 0xffffffff;

/** What a {@link Batch} is made of. */
export interface BatchParts {
  /** Token ids, row after row. */
  readonly inputs: Uint32Array;
  /** What should be said next at each position, or {@link IGNORE}. */
  readonly targets: Uint32Array;
  /** Rows. */
  readonly batch: number;
  /** Tokens in a row. */
  readonly context: number;
  /** Bytes of text that the scored targets stand for; 0 if unknown. */
  readonly bytes?: number | undefined;
  /** Nats a token that no model can beat here; null if unknown. */
  readonly floor?: number | null | undefined;
}

/** One batch of a text: `batch` rows of `context` tokens, and what comes next at each of them. */
export class Batch {
  /** What the model reads: `batch · context` ids, row after row. */
  readonly inputs: Uint32Array;
  /** What it should say next at each position, or {@link IGNORE}. */
  readonly targets: Uint32Array;
  /** Rows. */
  readonly batch: number;
  /** Tokens in a row. */
  readonly context: number;
  /** Targets that are scored: the divisor of the mean loss. */
  readonly scored: number;
  /** Bytes of text that the scored targets stand for, for bits per byte. */
  readonly bytes: number;
  /** The loss in nats a token that no model can beat on these very rows; null if unknown. */
  readonly floor: number | null;

  /** @throws {@link StrataError} `"shape"` if the ids are not `batch · context`. */
  constructor(parts: BatchParts) {
    const { inputs, targets, batch, context } = parts;
    const size = batch * context;
    if (inputs.length !== size || targets.length !== size) {
      const have = `${inputs.length} inputs and ${targets.length} targets`;
      throw new StrataError("shape", `Batch: ${have} for ${batch} rows of ${context} tokens`, "Batch");
    }
    this.inputs = inputs;
    this.targets = targets;
    this.batch = batch;
    this.context = context;
    this.scored = targets.reduce((sum, id) => sum + (id === IGNORE ? 0 : 1), 0);
    this.bytes = parts.bytes ?? 0;
    this.floor = parts.floor ?? null;
  }

  /** The inputs as a tensor [batch, context] of u32. */
  ids(device?: Device): Tensor {
    return this.#tensor(this.inputs, device);
  }

  /** The targets as a tensor [batch, context] of u32. */
  targetIds(device?: Device): Tensor {
    return this.#tensor(this.targets, device);
  }

  #tensor(ids: Uint32Array, device: Device | undefined): Tensor {
    const shape = [this.batch, this.context];
    return tensor(ids, { shape, device });
  }
}
