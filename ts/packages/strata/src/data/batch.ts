import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { receivers } from "../shared/border.js";
import { optionsOf, real, whole } from "../shared/options.js";
import { kindOf } from "../shared/show.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { typedOf } from "../tensor/typed.js";

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

/** Whether a value is a {@link Batch}. Not exported from the package. */
export let isBatch: (value: unknown) => value is Batch;

/** One batch of a text: `batch` rows of `context` tokens, and what comes next at each of them. */
export class Batch {
  readonly #made = true;

  static {
    isBatch = (value): value is Batch => typeof value === "object" && value !== null && #made in value && value.#made;
  }

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
    const op = "Batch";
    const given = optionsOf(op, parts, "parts");
    const [inputs, targets] = [wordsOf("inputs", given.inputs), wordsOf("targets", given.targets)];
    const [batch, context] = [whole(op, "batch", given.batch, 0), whole(op, "context", given.context, 0)];
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
    this.bytes = real(op, "bytes", given.bytes ?? 0, 0, Infinity);
    this.floor = floorOf(given.floor);
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

receivers(Batch, isBatch);

function wordsOf(name: string, value: unknown): Uint32Array {
  const array = typedOf("Batch", value);
  if (array instanceof Uint32Array) return array;
  throw new StrataError("argument", `Batch: ${name} must be a Uint32Array, got ${kindOf(value)}`, "Batch");
}

function floorOf(value: unknown): number | null {
  return value === undefined || value === null ? null : real("Batch", "floor", value, -Infinity, Infinity);
}
