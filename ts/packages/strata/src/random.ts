import { StrataError } from "./error.js";
import { show } from "./shared/show.js";

let seed = 0;
let drawn = 0;

/**
 * Starts the stream of random numbers anew: what is drawn after it ({@link randn}, {@link rand},
 * initial weights, dropout) is the same on every run and every device. Without a call the seed is 0.
 *
 * @param value - A whole number from 0 to 2^53 - 1.
 * @throws {@link StrataError} `"value"` for any other number, `"argument"` for anything else.
 */
export function manualSeed(value: number): void {
  seed = checkSeed(value, "manualSeed");
  drawn = 0;
}

/** A seed that the engine takes exactly. */
export function checkSeed(value: unknown, op: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const code = typeof value === "number" ? "value" : "argument";
  throw new StrataError(code, `${op}: a seed is a whole number from 0 to 2^53 - 1, got ${show(value)}`, op);
}

/** One 32-bit word stirred until every bit depends on every other (Murmur's finalizer). */
function stir(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A seed for one drawing: another each time, and the same sequence after the same `manualSeed`. */
export function nextSeed(): number {
  const { seed, step } = nextKey();
  const low = stir(stir(seed) ^ step);
  const high = stir(low ^ Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
  return (high & 0x1fffff) * 2 ** 32 + low;
}

/** What keys one dropout: the seed and a step that no other call has had since `manualSeed`. */
export function nextKey(): { seed: number; step: number } {
  return { seed, step: drawn++ };
}
