import { isBatch } from "../data/batch.js";
import type { Batch } from "../data/batch.js";
import type { Dataset } from "../data/dataset.js";
import { nativeDataset } from "../data/dataset.js";
import type { Tokenizer } from "../data/tokenizer.js";
import { nativeTokenizer } from "../data/tokenizer.js";
import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { native } from "../load.js";
import type { NativeTrainer } from "../native.js";
import { isModule } from "../nn/known.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import { listOf, optionsOf, pathOf, real, text, whole } from "../shared/options.js";
import { isArray, kindOf, show } from "../shared/show.js";
import { wrap } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { idsOf } from "../tensor/typed.js";
import type { GptArena } from "./arena.js";
import { isArena, nativeGpt } from "./arena.js";
import { alone, idle } from "./busy.js";
import type { GPT } from "./model.js";
import type { TrainOptions } from "./options.js";
import { lengthOf, planOf } from "./plan.js";
import type { RunLength, TrainConfig } from "./plan.js";
import { perToken, trainConfig, trainJson } from "./wire.js";
import type { Done, Score } from "./wire.js";

/** What a step says of itself. */
export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  /** Mean cross-entropy of the step's batches before the update, nats a token; of smoothed labels where the run has them. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly norm: number;
  /** The step's learning rate. */
  readonly lr: number;
}

/** AdamW's memory of one parameter. */
export interface Moments {
  /** Running mean of the gradient; a view of the optimizer's arena. */
  readonly m: Tensor;
  /** Running mean of the squared gradient; a view of the optimizer's arena. */
  readonly v: Tensor;
}

/** What the package needs of a trainer and readers do not. */
interface Inside {
  readonly native: NativeTrainer;
  readonly arena: GptArena;
  /** Where its checkpoint is, if it has one. */
  folder: string | null;
  lr: number;
}

/** The inside of a trainer. Not exported from the package. */
export let insideOf: (trainer: Trainer) => Inside;
/** A trainer that a checkpoint holds. Not exported from the package. */
export let resumed: (native: NativeTrainer, arena: GptArena, folder: string) => Trainer;

let isTrainer: (value: unknown) => boolean;

/**
 * A model being trained by Rust's own step: loss, gradients, clipping and AdamW, off the event loop,
 * and where the machine gains by it recorded once and replayed. The whole state of the run can be
 * looked at: how far it is, its settings, the moments of every parameter.
 */
export class Trainer {
  readonly #inside: Inside;

  static {
    isTrainer = (value) => typeof value === "object" && value !== null && #inside in value;
    insideOf = (trainer) => trainer.#inside;
    resumed = (made, arena, folder) => new Trainer(OURS, { native: made, arena, folder, lr: 0 });
  }

  private constructor(key: symbol, inside: Inside) {
    onlyOurs(key, "Trainer", "Trainer.create(model) makes one");
    this.#inside = inside;
  }

  /**
   * A trainer for a model, with moments of zero. The batches of `context` tokens that it takes come
   * from a {@link Dataset}, or are yours.
   *
   * @throws {@link StrataError} `"value"` for an option out of its range, which it names.
   */
  static create(model: GPT, options?: TrainOptions & { context?: number | undefined }): Trainer {
    const op = "Trainer.create";
    const arena = isModule(model) ? model.arena : undefined;
    if (!isArena(arena)) {
      throw new StrataError("argument", `${op}: model must be a GPT, got ${kindOf(model)}`, op);
    }
    const given = optionsOf(op, options);
    const { nPositions, vocabSize } = arena.config;
    const { context = Math.min(nPositions, 1024) } = given;
    const config = planOf(op, given, {
      parameters: model.numParameters,
      vocabSize,
      context: whole(op, "context", context, 1, nPositions),
      device: arena.device,
      tuned: model.loaded,
    });
    const gpt = nativeGpt(arena);
    const made = native.createTrainer(gpt, trainJson(config, gpt.config()));
    return new Trainer(OURS, { native: made, arena, folder: null, lr: 0 });
  }

  #done(): Done {
    return parse<Done>(this.#inside.native.done());
  }

  /** How the run is set up. */
  get config(): TrainConfig {
    return trainConfig(this.#inside.native.config());
  }

  /** Steps done. */
  get step(): number {
    return this.#done().step;
  }

  /** Tokens seen. */
  get tokens(): number {
    return this.#done().tokens;
  }

  /** Seconds spent training in `fit`. */
  get seconds(): number {
    return this.#done().seconds;
  }

  /** Held-out loss at the last evaluation, nats a token; null before the first. */
  get validation(): number | null {
    return this.#done().validation;
  }

  /** Learning rate of the last step; 0 before the first. */
  get lr(): number {
    return this.#inside.lr;
  }

  /** Gives the run a new length: it may go on for longer than was planned. */
  set length(length: RunLength) {
    const wanted = lengthOf("length", length);
    if (wanted === null) throw new StrataError("argument", "length: give { steps } or { minutes }", "length");
    this.#inside.native.setLength(JSON.stringify(wanted));
  }

  /** How long the run lasts. */
  get length(): RunLength {
    return this.config.length;
  }

  /**
   * What AdamW remembers of a parameter, `transformer.wte.weight`.
   *
   * @throws {@link StrataError} `"argument"` if there is no such parameter.
   */
  moments(name: string): Moments {
    const [m, v] = this.#inside.native.moments(text("moments", "name", name));
    if (m === undefined || v === undefined) {
      throw new StrataError("internal", `moments: ${show(name)} has none`, "moments");
    }
    const { device } = this.#inside.arena;
    return { m: wrap(m, device), v: wrap(v, device) };
  }

  /**
   * One step on a batch, off the event loop; in a run that accumulates, on a list of as many batches as
   * its steps have. Without `lr`, the schedule's.
   *
   * @throws {@link StrataError} `"shape"` for a batch of another shape, or another number of them;
   * `"non-finite"`, weights and moments being those before the step; `"busy"` while a run has the model.
   */
  async trainOn(batch: Batch | readonly Batch[], lr?: number): Promise<StepReport> {
    const { arena, native: engine } = this.#inside;
    const [inputs, targets] = partsOf("trainOn", batch, this.config);
    return this.#note(await alone(arena, "trainOn", () => engine.step(inputs, targets, this.#lr(lr))));
  }

  /** {@link trainOn}, waiting for it: the event loop stands still meanwhile. */
  trainOnNow(batch: Batch | readonly Batch[], lr?: number): StepReport {
    const { arena, native: engine } = this.#inside;
    const [inputs, targets] = partsOf("trainOnNow", batch, this.config);
    idle(arena, "trainOnNow");
    return this.#note(engine.stepNow(inputs, targets, this.#lr(lr)));
  }

  #lr(lr: number | undefined): number {
    const op = "trainOn";
    if (lr !== undefined) return real(op, "lr", lr, 0, 10);
    if ("steps" in this.length) return this.#inside.native.scheduledLr();
    throw new StrataError("argument", `${op}: give lr; this run's is by the clock, not by the step`, op);
  }

  #note(text: string): StepReport {
    const report = parse<StepReport>(text);
    this.#inside.lr = report.lr;
    return report;
  }

  /** Held-out loss over so many batches (all, if left out), without dropout, off the event loop. */
  async evaluate(data: Dataset, batches?: number): Promise<{ loss: number; tokens: number }> {
    const op = "evaluate";
    const text = nativeDataset(data, op);
    const count = batches === undefined ? text.validationBatches(this.config.batchSize) : whole(op, "batches", batches);
    const { arena, native: engine } = this.#inside;
    const score = parse<Score>(await alone(arena, op, () => engine.evaluate(text, count)));
    return { loss: perToken(score), tokens: score.tokens };
  }

  /**
   * Saves the whole run as a folder, from which {@link GPT.load} goes on; the one that was there
   * survives until the new one is whole.
   *
   * @param about - What it is trained on, in words: `"stories"`, or a path.
   * @throws {@link StrataError} `"file"` if it cannot be written.
   */
  async save(folder: string, tokenizer: Tokenizer, about = ""): Promise<void> {
    const { arena, native: engine } = this.#inside;
    const to = pathOf("save", "folder", folder);
    const [words, description] = [nativeTokenizer(tokenizer, "save"), text("save", "about", about)];
    await alone(arena, "save", () => engine.save(to, words, description));
    this.#inside.folder = to;
  }
}

receivers(Trainer, isTrainer);

/** The ids of a step's batches, one after the other. */
function partsOf(op: string, batch: Batch | readonly Batch[], config: TrainConfig): [inputs: Uint32Array, targets: Uint32Array] {
  const { accumulate, batchSize, context } = config;
  const given: unknown = batch;
  const parts = (one: unknown): [Uint32Array, Uint32Array] => {
    if (!isBatch(one)) throw new StrataError("argument", `${op} takes a Batch, got ${kindOf(one)}`, op);
    // Its arrays are anybody's to change.
    const [inputs, targets] = [idsOf(op, "batch.inputs", one.inputs), idsOf(op, "batch.targets", one.targets)];
    if (one.batch !== batchSize || one.context !== context) {
      const shapes = `[${one.batch}, ${one.context}] for a run whose batches have shape [${batchSize}, ${context}]`;
      throw new StrataError("shape", `${op}: a batch of shape ${shapes}`, op);
    }
    return [inputs, targets];
  };
  const all = isArray(given) ? listOf(op, "batches", given, parts) : [parts(given)];
  if (all.length !== accumulate) {
    const message = `${op}: batches given: ${all.length}; a step of this run takes ${accumulate} (accumulate)`;
    throw new StrataError("shape", message, op);
  }
  const [first] = all;
  if (all.length === 1 && first !== undefined) return first;
  return [joined(all.map(([inputs]) => inputs)), joined(all.map(([, targets]) => targets))];
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
