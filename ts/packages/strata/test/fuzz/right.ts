/** Values that fit a parameter: by its type, and for numbers and paths by its name. */
import { join } from "node:path";
import type { Kind, Parameter } from "./kinds.ts";
import type { Random } from "./random.ts";
import { Own, WRONG } from "./wrong.ts";
import type { Value } from "./wrong.ts";

/** Where instances of the package's classes come from. */
export interface Pool {
  /** Names of those there are of a class, by the class's name. */
  names(of: string): readonly string[];
  take(name: string): unknown;
}

const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  lr: [0.01, 0],
  p: [0.1, 0],
  dropout: [0.1, 0],
  labelSmoothing: [0.1, 0],
  momentum: [0.9],
  eps: [1e-5],
  steps: [1, 2],
  epochs: [1],
  minutes: [0.001],
  vocabSize: [300, 32],
  nPositions: [8],
  nEmbd: [16],
  nLayer: [1],
  nHead: [2],
  heads: [1, 2],
  maxTokens: [3],
  context: [4, 8],
  batchSize: [2],
  accumulate: [1, 2],
  evalEvery: [1],
  evalBatches: [1],
  temperature: [0.8, 0],
  topP: [0.9],
  width: [4, 16],
  total: [10],
  peak: [0.1],
};

const STRINGS: Readonly<Record<string, readonly string[]>> = {
  op: ["matmul", "gelu"],
  rung: ["1_naive", "x"],
  name: ["transformer.wte.weight", "cpu", "cosine"],
  dtype: ["f32", "u32"],
};

const text = (value: string): Value => ({ name: JSON.stringify(value), make: () => value });
const number = (value: number): Value => ({ name: String(value), make: () => value });

const FUNCTIONS: readonly Value[] = [
  { name: "() => {}", make: () => () => {} },
  { name: "(x) => x", make: () => (x: unknown) => x },
  { name: "() => false", make: () => () => false },
  { name: "async () => {}", make: () => async () => {} },
  {
    name: "() => throws",
    make: () => () => {
      throw new Own("called");
    },
  },
  { name: "async () => rejects", make: () => async () => Promise.reject(new Own("rejected")) },
];

const ARRAYS: Readonly<Record<string, () => unknown>> = {
  Float32Array: () => Float32Array.of(1, 2, 3, 4, 5, 6),
  Float64Array: () => Float64Array.of(1, 2, 3, 4, 5, 6),
  Int32Array: () => Int32Array.of(1, 2, 3, 4, 5, 6),
  Uint32Array: () => Uint32Array.of(1, 2, 3, 0, 1, 2),
  Uint16Array: () => Uint16Array.of(1, 2, 3, 4, 5, 6),
};

/** Makes values of kinds. */
export class Right {
  readonly #random: Random;
  readonly #pool: Pool;
  readonly #folder: string;

  constructor(random: Random, pool: Pool, folder: string) {
    this.#random = random;
    this.#pool = pool;
    this.#folder = folder;
  }

  /** A value for a parameter; undefined for an optional one now and then. */
  of({ name, kind, optional }: Parameter): Value {
    if (optional && this.#random.chance(0.4)) return { name: "undefined", make: () => undefined };
    return this.kind(name, kind);
  }

  kind(name: string, kind: Kind): Value {
    const random = this.#random;
    switch (kind.is) {
      case "number":
        return number(random.pick((random.chance(0.8) && NUMBERS[name]) || [0, 1, 2, 3, 5, -1]));
      case "string":
        return this.#string(name);
      case "boolean":
        return random.pick([true, false].map((value) => ({ name: String(value), make: () => value })));
      case "undefined":
        return { name: "undefined", make: () => undefined };
      case "null":
        return { name: "null", make: () => null };
      case "literal":
        return { name: JSON.stringify(kind.value), make: () => kind.value };
      case "function":
        return name === "loss" ? this.#loss() : random.pick(FUNCTIONS);
      case "list":
        return this.#list(Array.from({ length: random.below(4) }, () => this.kind(name, kind.of)));
      case "tuple":
        return this.#list(kind.of.map((one) => this.kind(name, one)));
      case "iterable":
        return this.#list(Array.from({ length: 1 + random.below(2) }, () => this.kind(name, kind.of)));
      case "made":
        return this.#made(kind.name);
      case "object":
        return this.#object(kind.fields);
      case "either": {
        const kinds = kind.of.filter((one) => one.is !== "undefined");
        return this.kind(name, random.pick(kinds.length === 0 ? kind.of : kinds));
      }
      case "unknown":
        return this.kind(name, random.pick<Kind>([{ is: "number" }, { is: "string" }, { is: "made", name: "Tensor" }, { is: "list", of: { is: "number" } }]));
    }
  }

  #string(name: string): Value {
    const paths = ["new", "tensors.safetensors", "tokenizer.json", "text.txt", "checkpoint", "nothing/here"];
    if (/path|folder|checkpoint|kernels|source/i.test(name)) {
      const file = this.#random.pick(paths);
      return { name: `OUT/${file}`, make: () => join(this.#folder, file) };
    }
    return text(this.#random.pick((this.#random.chance(0.8) && STRINGS[name]) || ["hello", "cpu", ""]));
  }

  #loss(): Value {
    return { name: "(out) => out.mean()", make: () => (out: { mean(): unknown }) => out.mean() };
  }

  #list(values: readonly Value[]): Value {
    return { name: `[${values.map((one) => one.name).join(", ")}]`, make: () => values.map((one) => one.make()) };
  }

  #made(name: string): Value {
    const array = ARRAYS[name];
    if (array !== undefined) return { name: `a ${name}`, make: array };
    if (name === "AbortSignal") return { name: "AbortSignal.timeout(200)", make: () => AbortSignal.timeout(200) };
    const names = this.#pool.names(name);
    if (names.length === 0) return this.#random.pick(WRONG);
    const found = this.#random.pick(names);
    return { name: found, make: () => this.#pool.take(found) };
  }

  #object(kinds: Readonly<Record<string, Kind>>): Value {
    const fields: Record<string, Value> = {};
    for (const [name, kind] of Object.entries(kinds)) {
      const optional = kind.is === "either" && kind.of.some((one) => one.is === "undefined");
      // A run that is not stopped by something may last for hours.
      const always = name === "signal" || name === "steps";
      if (!optional || always || this.#random.chance(0.3)) fields[name] = this.kind(name, kind);
    }
    return objectOf(fields);
  }
}

/** An object of values. */
export function objectOf(fields: Readonly<Record<string, Value>>): Value {
  const name = `{ ${Object.entries(fields).map(([key, one]) => `${key}: ${one.name}`).join(", ")} }`;
  return { name, fields, make: () => Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, one.make()])) };
}
