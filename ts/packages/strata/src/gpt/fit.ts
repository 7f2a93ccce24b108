import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { emitWarning } from "node:process";
import { nativeDataset } from "../data/dataset.js";
import type { Dataset } from "../data/dataset.js";
import { StrataError } from "../error.js";
import { callable, flag, optionsOf, pathOf, real, signalOf, whole } from "../shared/options.js";
import { throwIfAborted } from "../shared/abort.js";
import { working } from "./busy.js";
import type { GPT } from "./model.js";
import type { GptCallbacks, GptFit, GptFitOptions, GptSaveEvery } from "./options.js";
import { lengthOf } from "./plan.js";
import { drive } from "./run.js";
import { Trainer, insideOf } from "./trainer.js";
import { heldOut } from "./wire.js";

const OP = "fit";
const FILES = [".commit", "config.json", "model.safetensors", "tokenizer.json", "optimizer.safetensors", "trainer.json"];

function argument(message: string): StrataError {
  return new StrataError("argument", `${OP}: ${message}`, OP);
}

/** Refuses a text that is not tokenized for this model. */
function checkData(model: GPT, data: Dataset): void {
  const { nPositions, vocabSize } = model.config;
  const { context, tokenizer } = data;
  const wrong =
    context > nPositions
      ? `rows of ${context} tokens, but the model has ${nPositions} positions`
      : tokenizer.vocabSize > vocabSize
        ? `the tokenizer has ${tokenizer.vocabSize} tokens, the model's table has ${vocabSize} rows`
        : null;
  if (wrong !== null) throw new StrataError("data", `${OP}: ${wrong}; prepare the data with { model }`, OP);
}

/** The options that a run keeps once it has begun. */
const SETTLED = [
  "batchSize",
  "accumulate",
  "lr",
  "schedule",
  "betas",
  "weightDecay",
  "clip",
  "dropout",
  "labelSmoothing",
  "seed",
  "evalEvery",
  "evalBatches",
] as const;

/** The trainer of a run that goes on. */
function goingOn(model: GPT, data: Dataset, options: GptFitOptions): Trainer {
  const { trainer } = model;
  if (trainer === null) {
    throw argument("there is no run to resume; GPT.load(folder) opens one, and fit without resume begins one");
  }
  const settled = SETTLED.find((name) => options[name] !== undefined);
  if (settled !== undefined) throw argument(`${settled} is settled: a run that is resumed keeps it`);
  const { context } = trainer.config;
  if (data.context !== context) throw argument(`rows of ${data.context} tokens for a run with rows of ${context}`);
  const length = lengthOf(OP, options);
  if (length !== null) trainer.length = length;
  const { length: planned, step, seconds } = trainer;
  const over = "steps" in planned ? step >= planned.steps : seconds >= planned.minutes * 60;
  if (over) throw argument(`this run has come to its end after ${step} steps; give it more steps or minutes`);
  return trainer;
}

/** Refuses to write over another run's checkpoint, or over files that merely bear its names. */
function checkFolder(folder: string, own: string | null, overwrite: boolean): void {
  // Any of a checkpoint's files would be replaced, whoever wrote it.
  const held = FILES.some((name) => existsSync(join(folder, name)));
  if (!held || overwrite || (own !== null && resolve(own) === resolve(folder))) return;
  const ways = "go on with it (GPT.load and resume), choose another folder, or give overwrite: true";
  throw new StrataError("checkpoint", `${OP}: ${folder} holds another run's checkpoint, or files of its names; ${ways}`, OP);
}

/** Trains a GPT with Rust's loop; see {@link GPT.fit}. */
export async function fitGpt(
  model: GPT,
  data: Dataset,
  options: GptFitOptions,
  attach: (trainer: Trainer) => void,
): Promise<GptFit> {
  const callbacks = callbacksOf(options.callbacks);
  const checkpoint = options.checkpoint === undefined ? undefined : pathOf(OP, "checkpoint", options.checkpoint);
  const signal = signalOf(OP, "signal", options.signal);
  const [overwrite, resume] = [flag(OP, "overwrite", options.overwrite), flag(OP, "resume", options.resume)];
  const every = saveEvery(options.saveEvery);
  const text = nativeDataset(data, OP);
  checkData(model, data);
  throwIfAborted(OP, signal);
  const old = resume ? model.trainer : null;
  const own = old === null ? null : insideOf(old).folder;
  if (checkpoint !== undefined) checkFolder(checkpoint, own, overwrite);
  const trainer = resume ? goingOn(model, data, options) : begun(model, data, options);
  attach(trainer);
  model.tokenizer = data.tokenizer;
  model.about = data.source;
  const inside = insideOf(trainer);
  if (resume && inside.native.textChanged(text)) {
    emitWarning(
      `${OP}: the text has changed: it was edited since this run was saved, or is another. The run goes on with it, and not to the same bits as if it had never stopped`,
      { type: "StrataWarning", code: "text-changed" },
    );
  }
  const loss: number[] = [];
  const outcome = await drive((on) => inside.native.fit(text, checkpoint ?? null, every, data.source, on), {
    callbacks,
    signal,
    note: (event) => {
      if (event.name === "onStep") {
        loss.push(event.at.loss);
        inside.lr = event.at.lr;
      }
      if (event.name === "onSave") inside.folder = event.at.folder;
    },
    working: (busy) => working(inside.arena, busy),
  });
  const { step: steps, tokens, seconds } = trainer;
  const stopped = outcome.stop === "asked";
  return { loss, validation: heldOut(outcome), floor: outcome.floor, steps, tokens, seconds, stopped };
}

/** How often a run is saved, as the engine reads it; null for its own choice. */
function saveEvery(given: GptSaveEvery | undefined): string | null {
  if (given === undefined) return null;
  const { steps, seconds } = optionsOf<{ steps?: unknown; seconds?: unknown }>(OP, given, "saveEvery");
  if ((steps === undefined) === (seconds === undefined)) throw argument("saveEvery is { steps } or { seconds }");
  if (steps !== undefined) return String(whole(OP, "saveEvery.steps", steps, 1, 0xffff_ffff));
  return `${real(OP, "saveEvery.seconds", seconds, 1e-3, 31_536_000)}s`;
}

/** Who hears of a run, each looked at once. */
function callbacksOf(given: GptCallbacks | undefined): GptCallbacks {
  const { onEvaluate, onSample, onSave, onStep, onUnsaved } = optionsOf(OP, given, "callbacks");
  return {
    onEvaluate: callable(OP, "onEvaluate", onEvaluate),
    onSample: callable(OP, "onSample", onSample),
    onSave: callable(OP, "onSave", onSave),
    onStep: callable(OP, "onStep", onStep),
    onUnsaved: callable(OP, "onUnsaved", onUnsaved),
  };
}

/** The trainer of a run that begins. */
function begun(model: GPT, data: Dataset, options: GptFitOptions): Trainer {
  const { context, tokenizer } = data;
  // Characters of a small text make noisier gradients, which are to be averaged over more steps.
  const betas = options.betas ?? (tokenizer.kind === "char" ? ([0.9, 0.99] as const) : undefined);
  return Trainer.create(model, { ...options, betas, context });
}
