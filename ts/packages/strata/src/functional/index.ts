/** Layers and losses as plain functions of tensors. */
export { dropout, dropoutAdd, gelu, relu, sigmoid, silu, tanh } from "./activation.js";
export { attention, attentionQkv, attentionWeights, splitQkv } from "./attention.js";
export type { AttentionOptions, MaskOptions } from "./attention.js";
export { embedding, oneHot } from "./embedding.js";
export { linear, linearGelu, linearResidual, linearTied } from "./linear.js";
export {
  crossEntropy,
  crossEntropyRows,
  logSoftmax,
  mseLoss,
  runningSoftmax,
  softmax,
} from "./loss.js";
export type { CrossEntropyOptions, CrossEntropyRows, RunningSoftmax } from "./loss.js";
export { layerNorm, layerNormStats, residualLayerNorm } from "./norm.js";
export type { LayerNormStats } from "./norm.js";
