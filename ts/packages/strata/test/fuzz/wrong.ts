/** Values that hardly any function wants. */
import { createContext, runInContext } from "node:vm";

/** A value, and how it is written in a report. */
export interface Value {
  readonly name: string;
  readonly make: () => unknown;
  /** For an object made of values: these. */
  readonly fields?: Readonly<Record<string, Value>>;
}

/** What the caller's own code throws: it must come out as it went in. */
export class Own extends Error {
  override readonly name = "Own";
}

const own = (): never => {
  throw new Own("the caller's own");
};

const raise = { get: own, has: own, ownKeys: own, getOwnPropertyDescriptor: own, getPrototypeOf: own };

function deep(n: number): unknown {
  let at: unknown = 1;
  for (let i = 0; i < n; i++) at = [at];
  return at;
}

function cyclic(): unknown {
  const list: unknown[] = [1];
  list[0] = list;
  return list;
}

function sparse(length: number, ends = false): unknown {
  const list: unknown[] = [];
  list.length = length;
  if (ends) list[0] = list[length - 1] = 1;
  return list;
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function detached(): unknown {
  const array = new Float32Array(6);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

function resizable(): unknown {
  const made: unknown = Reflect.construct(ArrayBuffer, [24, { maxByteLength: 64 }]);
  return made instanceof ArrayBuffer ? new Float32Array(made) : null;
}

/** A view over memory that shrank under it. */
function outside(): unknown {
  const made: unknown = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 64 }]);
  if (!(made instanceof ArrayBuffer)) return null;
  const view = new Float32Array(made, 32, 8);
  const resize: unknown = Reflect.get(made, "resize");
  if (typeof resize === "function") Reflect.apply(resize, made, [8]);
  return view;
}

class Loud {
  get device(): unknown {
    return own();
  }
  get length(): unknown {
    return own();
  }
  toString(): string {
    return own();
  }
}

let realm: object | undefined;

function elsewhere(code: string): unknown {
  realm ??= createContext({});
  const value: unknown = runInContext(code, realm);
  return value;
}

const handled = (promise: Promise<unknown>): Promise<unknown> => {
  promise.catch(() => {});
  return promise;
};

/** All of them, by what they are. */
export const WRONG: readonly Value[] = (
  [
    ["undefined", () => undefined],
    ["null", () => null],
    ["NaN", () => NaN],
    ["Infinity", () => Infinity],
    ["-Infinity", () => -Infinity],
    ["-0", () => -0],
    ["-1", () => -1],
    ["-7", () => -7],
    ["0", () => 0],
    ["7", () => 7],
    ["1.5", () => 1.5],
    ["5e-324", () => 5e-324],
    ["2 ** 32", () => 2 ** 32],
    ["2 ** 53", () => 2 ** 53],
    ["-(2 ** 53)", () => -(2 ** 53)],
    ["1e308", () => 1e308],
    ["3n", () => 3n],
    ["10n ** 400n", () => 10n ** 400n],
    ["true", () => true],
    ["false", () => false],
    ['""', () => ""],
    ['"x"', () => "x"],
    ['"3"', () => "3"],
    ['"\\ud800"', () => "\ud800"],
    ['"a\\0b"', () => "a\0b"],
    ['"é\\u202e\\x1b[31m"', () => "é\u202e\x1b[31m"],
    ['"y".repeat(1e5)', () => "y".repeat(1e5)],
    ['new String("x")', () => new String("x")],
    ["new Number(3)", () => new Number(3)],
    ['Symbol("s")', () => Symbol("s")],
    ["Symbol.iterator", () => Symbol.iterator],
    ["{}", () => ({})],
    ["Object.create(null)", () => Object.create(null) as unknown],
    ["{ length: 3 }", () => ({ length: 3 })],
    ["{ length: 2 ** 40 }", () => ({ length: 2 ** 40 })],
    ["{ then: 5 }", () => ({ then: 5 })],
    ["{ toString: throws }", () => ({ toString: own, valueOf: own, [Symbol.toPrimitive]: own })],
    ["{ toJSON: throws }", () => ({ toJSON: own })],
    ["{ get length() throws }", () => new Loud()],
    ["{ [Symbol.iterator]: 5 }", () => ({ [Symbol.iterator]: 5 })],
    ["{ [Symbol.iterator]: gives 5 }", () => ({ [Symbol.iterator]: () => 5 })],
    ["{ [Symbol.iterator]: gives {} }", () => ({ [Symbol.iterator]: () => ({}) })],
    ["{ [Symbol.iterator]: next gives 5 }", () => ({ [Symbol.iterator]: () => ({ next: () => 5 }) })],
    ["{ [Symbol.iterator]: throws }", () => ({ [Symbol.iterator]: own })],
    ["{ [Symbol.asyncIterator]: next gives 5 }", () => ({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) })],
    ["{ batches: () => 5 }", () => ({ batches: () => 5, length: 4 })],
    ["{ step() {}, zeroGrad() {} }", () => ({ step: () => 5, zeroGrad: () => 5 })],
    ["new Proxy({}, { all throw })", () => new Proxy({}, raise)],
    ["new Proxy([], { all throw })", () => new Proxy([], raise)],
    ["new Proxy({}, {})", () => new Proxy({}, {})],
    ["a revoked proxy", () => revoked({})],
    ["a revoked proxy of a list", () => revoked([1])],
    ["a revoked proxy of a function", () => revoked(() => 1)],
    ["[]", () => []],
    ["[1, , 3]", () => sparse(3, true)],
    ["[NaN]", () => [NaN]],
    ["[null]", () => [null]],
    ["[undefined, 1]", () => [undefined, 1]],
    ['["a"]', () => ["a"]],
    ["[[1], [2, 3]]", () => [[1], [2, 3]]],
    ["[3n]", () => [3n]],
    ['[Symbol("s")]', () => [Symbol("s")]],
    ["[{}]", () => [{}]],
    ["[-1, 2 ** 53]", () => [-1, 2 ** 53]],
    ["[1e308, 1e308]", () => [1e308, 1e308]],
    ["Array(20).fill(1)", () => new Array(20).fill(1)],
    ["a list in a list, 100,000 deep", () => deep(1e5)],
    ["a list that holds itself", () => cyclic()],
    ["Array(2 ** 32 - 1)", () => sparse(2 ** 32 - 1)],
    ["Array(2 ** 32 - 1), ends set", () => sparse(2 ** 32 - 1, true)],
    ["new Int8Array(6)", () => new Int8Array(6)],
    ["new Uint8ClampedArray(6)", () => new Uint8ClampedArray(6)],
    ["new BigInt64Array(6)", () => new BigInt64Array(6)],
    ["new Float64Array(6)", () => new Float64Array(6)],
    ["new Uint16Array(6)", () => new Uint16Array(6)],
    ["new Float32Array(6)", () => new Float32Array(6)],
    ["new Uint32Array(6)", () => new Uint32Array(6)],
    ["new Float32Array(0)", () => new Float32Array(0)],
    ["a Float32Array of another realm", () => elsewhere("new Float32Array(6)")],
    ["a list of another realm", () => elsewhere("[2, 3]")],
    ["a Float32Array, transferred", () => detached()],
    ["a Float32Array over shared memory", () => new Float32Array(new SharedArrayBuffer(24))],
    ["a Float32Array over resizable memory", () => resizable()],
    ["a Float32Array whose memory shrank", () => outside()],
    ["a Float32Array without a prototype", () => Object.setPrototypeOf(new Float32Array(6), null) as unknown],
    ["new Proxy(new Float32Array(6), {})", () => new Proxy(new Float32Array(6), {})],
    ["new DataView(…)", () => new DataView(new ArrayBuffer(24))],
    ["new ArrayBuffer(24)", () => new ArrayBuffer(24)],
    ["Buffer.from(…)", () => Buffer.from("abcdef")],
    ["new Date(0)", () => new Date(0)],
    ["new Date(NaN)", () => new Date(NaN)],
    ["/x/", () => /x/],
    ["new Map()", () => new Map([["a", 1]])],
    ["new Set([1])", () => new Set([1])],
    ["new Error()", () => new Error("given")],
    ['new URL("file:///x")', () => new URL("file:///nowhere/x")],
    ["globalThis", () => globalThis],
    ["a promise", () => Promise.resolve(1)],
    ["a promise that is rejected", () => handled(Promise.reject(new Own("rejected")))],
    ["() => {}", () => () => {}],
    ["(x) => x", () => (x: unknown) => x],
    ["() => throws", () => () => own()],
    ["() => a rejected promise", () => () => Promise.reject(new Own("rejected"))],
    ["async () => rejects", () => async () => Promise.reject(new Own("rejected"))],
    ["() => null", () => () => null],
    ["() => 5", () => () => 5],
    ["function* () {}", () => function* (): Generator<number> { yield 1; }],
    ["class {}", () => class {}],
    ["an AbortSignal, fired", () => AbortSignal.abort(new Own("stop"))],
  ] satisfies [string, () => unknown][]
).map(([name, make]) => ({ name, make }));
