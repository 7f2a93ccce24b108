/** From gradients to better weights. */
export { AdamW } from "./adamw.js";
export type { AdamWOptions } from "./adamw.js";
export { clipGradNorm } from "./clip.js";
export type { ParameterReport } from "./inspect.js";
export { Optimizer } from "./optimizer.js";
export type { OptimizerOptions, Parameters } from "./optimizer.js";
export { SCHEDULES, Schedule } from "./schedule.js";
export type { HasLr, ScheduleName, ScheduleOptions } from "./schedule.js";
export { SGD } from "./sgd.js";
export type { SGDOptions } from "./sgd.js";
export type { OptimizerState } from "./state.js";
