/*
 * What is trained when the reader does not say: defaults by model and device.
 */
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { SCHEDULES } from "../optim/schedule.js";
import type { ScheduleName } from "../optim/schedule.js";
import { checkSeed } from "../random.js";
import { betasOf } from "../optim/optimizer.js";
import { oneOf, optionsOf, real, whole } from "../shared/options.js";
import type { TrainOptions } from "./options.js";

/** A run that lasts so many steps. */
export interface RunSteps {
  /** How many. */
  readonly steps: number;
}

/** A run that lasts by the clock. */
export interface RunMinutes {
  /** How many. */
  readonly minutes: number;
}

/** How long a run lasts. */
export type RunLength = RunSteps | RunMinutes;

/** Everything that, with the data, decides a run's outcome. */
export interface TrainConfig {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** Batches of a step. */
  readonly accumulate: number;
  /** Tokens of a row. */
  readonly context: number;
  /** How long it lasts. */
  readonly length: RunLength;
  /** Peak learning rate. */
  readonly lr: number;
  /** The course of the learning rate. */
  readonly schedule: ScheduleName;
  /** AdamW's memory of gradient and squared gradient. */
  readonly betas: readonly [number, number];
  /** AdamW's weight decay, on matrices only. */
  readonly weightDecay: number;
  /** The largest global gradient norm; null for none. */
  readonly clip: number | null;
  /** Probability of dropping an activation. */
  readonly dropout: number;
  /** Part of each target that is spread over all tokens. */
  readonly labelSmoothing: number;
  /** Seed of dropout. */
  readonly seed: number;
  /** Steps between evaluations. */
  readonly evalEvery: number;
  /** Held-out batches in an evaluation. */
  readonly evalBatches: number;
}

/** What the defaults depend on. */
export interface PlanFor {
  /** The model's parameters. */
  readonly parameters: number;
  /** Rows of its token table. */
  readonly vocabSize: number;
  /** Tokens of a row. */
  readonly context: number;
  /** Where it is trained. */
  readonly device: Device;
  /** Its weights come from a checkpoint: small steps are enough. */
  readonly tuned: boolean;
}

type Speed = "processor" | "adapter" | "card";
type Size = "nano" | "small" | "medium" | "large";

function speedOf(device: Device): Speed {
  if (device.machine === "cuda") return "card";
  return device.machine === "wgpu" && !device.info.caps.software ? "adapter" : "processor";
}

function sizeOf(parameters: number): Size {
  if (parameters < 500_000) return "nano";
  if (parameters < 5_000_000) return "small";
  return parameters < 50_000_000 ? "medium" : "large";
}

const RATES: Record<Size, number> = { nano: 3e-3, small: 2e-3, medium: 1e-3, large: 3e-4 };
const ROWS: Record<Size, { processor: number; gpu: number }> = {
  nano: { processor: 16, gpu: 16 },
  small: { processor: 8, gpu: 64 },
  medium: { processor: 4, gpu: 64 },
  large: { processor: 1, gpu: 8 },
};

function rowsFor(size: Size, speed: Speed, { context, vocabSize, device }: PlanFor): number {
  let rows = ROWS[size][speed === "processor" ? "processor" : "gpu"];
  // The logits are the largest tensor of a step, and must fit into one binding.
  while (rows > 1 && rows * context * vocabSize * 4 > device.info.caps.maxBinding) rows /= 2;
  return rows;
}

function usualLength(size: Size, speed: Speed): RunLength {
  if (size === "nano") return { steps: 500 };
  if (speed === "card") return { steps: 2000 };
  if (speed === "adapter") return { minutes: 10 };
  return { minutes: size === "small" ? 4 : 8 };
}

/** Steps between evaluations: about a tenth of the time goes into them. */
function usualEvery(length: RunLength, size: Size, speed: Speed): number {
  if ("steps" in length) return clamp(Math.floor(length.steps / 20), 10, 250);
  return speed === "processor" && (size === "medium" || size === "large") ? 40 : 100;
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

/** The length that the options give, if they do. */
export function lengthOf(op: string, options: TrainOptions): RunLength | null {
  const { steps, minutes } = optionsOf(op, options);
  if (steps !== undefined && minutes !== undefined) {
    throw new StrataError("argument", `${op}: give steps or minutes, not both`, op);
  }
  if (steps !== undefined) return { steps: whole(op, "steps", steps, 1, 0xffffffff) };
  return minutes === undefined ? null : { minutes: real(op, "minutes", minutes, 1e-4, 525_600) };
}

/** Checked options, with defaults for what is left out. */
export function planOf(op: string, options: TrainOptions, about: PlanFor): TrainConfig {
  const [size, speed] = [sizeOf(about.parameters), speedOf(about.device)];
  const length = lengthOf(op, options) ?? usualLength(size, speed);
  const { clip = 1 } = options;
  const betas = betasOf(op, options.betas ?? [0.9, 0.95]);
  const evalEvery = whole(op, "evalEvery", options.evalEvery ?? usualEvery(length, size, speed));
  // A software adapter takes many seconds for a batch.
  const most = about.device.info.caps.software ? 2 : 64;
  const batchSize = whole(op, "batchSize", options.batchSize ?? rowsFor(size, speed, about), 1, 1 << 16);
  return {
    batchSize,
    // As many rows as one batch may have.
    accumulate: whole(op, "accumulate", options.accumulate ?? 1, 1, Math.floor((1 << 16) / batchSize)),
    context: about.context,
    length,
    lr: real(op, "lr", options.lr ?? RATES[size] / (about.tuned ? 5 : 1), 1e-9, 10),
    schedule: oneOf(op, "schedule", options.schedule ?? "cosine", SCHEDULES),
    betas: [real(op, "betas[0]", betas[0], 0, 0.9999), real(op, "betas[1]", betas[1], 0, 0.99999)],
    weightDecay: real(op, "weightDecay", options.weightDecay ?? 0.1, 0, 10),
    clip: clip === null ? null : real(op, "clip", clip, 1e-6, 1e6),
    dropout: real(op, "dropout", options.dropout ?? 0, 0, 0.95),
    labelSmoothing: real(op, "labelSmoothing", options.labelSmoothing ?? 0, 0, 1),
    seed: checkSeed(options.seed ?? 1, op),
    evalEvery,
    evalBatches: whole(op, "evalBatches", options.evalBatches ?? Math.min(most, clamp(Math.floor(evalEvery / 4), 4, 64))),
  };
}
