/** Text in, batches out: tokenizers, datasets, the embedded stories. */
export { Batch, IGNORE } from "./batch.js";
export type { BatchParts } from "./batch.js";
export { Dataset, prepare } from "./dataset.js";
export type { PrepareOptions, PrepareProgress } from "./dataset.js";
export { stories } from "./stories.js";
export type { Decision, Story } from "./stories.js";
export { TensorDataset, batches } from "./tensors.js";
export type { BatchOptions, Batched, Pair } from "./tensors.js";
export { Tokenizer } from "./tokenizer.js";
export type { Merge, MergeProgress, Token, TokenizerOptions } from "./tokenizer.js";
