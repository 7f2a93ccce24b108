import { wrapTokenizer } from "../data/tokenizer.js";
import type { Tokenizer } from "../data/tokenizer.js";
import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { native } from "../load.js";
import { wrapArena } from "./arena.js";
import type { GptArena } from "./arena.js";
import type { GPT } from "./model.js";
import { resumed } from "./trainer.js";
import type { Trainer } from "./trainer.js";

/** What {@link GPT.load} found in a folder. */
export interface Checkpoint {
  /** The model, its tokenizer and trainer in place. */
  readonly model: GPT;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
  /** The run it was saved from; null if another program saved it, or only the model was saved. */
  readonly trainer: Trainer | null;
  /** What it was trained on: `"stories"`, `"book"`, a path, `""` if unknown. */
  readonly about: string;
}

/** The parts of a {@link Checkpoint}, before there is a model. */
export interface Loaded extends Omit<Checkpoint, "model"> {
  /** Its weights. */
  readonly arena: GptArena;
}

/** Opens a folder. */
export async function loadGpt(folder: string, device: Device): Promise<Loaded> {
  const opened = await native.loadCheckpoint(folder, nativeDevice(device, "load"));
  const arena = wrapArena(opened.gpt(), device);
  const trainer = opened.trainer();
  return {
    arena,
    tokenizer: wrapTokenizer(opened.tokenizer()),
    trainer: trainer === null ? null : resumed(trainer, arena, folder),
    about: opened.about(),
  };
}
