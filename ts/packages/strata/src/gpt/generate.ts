import { nativeTokenizer } from "../data/tokenizer.js";
import type { Tokenizer } from "../data/tokenizer.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { checkSeed } from "../random.js";
import { throwIfAborted } from "../shared/abort.js";
import { optionsOf, real, signalOf, whole } from "../shared/options.js";
import { typeName } from "../shared/show.js";
import { nativeGpt } from "./arena.js";
import { idle } from "./busy.js";
import type { GPT } from "./model.js";

/** How a model writes. */
export interface GenerateOptions {
  /** Default the model's own. */
  readonly tokenizer?: Tokenizer | undefined;
  /** The most tokens to write; the model may end its text sooner. Default 200. */
  readonly maxTokens?: number | undefined;
  /** Divides the logits: below 1 plays safe, above 1 dares, 0 always takes the likeliest. Default 0.8. */
  readonly temperature?: number | undefined;
  /** Draw from the likeliest `topK` tokens only; 0 means all. Default 0. */
  readonly topK?: number | undefined;
  /** Draw from the likeliest tokens that together have this probability (nucleus sampling). Default 1. */
  readonly topP?: number | undefined;
  /** Seed of the draws: the same seed writes the same text on the same device. Default 0. */
  readonly seed?: number | undefined;
  /** Stops after the token in progress. */
  readonly signal?: AbortSignal | undefined;
}

const OP = "generate";

/** The tokens to begin with. Stories and the book's pages begin with `<|endoftext|>` in training. */
function promptIds(prompt: string, about: string, tokenizer: Tokenizer): Uint32Array {
  const end = tokenizer.endOfText;
  const begins = about === "stories" || (about === "book" && prompt === "");
  const ids = [...(end !== null && begins ? [end] : []), ...tokenizer.encode(prompt)];
  if (ids.length > 0) return Uint32Array.from(ids);
  // A model that was trained on one plain text has never seen `<|endoftext|>`: a line break, then.
  if (about !== "") {
    try {
      return tokenizer.encode("\n");
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
    }
  }
  if (end !== null) return Uint32Array.of(end);
  throw new StrataError("argument", `${OP}: this model needs a prompt to begin with`, OP);
}

/** Writes on from a prompt; see {@link GPT.generate}. Options are checked before it returns. */
export function generate(
  model: GPT,
  prompt: string,
  options?: GenerateOptions,
): AsyncGenerator<string, void, undefined> {
  const given = optionsOf(OP, options);
  const { maxTokens = 200, seed = 0, temperature = 0.8, topK = 0, topP = 1 } = given;
  const tokenizer = given.tokenizer ?? model.tokenizer;
  if (tokenizer === null) {
    throw new StrataError("argument", `${OP}: give a tokenizer; this model was not trained or loaded with one`, OP);
  }
  nativeTokenizer(tokenizer, OP);
  const signal = signalOf(OP, "signal", given.signal);
  const sampling = {
    temperature: real(OP, "temperature", temperature, 0, 100),
    top_k: whole(OP, "topK", topK, 0, 1 << 24),
    top_p: real(OP, "topP", topP, 1e-6, 1),
    seed: checkSeed(seed, OP),
  };
  const count = whole(OP, "maxTokens", maxTokens, 1, 1_000_000);
  if (typeof prompt !== "string") {
    throw new StrataError("argument", `${OP}: prompt: encode takes a string, got ${typeName(prompt)}`, OP);
  }
  const ids = promptIds(prompt, model.about, tokenizer);
  return pieces(model, tokenizer, ids, count, JSON.stringify(sampling), signal);
}

async function* pieces(
  model: GPT,
  tokenizer: Tokenizer,
  prompt: Uint32Array,
  count: number,
  sampling: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const check = (): void => {
    throwIfAborted(OP, signal);
    idle(model.arena, OP);
  };
  check();
  const writer = native.createWriter(nativeGpt(model.arena), sampling);
  const end = tokenizer.endOfText;
  // Tokens are bytes, and a character may take several: it is passed on when it is whole.
  const characters = new TextDecoder("utf-8", { ignoreBOM: true });
  await writer.read(prompt);
  for (let written = 0; written < count; written++) {
    check();
    const id = await writer.next();
    throwIfAborted(OP, signal);
    if (id === end) break;
    const piece = characters.decode(tokenizer.bytes(id), { stream: true });
    if (piece !== "") yield piece;
  }
  const rest = characters.decode();
  if (rest !== "") yield rest;
}
