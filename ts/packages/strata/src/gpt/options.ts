import type { GoOn } from "../nn/fit.js";
import type { ScheduleName } from "../optim/schedule.js";

/** How long a run lasts, and how it learns. What is left out depends on the model's size and the device. */
export interface TrainOptions {
  /** How many steps; each sees one batch, or `accumulate` of them, and changes the weights once. */
  readonly steps?: number | undefined;
  /** Or how many minutes; the learning rate then follows the clock. */
  readonly minutes?: number | undefined;
  /** Rows in a batch. Default 16 for a tiny model; 8 or 4 on a processor, 64 on a GPU. */
  readonly batchSize?: number | undefined;
  /**
   * Batches of a step, one after the other: loss and gradient are those of one batch so many times as
   * large, in the memory of one. Default 1.
   */
  readonly accumulate?: number | undefined;
  /** Peak learning rate. Default 3e-3 for a tiny model, 2e-3, 1e-3, 3e-4; a fifth for a loaded one. */
  readonly lr?: number | undefined;
  /** The course of the learning rate after warm-up. Default `"cosine"`. */
  readonly schedule?: ScheduleName | undefined;
  /** AdamW's memory of gradient and squared gradient. Default [0.9, 0.95]; 0.99 for a `char` tokenizer. */
  readonly betas?: readonly [number, number] | undefined;
  /** AdamW's weight decay, on matrices only. Default 0.1. */
  readonly weightDecay?: number | undefined;
  /** The largest global gradient norm; longer ones are scaled down to it; null for none. Default 1. */
  readonly clip?: number | null | undefined;
  /** Probability of dropping an activation. Default 0. */
  readonly dropout?: number | undefined;
  /**
   * Part of each target that is spread over all tokens evenly, 0 to 1. The losses of steps are then
   * smoothed ones; evaluations take the plain loss. Default 0.
   */
  readonly labelSmoothing?: number | undefined;
  /** Seed of dropout. Default 1. */
  readonly seed?: number | undefined;
  /** Steps between evaluations. Default a twentieth of the run, from 10 to 250. */
  readonly evalEvery?: number | undefined;
  /** Held-out batches in an evaluation. Default a quarter of `evalEvery`, from 4 to 64. */
  readonly evalBatches?: number | undefined;
}

/** How far two checkpoints are apart: so many steps, or so many seconds. */
export type GptSaveEvery =
  | {
      /** Steps from one to the next. */
      readonly steps: number;
    }
  | {
      /** Seconds from one to the next; the step in progress is finished first. */
      readonly seconds: number;
    };

/** How a GPT is fitted. */
export interface GptFitOptions extends TrainOptions {
  /**
   * A folder for checkpoints: one is saved now and then (see `saveEvery`), at the end, and when the run
   * is stopped. No other run may save there meanwhile.
   */
  readonly checkpoint?: string | undefined;
  /**
   * How often a checkpoint is saved. Default after ten seconds, then after twice as long each time, up
   * to two minutes.
   */
  readonly saveEvery?: GptSaveEvery | undefined;
  /** Save there even if it holds another run's checkpoint. Default false. */
  readonly overwrite?: boolean | undefined;
  /**
   * Go on with the run that `model.trainer` is in the middle of, to the same bits as if it had never
   * stopped. Only `steps` or `minutes` may be given anew. A text that was edited since is said in a
   * warning of the process.
   */
  readonly resume?: boolean | undefined;
  /** Who hears of the run. */
  readonly callbacks?: GptCallbacks | undefined;
  /** Stops the run after the step in progress; it is saved first. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a run stands after a step. */
export interface GptStep {
  /** Steps done. */
  readonly step: number;
  /** Mean cross-entropy of the step's batches before it, nats a token; of smoothed labels where the run has them. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly norm: number;
  /** The step's learning rate. */
  readonly lr: number;
  /** The loss, not smoothed, that no model can beat on these batches; null if unknown. */
  readonly floor: number | null;
  /** Tokens in a second, over the last steps. */
  readonly tokensPerSecond: number;
  /** How much of the run is done, 0 to 1. */
  readonly fraction: number;
  /** Seconds left, as it looks. */
  readonly left: number;
}

/** What an evaluation found. */
export interface GptEvaluation {
  /** Steps done. */
  readonly step: number;
  /** Mean cross-entropy of held-out text, nats a token. */
  readonly loss: number;
  /** The loss that no model can beat there; null if unknown. */
  readonly floor: number | null;
}

/** Something the model wrote on the way. */
export interface GptSample {
  /** Steps done. */
  readonly step: number;
  /** What it wrote. */
  readonly text: string;
}

/** A checkpoint that was written. */
export interface GptSaved {
  /** Steps done. */
  readonly step: number;
  /** Where. */
  readonly folder: string;
}

/** A checkpoint that could not be written: the one before it is whole, and the run tries again. */
export interface GptUnsaved {
  /** Steps done. */
  readonly step: number;
  /** Why. */
  readonly error: string;
}

/** Who hears of a run. Each is awaited before the run goes on, and `false` ends the run early. */
export interface GptCallbacks {
  /** After every step. */
  readonly onStep?: ((at: GptStep) => GoOn) | undefined;
  /** After every evaluation. */
  readonly onEvaluate?: ((at: GptEvaluation) => GoOn) | undefined;
  /** Now and then, and at the end. */
  readonly onSample?: ((at: GptSample) => GoOn) | undefined;
  /** After every checkpoint. */
  readonly onSave?: ((at: GptSaved) => GoOn) | undefined;
  /** After every checkpoint that could not be written, but for the last: that one ends the run with an error. */
  readonly onUnsaved?: ((at: GptUnsaved) => GoOn) | undefined;
}

/** What a run came to. */
export interface GptFit {
  /** The loss of each step of this call, nats a token. */
  readonly loss: number[];
  /** Held-out loss at the last evaluation, nats a token; null if the run was stopped before its first. */
  readonly validation: number | null;
  /** The held-out loss that no model can beat; null if unknown. */
  readonly floor: number | null;
  /** Steps done since the run's beginning. */
  readonly steps: number;
  /** Tokens seen since the run's beginning. */
  readonly tokens: number;
  /** Seconds of training since the run's beginning. */
  readonly seconds: number;
  /** Whether a callback ended it early. */
  readonly stopped: boolean;
}
