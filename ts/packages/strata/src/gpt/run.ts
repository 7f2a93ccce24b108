import type { NativeRun } from "../native.js";
import type { GoOn } from "../nn/fit.js";
import { parse } from "../json.js";
import { aborted } from "../shared/abort.js";
import { callbackError } from "../shared/callback.js";
import type { StrataError } from "../error.js";
import type { GptCallbacks } from "./options.js";
import { runEvent } from "./wire.js";
import type { Outcome, RunEvent } from "./wire.js";

/** What a run needs beside its thread. */
export interface RunOptions {
  /** Who hears of it. */
  readonly callbacks: GptCallbacks;
  /** Stops it. */
  readonly signal: AbortSignal | undefined;
  /** Hears of every event before the callbacks do. */
  readonly note: (event: RunEvent) => void;
  /** Told whether Rust is at work on the weights: not while it waits for a callback. */
  readonly working: (busy: boolean) => void;
}

const OP = "fit";

function call(callbacks: GptCallbacks, event: RunEvent): GoOn {
  switch (event.name) {
    case "onStep":
      return callbacks.onStep?.(event.at);
    case "onEvaluate":
      return callbacks.onEvaluate?.(event.at);
    case "onSample":
      return callbacks.onSample?.(event.at);
    case "onSave":
      return callbacks.onSave?.(event.at);
    case "onUnsaved":
      return callbacks.onUnsaved?.(event.at);
  }
}

/**
 * Lets a run go from event to event. `start` gets the function that hears the engine's events; the run
 * waits after each until it was answered.
 */
export async function drive(
  start: (on: (event: string) => void) => NativeRun,
  options: RunOptions,
): Promise<Outcome> {
  const { callbacks, note, signal, working } = options;
  let failure: StrataError | null = null;
  let steps = 0;

  const hear = async (text: string): Promise<boolean> => {
    let name = "an event";
    try {
      const event = runEvent(text);
      name = event.name;
      steps = event.at.step;
      note(event);
      if (failure !== null) return false;
      return (await call(callbacks, event)) !== false && signal?.aborted !== true;
    } catch (cause) {
      failure ??= callbackError(OP, name, cause);
      return false;
    }
  };

  const run = start((text) => {
    working(false);
    void hear(text).then((goOn) => {
      working(true);
      run.answer(goOn);
    });
  });
  working(true);
  try {
    const outcome = parse<Outcome>(await run.outcome());
    if (failure !== null) throw failure;
    if (signal?.aborted === true) throw aborted(OP, signal, `after step ${steps}`);
    return outcome;
  } finally {
    working(false);
  }
}
