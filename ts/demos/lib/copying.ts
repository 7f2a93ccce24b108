/** A task for attention: go on with what repeats. */
import { data, rand, tensor, tidy } from "strata-ml";
import type { Tensor } from "strata-ml";

/** Ids and targets of `rows` sequences, one after the other. */
export type Sequences = readonly [ids: Uint32Array, targets: Uint32Array];

/** Words of 4 to 8 random letters, said again and again. What comes is scored once it can be known. */
export function repeats(rows: number, length: number, letters: number): Sequences {
  const numbers = tidy(() => rand([rows, length]).view());
  const ids = new Uint32Array(rows * length);
  const targets = new Uint32Array(rows * length).fill(data.IGNORE);
  for (let at = 0; at < ids.length; at++) {
    const [row, t] = [at - (at % length), at % length];
    const period = 4 + Math.floor((numbers[row] ?? 0) * 5);
    const letter = (place: number): number => Math.floor((numbers[row + 1 + (place % period)] ?? 0) * letters);
    ids[at] = letter(t);
    if (t >= period && t < length - 1) targets[at] = letter(t + 1);
  }
  return [ids, targets];
}

/**
 * How much of its attention a head gives to where a rule says, on average over the queries that the
 * rule has a key for: [heads], from weights [rows, heads, length, length] of the sequences `ids`.
 */
export async function share(
  weights: Tensor,
  ids: Uint32Array,
  rule: (sequence: Uint32Array, query: number, key: number) => boolean,
): Promise<Float32Array> {
  const [rows = 0, , length = 0] = weights.shape;
  const hits = new Float32Array(rows * length ** 2);
  const queries = new Set<number>();
  for (let at = 0; at < hits.length; at++) {
    const [query, key] = [Math.floor(at / length), at % length];
    const row = Math.floor(query / length);
    if (key >= query % length || !rule(ids.subarray(row * length, (row + 1) * length), query % length, key)) {
      continue;
    }
    hits[at] = 1;
    queries.add(query);
  }
  const mask = tensor(hits, { shape: [rows, 1, length, length], device: weights.device });
  return weights.mul(mask).sum([0, 2, 3]).div(queries.size).read();
}

/** The letter before. */
export const before = (_: Uint32Array, query: number, key: number): boolean => key === query - 1;

/** The letter that came after the same one: what to say next. */
export const induction = (sequence: Uint32Array, query: number, key: number): boolean =>
  key > 0 && sequence[key - 1] === sequence[query];
