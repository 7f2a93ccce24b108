import { MultiHeadAttention } from "../nn/attention.js";
import { TransformerBlock } from "../nn/block.js";
import { LayerNorm } from "../nn/layernorm.js";
import { Linear } from "../nn/linear.js";
import { MLP } from "../nn/mlp.js";
import type { GptArena } from "./arena.js";

/** What GPT-2 calls the parts that have other names here. */
const NAMES: Readonly<Record<string, string>> = {
  ln1: "ln_1",
  ln2: "ln_2",
  lnF: "ln_f",
  qkv: "c_attn",
  fc: "c_fc",
  proj: "c_proj",
};

/** GPT-2's name of a path in a model: `h.0.attn.qkv.weight` is `transformer.h.0.attn.c_attn.weight`. */
export function gptName(path: string): string {
  return ["transformer", ...path.split(".").map((part) => NAMES[part] ?? part)].join(".");
}

/** Block number `index` of a model, over the parameters of its arena. */
export function blockOf(arena: GptArena, index: number, dropout: number): TransformerBlock {
  const { nEmbd: width, nHead: heads, layerNormEpsilon: eps } = arena.config;
  const pair = (name: string) => {
    const at = gptName(`h.${index}.${name}`);
    return { weight: arena.parameter(`${at}.weight`), bias: arena.parameter(`${at}.bias`) };
  };
  const norm = (name: string): LayerNorm => new LayerNorm(width, { eps, ...pair(name) });
  const linear = (name: string, inputs: number, outputs: number): Linear => new Linear(inputs, outputs, pair(name));
  const qkv = linear("attn.qkv", width, 3 * width);
  const mixed = linear("attn.proj", width, width);
  const fc = linear("mlp.fc", width, 4 * width);
  const proj = linear("mlp.proj", 4 * width, width);
  return new TransformerBlock(width, heads, {
    parts: {
      ln1: norm("ln1"),
      attn: new MultiHeadAttention(width, heads, { causal: true, dropout, qkv, proj: mixed }),
      ln2: norm("ln2"),
      mlp: new MLP(width, { dropout, fc, proj }),
    },
  });
}
