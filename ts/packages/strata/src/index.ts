/**
 * Tensors, autograd and a small GPT over a Rust engine whose every kernel you can read.
 *
 * @packageDocumentation
 */
export { defaultDevice, Device, setDefaultDevice } from "./device.js";
export type { DeviceCaps, DeviceInfo, DeviceListing, DeviceOptions, DeviceStats, Machine, Precision } from "./device-info.js";
export { DTYPES } from "./dtype.js";
export type { DType, TypedArray, TypedArrayOf } from "./dtype.js";
export { ERROR_CODES, StrataError } from "./error.js";
export type { ErrorCode } from "./error.js";
export { Graph, GraphNode } from "./tensor/graph.js";
export { KernelRun, ladders } from "./kernels.js";
export type { KernelBinding, KernelField, KernelSource, Ladder, LadderKernel, LadderRung } from "./kernels.js";
export { keep, memory, tidy } from "./memory.js";
export type { Sync } from "./memory.js";
export { manualSeed } from "./random.js";
export { arange, cat, eye, full, linspace, ones, rand, randn, stack, tensor, zeros } from "./tensor/create.js";
export { onesLike, where, zerosLike } from "./tensor/like.js";
export type { MultinomialOptions, TopK } from "./tensor/choose.js";
export type { DataOptions, RandomOptions, Shape, TensorOptions } from "./tensor/create.js";
export type { NestedArray } from "./tensor/data.js";
export type { NestedNumbers } from "./tensor/elements.js";
export { isGradEnabled, noGrad } from "./tensor/mode.js";
export type { Dims, ReduceOptions, VarianceOptions } from "./tensor/reduce.js";
export type { Range } from "./tensor/slice.js";
export { Tensor } from "./tensor/tensor.js";
export type { BackwardOptions } from "./tensor/tensor.js";

export * as data from "./data/index.js";
export { loadTensors, saveTensors } from "./files.js";
export * as functional from "./functional/index.js";
export * from "./gpt/index.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
