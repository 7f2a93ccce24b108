/** Random numbers that are a function of a seed and a place: call 7,301 of seed 5 is the same for ever. */

/** A source of numbers. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  next(): number;
  /** A whole number below `n`. */
  below(n: number): number;
  /** One of a list. */
  pick<T>(list: readonly T[]): T;
  /** True with this probability. */
  chance(p: number): boolean;
}

/** Splitmix32, begun anew for each call. */
export function randomOf(seed: number, place: number): Random {
  let state = (Math.imul(seed, 0x9e3779b9) ^ Math.imul(place + 1, 0x85ebca6b)) >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  const pick = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)];
    if (found === undefined && list.length === 0) throw new RangeError("nothing to pick from");
    return found as T;
  };
  return { next, below, pick, chance: (p) => next() < p };
}
