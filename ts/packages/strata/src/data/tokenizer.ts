import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { native } from "../load.js";
import type { NativeTokenizer } from "../native.js";
import { abortable } from "../shared/abort.js";
import { Listener } from "../shared/callback.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import { each } from "../shared/iterate.js";
import { callable, optionsOf, pathOf, signalOf, whole } from "../shared/options.js";
import { typeName } from "../shared/show.js";
import { idsOf } from "../tensor/typed.js";

/** How far a training of merges has come. */
export interface MergeProgress {
  /** Merges learned. */
  readonly done: number;
  /** Merges wanted. */
  readonly total: number;
}

/** How a tokenizer is trained. */
export interface TokenizerOptions {
  /** Tokens it may have, at least 257: `<|endoftext|>`, the 256 bytes, and merges. Default 4096. */
  readonly vocabSize?: number | undefined;
  /** Hears how far it has come. */
  readonly onProgress?: ((progress: MergeProgress) => void) | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** One learned merge: two neighbours became one token. */
export interface Merge {
  /** The id that stood left. */
  readonly left: number;
  /** The id that stood right. */
  readonly right: number;
  /** The id they became. */
  readonly id: number;
}

/** A piece of text as the model sees it. */
export interface Token {
  /** Its row in the model's table. */
  readonly id: number;
  /** The text it stands for, a blank shown as `·`, what cannot be shown escaped. */
  readonly text: string;
}

/** The engine's side of a tokenizer. Not exported from the package. */
export let nativeTokenizer: (tokenizer: unknown, op: string) => NativeTokenizer;
/** Whether a value is a {@link Tokenizer}. Not exported from the package. */
export let isTokenizer: (value: unknown) => value is Tokenizer;
/** A tokenizer that the engine made. Not exported from the package. */
export let wrapTokenizer: (tokenizer: NativeTokenizer) => Tokenizer;

/**
 * From text to token ids and back. Two kinds: `bpe`, byte-level byte-pair encoding trained from
 * scratch, has a spelling for every text; `char` has a token for each character of its text.
 */
export class Tokenizer {
  readonly #native: NativeTokenizer;

  static {
    isTokenizer = (value): value is Tokenizer => typeof value === "object" && value !== null && #native in value;
    nativeTokenizer = (tokenizer, op) => {
      if (isTokenizer(tokenizer)) return tokenizer.#native;
      const message = `${op}: tokenizer must be a Tokenizer, got ${typeName(tokenizer)}`;
      throw new StrataError("argument", message, op);
    };
    wrapTokenizer = (tokenizer) => new Tokenizer(OURS, tokenizer);
  }

  private constructor(key: symbol, tokenizer: NativeTokenizer) {
    onlyOurs(key, "Tokenizer", "use Tokenizer.train, Tokenizer.characters or Tokenizer.load");
    this.#native = tokenizer;
  }

  /**
   * Trains a BPE on a thread of its own. No merge joins two of the texts.
   *
   * @throws {@link StrataError} `"data"` for a vocabulary below 257; `"aborted"`, `"callback"`.
   */
  static async train(
    texts: string | Iterable<string>,
    options?: TokenizerOptions,
  ): Promise<Tokenizer> {
    const op = "Tokenizer.train";
    const { onProgress, signal, vocabSize = 4096 } = optionsOf(op, options);
    const list = textsOf(op, texts);
    const size = whole(op, "vocabSize", vocabSize, 1, 1 << 24);
    const stop = signalOf(op, "signal", signal);
    const listener = new Listener(op, "onProgress", callable(op, "onProgress", onProgress));
    const on = (event: string): void => listener.tell(parse<MergeProgress>(event));
    const start = (): Promise<NativeTokenizer> => native.trainTokenizer(list, size, on);
    return new Tokenizer(OURS, await listener.during(abortable(op, stop, start)));
  }

  /** A tokenizer with a token for each different character of the texts, after `<|endoftext|>`. */
  static characters(texts: string | Iterable<string>): Tokenizer {
    return new Tokenizer(OURS, native.charTokenizer(textsOf("Tokenizer.characters", texts)));
  }

  /**
   * Reads a `tokenizer.json`, ours or one that Hugging Face's `tokenizers` wrote for GPT-2.
   *
   * @throws {@link StrataError} `"file"` or `"data"`; the message names the file.
   */
  static async load(path: string): Promise<Tokenizer> {
    return new Tokenizer(OURS, await native.loadTokenizer(pathOf("Tokenizer.load", "path", path)));
  }

  /**
   * Writes a `tokenizer.json` that `tokenizers` opens too.
   *
   * @throws {@link StrataError} `"file"` if it cannot be written.
   */
  async save(path: string): Promise<void> {
    await this.#native.save(pathOf("Tokenizer.save", "path", path));
  }

  /** `"bpe"` or `"char"`. */
  get kind(): "bpe" | "char" {
    return this.#native.kind();
  }

  /** One more than the largest id: the rows a model needs at least. */
  get vocabSize(): number {
    return this.#native.vocabSize();
  }

  /** The id of `<|endoftext|>`, which stands between two texts; null if it has none. */
  get endOfText(): number | null {
    const id = this.#native.endOfText();
    return id < 0 ? null : id;
  }

  /**
   * The ids of a text; never `<|endoftext|>`, so that text cannot steer the model from inside.
   *
   * @throws {@link StrataError} `"data"`: a character that a `char` tokenizer has not seen.
   */
  encode(text: string): Uint32Array {
    if (typeof text === "string") return this.#native.encode(text);
    throw new StrataError("argument", `encode takes a string, got ${typeName(text)}`, "encode");
  }

  /** The text that ids stand for. Bytes that are not UTF-8 become `U+FFFD`. */
  decode(ids: Uint32Array | readonly number[]): string {
    return this.#native.decode(idsOf("decode", "ids", ids));
  }

  /** One token as a reader should see it: `·the`, `\xe2`, `<|endoftext|>`, `<unused>`. */
  show(id: number): string {
    return this.#native.show(whole("show", "id", id, 0, 0xffffffff));
  }

  /** The bytes of one token, not always whole characters; none for `<|endoftext|>`. */
  bytes(id: number): Uint8Array {
    return this.#native.bytes(whole("bytes", "id", id, 0, 0xffffffff));
  }

  /** The merges in the order in which they were learned; none for `char`. */
  merges(): Merge[] {
    const triples = this.#native.merges();
    const merges: Merge[] = [];
    for (let at = 0; at + 2 < triples.length; at += 3) {
      merges.push({ left: triples[at] ?? 0, right: triples[at + 1] ?? 0, id: triples[at + 2] ?? 0 });
    }
    return merges;
  }

  /** A text split into tokens: id and text of each. */
  tokens(text: string): Token[] {
    return Array.from(this.encode(text), (id) => ({ id, text: this.show(id) }));
  }

  /** `Tokenizer(bpe, 4096 tokens)`. */
  toString(): string {
    return `Tokenizer(${this.kind}, ${this.vocabSize} tokens)`;
  }

  /** How `console.log` shows it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function textsOf(op: string, texts: string | Iterable<string>): string[] {
  if (typeof texts === "string") return [texts];
  const list: string[] = [];
  for (const text of each<string>(op, "texts", texts)) {
    if (typeof text !== "string") throw new StrataError("argument", `${op} takes strings, got ${typeName(text)}`, op);
    list.push(text);
  }
  return list;
}

receivers(Tokenizer, isTokenizer);
