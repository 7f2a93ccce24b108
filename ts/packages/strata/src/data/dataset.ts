import { resolve } from "node:path";
import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { native } from "../load.js";
import type { NativeBatch, NativeDataset } from "../native.js";
import { checkSeed } from "../random.js";
import { abortable } from "../shared/abort.js";
import { Listener } from "../shared/callback.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import { callable, oneOf, optionsOf, pathOf, signalOf, whole } from "../shared/options.js";
import { typeName } from "../shared/show.js";
import { Batch } from "./batch.js";
import { isTokenizer, nativeTokenizer, wrapTokenizer } from "./tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";

/** How far {@link prepare} has come. */
export interface PrepareProgress {
  /** Reading files or telling stories; learning merges; turning text into tokens. */
  readonly stage: "reading" | "tokenizer" | "encoding";
  /** Units done in this stage. */
  readonly done: number;
  /** Units there are in it. */
  readonly total: number;
}

/** What to prepare. */
export interface PrepareOptions {
  /** `"stories"`, the embedded text; `"book"`, the pages of Strata's book; or the path of a UTF-8 file or folder. Default `"stories"`. */
  readonly source?: string | undefined;
  /** The kind to make from the text, or one that is there already. Default `"bpe"`. */
  readonly tokenizer?: "bpe" | "char" | Tokenizer | undefined;
  /** A model (or its shape): `vocabSize` and `context` are taken from it where they are not given. */
  readonly model?: { readonly config: { readonly vocabSize: number; readonly nPositions: number } } | undefined;
  /** Tokens a BPE may have. Default the model's, else 4096. */
  readonly vocabSize?: number | undefined;
  /** Tokens in a row. Default the model's positions, at most 1024, else 256. */
  readonly context?: number | undefined;
  /** Which stories, or which windows of the text, each step draws. Default 1. */
  readonly seed?: number | undefined;
  /** Hears how far it has come. */
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** The engine's side of a dataset. Not exported from the package. */
export let nativeDataset: (dataset: unknown, op: string) => NativeDataset;
/** Whether a value is a {@link Dataset}. Not exported from the package. */
export let isDataset: (value: unknown) => value is Dataset;
let wrapDataset: (dataset: NativeDataset, source: string) => Dataset;

/**
 * Reads a text, makes its tokenizer and the rows, on a thread of its own.
 *
 * @throws {@link StrataError} `"file"` or `"data"` for what is wrong with the text; `"aborted"`;
 * `"callback"`.
 */
export async function prepare(options?: PrepareOptions): Promise<Dataset> {
  const op = "data.prepare";
  const asked = optionsOf(op, options);
  const { model, onProgress, seed = 1, signal, source = "stories", tokenizer: given = "bpe" } = asked;
  const ready = isTokenizer(given) ? nativeTokenizer(given, op) : null;
  const kind = isTokenizer(given) ? given.kind : oneOf(op, "tokenizer", given, ["bpe", "char"]);
  if (typeof source !== "string" || source === "") {
    throw new StrataError("argument", `${op}: source is "stories", "book" or a path, got ${typeName(source)}`, op);
  }
  pathOf(op, "source", source);
  const shape = model === undefined ? undefined : optionsOf(op, optionsOf(op, model, "model").config, "model.config");
  const { vocabSize = shape?.vocabSize ?? 4096, context = usualContext(op, shape?.nPositions) } = asked;
  const text = JSON.stringify({
    source,
    tokenizer: kind,
    vocab_size: whole(op, "vocabSize", vocabSize, 1, 1 << 24),
    context: whole(op, "context", context, 1, 1 << 20),
    seed: checkSeed(seed, op),
  });
  const stop = signalOf(op, "signal", signal);
  const listener = new Listener(op, "onProgress", callable(op, "onProgress", onProgress));
  const on = (event: string): void => listener.tell(parse<PrepareProgress>(event));
  const start = (): Promise<NativeDataset> => native.prepareDataset(text, ready, on);
  const made = await listener.during(abortable(op, stop, start));
  return wrapDataset(made, source === "stories" || source === "book" ? source : resolve(source));
}

/**
 * A tokenizer and the rows of a text in its tokens. A batch is a pure function of the seed and the step:
 * to go on at step 700, ask for batch 700.
 */
export class Dataset {
  readonly #native: NativeDataset;
  /** To be saved with the model. */
  readonly tokenizer: Tokenizer;
  /** `"stories"`, `"book"`, or the absolute path of the text. */
  readonly source: string;
  /** Tokens in a row. */
  readonly context: number;

  static {
    isDataset = (value): value is Dataset => typeof value === "object" && value !== null && #native in value;
    nativeDataset = (dataset, op) => {
      if (isDataset(dataset)) return dataset.#native;
      const message = `${op}: data must be a Dataset (await data.prepare(…)), got ${typeName(dataset)}`;
      throw new StrataError("argument", message, op);
    };
    wrapDataset = (dataset, source) => new Dataset(OURS, dataset, source);
  }

  private constructor(key: symbol, dataset: NativeDataset, source: string) {
    onlyOurs(key, "Dataset", "await data.prepare(…) makes one");
    this.#native = dataset;
    this.source = source;
    this.tokenizer = wrapTokenizer(dataset.tokenizer());
    this.context = dataset.context();
  }

  /** Whether these are the embedded stories, whose entropy is known. */
  get isStories(): boolean {
    return this.#native.isStories();
  }

  /** What one should know: spare rows of the vocabulary, stories truncated. Whole sentences. */
  get notes(): string[] {
    return this.#native.notes();
  }

  /** Tokens to train on; null for stories, which never end. */
  get trainTokens(): number | null {
    const tokens = this.#native.trainTokens();
    return tokens < 0 ? null : tokens;
  }

  /** The batch of training step `step` (from 0). */
  train(step: number, batchSize: number): Batch {
    const at = whole("Dataset.train", "step", step, 0);
    return batchOf(this.#native.train(at, rows("Dataset.train", batchSize)));
  }

  /** How many batches of `batchSize` rows it takes to see all held-out text once. */
  validationBatches(batchSize: number): number {
    return this.#native.validationBatches(rows("Dataset.validationBatches", batchSize));
  }

  /** Held-out batch number `index`; rows beyond the last are padding. */
  validation(index: number, batchSize: number): Batch {
    const at = whole("Dataset.validation", "index", index, 0);
    return batchOf(this.#native.validation(at, rows("Dataset.validation", batchSize)));
  }

  /** What to begin a sample with: `<|endoftext|>` where texts begin with it, else the first token. */
  prompt(): Uint32Array {
    return this.#native.prompt();
  }

  /** `Dataset(stories, bpe, 512 tokens, rows of 64)`. */
  toString(): string {
    const { kind, vocabSize } = this.tokenizer;
    return `Dataset(${this.source}, ${kind}, ${vocabSize} tokens, rows of ${this.context})`;
  }

  /** How `console.log` shows it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

receivers(Dataset, isDataset);

/** As many tokens as the model has positions, but no more than 1024. */
function usualContext(op: string, positions: unknown): number {
  return positions === undefined ? 256 : Math.min(whole(op, "model.config.nPositions", positions), 1024);
}

function rows(op: string, batchSize: number): number {
  return whole(op, "batchSize", batchSize, 1, 1 << 16);
}

function batchOf(batch: NativeBatch): Batch {
  const { inputs, targets, batch: rows, context, bytes, floor } = batch;
  return new Batch({ inputs, targets, batch: rows, context, bytes, floor: Number.isNaN(floor) ? null : floor });
}
