import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { oneOf, positive, whole } from "../shared/options.js";
import { isArray, isRevoked } from "../shared/show.js";

/** The shapes that have names: 12,318,720, 1,071,872 and 136,960 parameters. */
export const GPT_PRESETS = ["gpt-12m", "gpt-1m", "gpt-nano"] as const;
Object.freeze(GPT_PRESETS);

/** One of {@link GPT_PRESETS}: the whole model, one for a laptop, one for tests. */
export type GptPreset = (typeof GPT_PRESETS)[number];

/** The shape of a GPT, in the fields that GPT-2's `config.json` has. */
export interface GptConfig {
  /** Rows of the token table. */
  readonly vocabSize: number;
  /** The longest context. */
  readonly nPositions: number;
  /** Width of the residual stream. */
  readonly nEmbd: number;
  /** Transformer blocks. */
  readonly nLayer: number;
  /** Attention heads in each block; they divide the width, and are at most 128 wide. */
  readonly nHead: number;
  /** Added to the variance in LayerNorm. 1e-5 if left out. */
  readonly layerNormEpsilon?: number | undefined;
}

/** GPT-2's names, as the engine has them. */
interface ConfigJson {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  layer_norm_epsilon: number;
}

/** The largest dimension: more elements than that no tensor has. */
const MOST = 0xffffffff;
/** The most blocks: each is an object, and a call inside the last. */
const DEEP = 4096;

/** A shape as the engine takes it. */
export function configJson(config: GptPreset | GptConfig): string {
  const op = "GPT";
  if (typeof config === "string") return JSON.stringify({ preset: oneOf(op, "config", config, GPT_PRESETS) });
  const given: unknown = config;
  if (typeof given !== "object" || given === null || isArray(given) || isRevoked(given)) {
    const all = GPT_PRESETS.join(", ");
    throw new StrataError("argument", `${op}: config is one of ${all}, or an object with vocabSize, nPositions, …`, op);
  }
  const { layerNormEpsilon = 1e-5, nEmbd, nHead, nLayer, nPositions, vocabSize } = config;
  const json: ConfigJson = {
    vocab_size: whole(op, "vocabSize", vocabSize, 1, MOST),
    n_positions: whole(op, "nPositions", nPositions, 1, MOST),
    n_embd: whole(op, "nEmbd", nEmbd, 1, MOST),
    n_layer: whole(op, "nLayer", nLayer, 1, DEEP),
    n_head: whole(op, "nHead", nHead, 1, MOST),
    layer_norm_epsilon: positive(op, "layerNormEpsilon", layerNormEpsilon),
  };
  return JSON.stringify(json);
}

/** The engine's answer as a shape. */
export function configOf(text: string): Required<GptConfig> {
  const json = parse<ConfigJson>(text);
  return {
    vocabSize: json.vocab_size,
    nPositions: json.n_positions,
    nEmbd: json.n_embd,
    nLayer: json.n_layer,
    nHead: json.n_head,
    layerNormEpsilon: json.layer_norm_epsilon,
  };
}
