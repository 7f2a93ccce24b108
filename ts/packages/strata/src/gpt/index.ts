/** The whole stack: a GPT, trained, saved, loaded and asked to write. */
export { GptArena } from "./arena.js";
export type { ParameterInfo } from "./arena.js";
export type { Checkpoint } from "./checkpoint.js";
export { GPT_PRESETS } from "./config.js";
export type { GptConfig, GptPreset } from "./config.js";
export type { GenerateOptions } from "./generate.js";
export { GPT } from "./model.js";
export type { GptOptions } from "./model.js";
export type {
  GptCallbacks,
  GptEvaluation,
  GptFit,
  GptFitOptions,
  GptSample,
  GptSaveEvery,
  GptSaved,
  GptStep,
  GptUnsaved,
  TrainOptions,
} from "./options.js";
export type { RunLength, RunMinutes, RunSteps, TrainConfig } from "./plan.js";
export { Trainer } from "./trainer.js";
export type { Moments, StepReport } from "./trainer.js";
