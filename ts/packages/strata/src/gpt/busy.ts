import { StrataError } from "../error.js";
import type { GptArena } from "./arena.js";

const atWork = new WeakSet<GptArena>();

/** Says whether a thread of Rust's is at work on a model's weights. */
export function working(arena: GptArena, busy: boolean): void {
  if (busy) atWork.add(arena);
  else atWork.delete(arena);
}

/** Refuses to touch weights that a thread of Rust's is changing. */
export function idle(arena: GptArena, op: string): void {
  if (!atWork.has(arena)) return;
  const message = `${op}: the model is being trained; do this in a callback of fit, or await fit first`;
  throw new StrataError("busy", message, op);
}

/** Work of Rust's on weights that nobody else touches meanwhile. */
export async function alone<T>(arena: GptArena, op: string, work: () => Promise<T>): Promise<T> {
  idle(arena, op);
  working(arena, true);
  try {
    return await work();
  } finally {
    working(arena, false);
  }
}
