/*
 * A caller's iterables, gone through by hand: what does not keep to the protocol is an argument of the
 * wrong kind. What the caller's own iterator throws passes through.
 */
import { StrataError } from "../error.js";
import { isFunction, isRevoked, kindOf } from "./show.js";

type Step = (this: unknown, ...args: unknown[]) => unknown;

function isStep(value: unknown): value is Step {
  return isFunction(value);
}

function wrong(op: string, name: string, what: string): StrataError {
  return new StrataError("argument", `${op}: ${name} ${what}`, op);
}

/** A property of something that is no primitive. */
function ask(of: unknown, key: PropertyKey): unknown {
  if ((typeof of !== "object" && typeof of !== "function") || of === null || isRevoked(of)) return undefined;
  const value: unknown = Reflect.get(of, key);
  return value;
}

/** Whether a value says that it can be gone through. */
export function isIterable(value: unknown, key: symbol = Symbol.iterator): boolean {
  return isStep(ask(value, key));
}

/** The language's own, which throw where they are asked of something else: a proxy of a `Map`, say. */
const BUILTIN = new Set<unknown>([
  Array.prototype[Symbol.iterator],
  Map.prototype[Symbol.iterator],
  Set.prototype[Symbol.iterator],
  Uint8Array.prototype[Symbol.iterator],
]);

/** What a caller's iterable begins with. */
function started(op: string, name: string, start: Step, value: unknown): unknown {
  try {
    return Reflect.apply(start, value, []);
  } catch (error) {
    if (!BUILTIN.has(start)) throw error;
    throw wrong(op, name, `must be a list, or something else to go through one by one; got ${kindOf(value)}`);
  }
}

/** An iterator and its next step. */
function begin(op: string, name: string, value: unknown, key: symbol): { iterator: unknown; next: Step } {
  // Numbers are no texts and no tensors, and a typed array whose memory was transferred throws.
  const start = ArrayBuffer.isView(value) ? undefined : ask(value, key);
  if (!isStep(start)) throw wrong(op, name, `must be a list, or something else to go through one by one; got ${kindOf(value)}`);
  const iterator = started(op, name, start, value);
  const next = ask(iterator, "next");
  if (!isStep(next)) throw wrong(op, name, "gives an iterator that has no next()");
  return { iterator, next };
}

/** What one step came to; null at the end. */
function outcome(op: string, name: string, result: unknown): { value: unknown } | null {
  if ((typeof result !== "object" && typeof result !== "function") || result === null) {
    throw wrong(op, name, `gives an iterator whose next() answers with ${kindOf(result)}`);
  }
  if (ask(result, "done")) return null;
  return { value: ask(result, "value") };
}

/** The elements of an iterable. `T` is what the types promise; check it. */
export function* each<T>(op: string, name: string, value: Iterable<T>): Generator<T, void, undefined> {
  const { iterator, next } = begin(op, name, value, Symbol.iterator);
  let over = false;
  try {
    for (;;) {
      over = true;
      const step = outcome(op, name, Reflect.apply(next, iterator, []));
      if (step === null) return;
      over = false;
      yield trust<T>(step.value);
    }
  } finally {
    const close = over ? undefined : ask(iterator, "return");
    if (isStep(close)) Reflect.apply(close, iterator, []);
  }
}

/** The elements of an iterable that may take its time, one that does not included. */
export async function* eachLater<T>(
  op: string,
  name: string,
  value: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const slow = isIterable(value, Symbol.asyncIterator);
  const { iterator, next } = begin(op, name, value, slow ? Symbol.asyncIterator : Symbol.iterator);
  let over = false;
  try {
    for (;;) {
      over = true;
      const result: unknown = Reflect.apply(next, iterator, []);
      const step = outcome(op, name, slow ? await result : result);
      if (step === null) return;
      const element: unknown = await step.value;
      over = false;
      yield trust<T>(element);
    }
  } finally {
    const close = over ? undefined : ask(iterator, "return");
    if (isStep(close)) await Reflect.apply(close, iterator, []);
  }
}

/** What the types say of a caller's element, until somebody looks. */
function trust<T>(value: unknown): T;
function trust(value: unknown): unknown {
  return value;
}
