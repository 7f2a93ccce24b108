/*
 * How a run's settings and reports cross into Rust and back: its field names are snake_case.
 */
import { parse } from "../json.js";
import type { ScheduleName } from "../optim/schedule.js";
import type { GptEvaluation, GptSample, GptSaved, GptStep, GptUnsaved } from "./options.js";
import type { RunLength, TrainConfig } from "./plan.js";

interface TrainConfigJson {
  model: unknown;
  batch: number;
  accumulate: number;
  context: number;
  length: RunLength;
  lr: number;
  schedule: ScheduleName;
  betas: [number, number];
  weight_decay: number;
  clip: number | null;
  dropout: number;
  label_smoothing: number;
  seed: number;
  eval_every: number;
  eval_batches: number;
}

/** Settings as the engine takes them; `model` is the model's own JSON. */
export function trainJson(config: TrainConfig, model: string): string {
  const json: TrainConfigJson = {
    model: parse<unknown>(model),
    batch: config.batchSize,
    accumulate: config.accumulate,
    context: config.context,
    length: config.length,
    lr: config.lr,
    schedule: config.schedule,
    betas: [...config.betas],
    weight_decay: config.weightDecay,
    clip: config.clip,
    dropout: config.dropout,
    label_smoothing: config.labelSmoothing,
    seed: config.seed,
    eval_every: config.evalEvery,
    eval_batches: config.evalBatches,
  };
  return JSON.stringify(json);
}

/** The engine's settings. */
export function trainConfig(text: string): TrainConfig {
  const json = parse<TrainConfigJson>(text);
  return {
    batchSize: json.batch,
    accumulate: json.accumulate,
    context: json.context,
    length: json.length,
    lr: json.lr,
    schedule: json.schedule,
    betas: json.betas,
    weightDecay: json.weight_decay,
    clip: json.clip,
    dropout: json.dropout,
    labelSmoothing: json.label_smoothing,
    seed: json.seed,
    evalEvery: json.eval_every,
    evalBatches: json.eval_batches,
  };
}

/** How far a run has come. */
export interface Done {
  /** Steps done. */
  readonly step: number;
  /** Tokens seen. */
  readonly tokens: number;
  /** Seconds spent training. */
  readonly seconds: number;
  /** Held-out loss at the last evaluation, nats a token. */
  readonly validation: number | null;
}

interface StepJson {
  type: "step";
  step: number;
  loss: number;
  norm: number;
  lr: number;
  floor: number | null;
  tokens_per_second: number;
  fraction: number;
  left: number;
}

/** A sum over tokens, as evaluations come. */
export interface Score {
  /** Summed cross-entropy in nats. */
  readonly nats: number;
  /** Scored tokens. */
  readonly tokens: number;
}

interface EvaluatedJson extends Score {
  type: "evaluated";
  step: number;
  floor: number | null;
}

type EventJson = StepJson | EvaluatedJson | ({ type: "sample" } & GptSample) | ({ type: "saved" } & GptSaved) | ({ type: "unsaved" } & GptUnsaved);

/** An event of a run, by the callback that hears of it. */
export type RunEvent =
  | { readonly name: "onStep"; readonly at: GptStep }
  | { readonly name: "onEvaluate"; readonly at: GptEvaluation }
  | { readonly name: "onSample"; readonly at: GptSample }
  | { readonly name: "onSave"; readonly at: GptSaved }
  | { readonly name: "onUnsaved"; readonly at: GptUnsaved };

/** The engine's event. */
export function runEvent(text: string): RunEvent {
  const json = parse<EventJson>(text);
  const { step } = json;
  switch (json.type) {
    case "step": {
      const { loss, norm, lr, floor, fraction, left } = json;
      return { name: "onStep", at: { step, loss, norm, lr, floor, tokensPerSecond: json.tokens_per_second, fraction, left } };
    }
    case "evaluated":
      return { name: "onEvaluate", at: { step, loss: perToken(json), floor: json.floor } };
    case "sample":
      return { name: "onSample", at: { step, text: json.text } };
    case "saved":
      return { name: "onSave", at: { step, folder: json.folder } };
    case "unsaved":
      return { name: "onUnsaved", at: { step, error: json.error } };
  }
}

/** Nats a token; NaN of none. */
export function perToken({ nats, tokens }: Score): number {
  return nats / tokens;
}

/** Nats a token of a run's last evaluation; null if there was none. */
export function heldOut({ nats, tokens }: Outcome): number | null {
  return nats === null || tokens === null ? null : perToken({ nats, tokens });
}

/** How a run ended. */
export interface Outcome {
  /** Summed cross-entropy of the last evaluation in nats; null before the first. */
  readonly nats: number | null;
  /** Tokens scored in it. */
  readonly tokens: number | null;
  /** It came to its end, or was asked to stop. */
  readonly stop: "finished" | "asked";
  /** The held-out loss that no model can beat; null if unknown. */
  readonly floor: number | null;
}
