import { resolve } from "node:path";
import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { native } from "../load.js";
import type { NativeBatch, NativeDataset } from "../native.js";
import { checkSeed } from "../random.js";
import { abortable } from "../shared/abort.js";
import { Listener } from "../shared/callback.js";
import { oneOf, whole } from "../shared/options.js";
import { Batch } from "./batch.js";
import { Tokenizer, nativeTokenizer, wrapTokenizer } from "./tokenizer.js";

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
export let nativeDataset: (dataset: Dataset, op: string) => NativeDataset;
let wrapDataset: (dataset: NativeDataset, source: string) => Dataset;

/**
 * Reads a text, makes its tokenizer and cuts it into rows, on a thread of its own.
 *
 * @throws {@link StrataError} `"file"` or `"data"` for what is wrong with the text; `"aborted"`;
 * `"callback"`.
 */
export async function prepare(options: PrepareOptions = {}): Promise<Dataset> {
  const op = "data.prepare";
  const given = options.tokenizer ?? "bpe";
  const ready = given instanceof Tokenizer ? nativeTokenizer(given, op) : null;
  const kind = given instanceof Tokenizer ? given.kind : oneOf(op, "tokenizer", given, ["bpe", "char"]);
  const source = options.source ?? "stories";
  if (typeof source !== "string" || source === "") {
    throw new StrataError("argument", `${op}: source is "stories", "book" or a path`, op);
  }
  const shape = options.model?.config;
  const text = JSON.stringify({
    source,
    tokenizer: kind,
    vocab_size: whole(op, "vocabSize", options.vocabSize ?? shape?.vocabSize ?? 4096, 1, 1 << 24),
    context: whole(op, "context", options.context ?? Math.min(shape?.nPositions ?? 256, 1024), 1, 1 << 20),
    seed: checkSeed(options.seed ?? 1, op),
  });
  const listener = new Listener(op, "onProgress", options.onProgress);
  const on = (event: string): void => listener.tell(parse<PrepareProgress>(event));
  const start = (): Promise<NativeDataset> => native.prepareDataset(text, ready, on);
  const made = await listener.during(abortable(op, options.signal, start));
  return wrapDataset(made, source === "stories" || source === "book" ? source : resolve(source));
}

/**
 * A tokenizer and the rows it cuts a text into. A batch is a pure function of the seed and the step:
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
    nativeDataset = (dataset, op) => {
      if (dataset instanceof Dataset) return dataset.#native;
      const message = `${op}: data must be a Dataset (await data.prepare(…)), got ${typeof dataset}`;
      throw new StrataError("argument", message, op);
    };
    wrapDataset = (dataset, source) => new Dataset(dataset, source);
  }

  private constructor(dataset: NativeDataset, source: string) {
    this.#native = dataset;
    this.source = source;
    this.tokenizer = wrapTokenizer(dataset.tokenizer());
    this.context = dataset.context();
  }

  /** Whether these are the embedded stories, whose entropy is known. */
  get isStories(): boolean {
    return this.#native.isStories();
  }

  /** What one should know: spare rows of the vocabulary, stories cut short. Whole sentences. */
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

function rows(op: string, batchSize: number): number {
  return whole(op, "batchSize", batchSize, 1, 1 << 16);
}

function batchOf(batch: NativeBatch): Batch {
  const { inputs, targets, batch: rows, context, bytes, floor } = batch;
  return new Batch({ inputs, targets, batch: rows, context, bytes, floor: Number.isNaN(floor) ? null : floor });
}
