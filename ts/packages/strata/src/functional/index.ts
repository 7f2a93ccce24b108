/** Layers and losses as plain functions of tensors. */
export * from "./activation.js";
export * from "./attention.js";
export * from "./embedding.js";
export * from "./linear.js";
export * from "./loss.js";
export * from "./norm.js";
