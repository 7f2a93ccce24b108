/**
 * Who gives a tensor's memory back, and when.
 *
 * A tensor owns one handle on the engine's side. The handle goes back exactly once: by `dispose()`
 * or `using`, at the end of a {@link tidy}, or when the garbage collector finds that nobody holds
 * the tensor any more. The memory itself goes when the last handle, view and tape on it is gone.
 */
import "./symbols.js";
import { StrataError } from "./error.js";
import { native } from "./load.js";
import type { Handle } from "./native.js";
import { onlyOurs } from "./shared/border.js";
import { isFunction, isRevoked, kindOf } from "./shared/show.js";
import { isThenable } from "./shared/thenable.js";

/** Tensors that were made together: in one `tidy`, or in one turn of the event loop. */
class Scope {
  /** Those made so far, some of them disposed. */
  made: Owned[] = [];
  #limit = 1024;

  constructor(readonly outer: Scope | null) {}

  add(owned: Owned): void {
    if (this.made.push(owned) <= this.#limit) return;
    // A long loop that disposes by itself must not grow the list for ever.
    this.made = this.made.filter((one) => !one.disposed);
    this.#limit = Math.max(1024, 2 * this.made.length);
  }

  /** Takes one out again. */
  remove(owned: Owned): boolean {
    const at = this.made.lastIndexOf(owned);
    return at >= 0 && this.made.splice(at, 1).length > 0;
  }
}

/** Outside of any `tidy`: what a turn leaves over is the garbage collector's business. */
class Turn extends Scope {
  override add(owned: Owned): void {
    if (this.made.length === 0) queueMicrotask(() => this.#end());
    super.add(owned);
  }

  // The collector can report nothing before the turn is over. To register a tensor costs as much as
  // a small addition, so it is done then, and only for those that are still there.
  #end(): void {
    const { made } = this;
    this.made = [];
    for (const owned of made) if (!owned.disposed) watch(owned);
  }
}

const turn = new Turn(null);
let scope: Scope = turn;

/** What the collector is told of a tensor: the handle to give back, 0 once that was done. */
interface Estate {
  handle: Handle;
}

const registry = new FinalizationRegistry<Estate>(({ handle }) => {
  if (handle !== 0) native.free(handle);
});

/** Has the collector give a tensor's handle back. */
let watch: (owned: Owned) => void;

/** The engine's handle on a tensor, for the length of one call of `op`; anything else is refused. Not exported from the package. */
export let handleOf: (tensor: unknown, op: string) => Handle;
/** Whether a value owns a handle. Not exported from the package. */
export let isOwned: (value: unknown) => value is Owned;

/** Something that owns a handle of the engine. Every tensor is one. */
export abstract class Owned {
  #handle: Handle;
  // Emptied by dispose(). To take the tensor out of the registry instead would cost more.
  #estate: Estate | undefined;

  static {
    watch = (owned) => {
      const estate = { handle: owned.#handle };
      owned.#estate = estate;
      registry.register(owned, estate);
    };
    isOwned = (value): value is Owned => typeof value === "object" && value !== null && #handle in value;
    handleOf = (tensor, op) => {
      if (!isOwned(tensor)) throw notATensor(tensor, op);
      const handle = tensor.#handle;
      if (handle === 0) throw disposed(op);
      return handle;
    };
  }

  /** Takes a handle over. */
  protected constructor(key: symbol, handle: Handle) {
    onlyOurs(key, "Tensor", "tensor, zeros, randn and their like make one");
    this.#handle = handle;
    scope.add(this);
  }

  /** Whether it was given back. */
  get disposed(): boolean {
    return this.#handle === 0;
  }

  /**
   * Gives the handle back now. What else shows the same memory (views, other tensors, the tape)
   * stays valid. A second call does nothing.
   */
  dispose(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    if (this.#estate !== undefined) this.#estate.handle = 0;
    native.free(handle);
  }

  /** `using t = …` disposes `t` at the end of its block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function disposed(op: string): StrataError {
  const message = `${op}: a tensor was disposed already, by dispose(), using or tidy(); keep() it, or return it from tidy`;
  return new StrataError("disposed", message, op);
}

function notATensor(value: unknown, op: string): StrataError {
  return new StrataError("argument", `${op} takes a Tensor, got ${kindOf(value)}; make one with tensor(…)`, op);
}

/** Every owned thing in a value: in arrays, records, maps, sets, modules, however deep. */
function ownedIn(value: unknown): Set<Owned> {
  const found = new Set<Owned>();
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null || ArrayBuffer.isView(next) || seen.has(next)) continue;
    seen.add(next);
    if (isRevoked(next)) continue;
    if (isOwned(next)) found.add(next);
    else if (next instanceof Map) for (const [key, held] of next) waiting.push(key, held);
    else if (next instanceof Set) for (const held of next) waiting.push(held);
    else for (const held of Object.values(next)) waiting.push(held);
  }
  return found;
}

/** Nothing for a value, `never` for a promise of one: so that functions to be called at once cannot be async. */
export type Sync<T> = [T] extends [never] ? unknown : T extends PromiseLike<unknown> ? never : unknown;

/**
 * Runs `fn` and disposes every tensor that it made, except those in what it returns: a tensor, or
 * an array, record, `Map`, `Set` or module that holds some, however deep.
 *
 * In a loop that never awaits, finalizers cannot run; `tidy` keeps memory flat there.
 *
 * ```ts
 * const norm = tidy(() => x.square().sum().sqrt());
 * ```
 *
 * @throws {@link StrataError} `"argument"` if `fn` is async: others' tensors would be made meanwhile.
 */
export function tidy<T>(fn: (() => T) & Sync<T>): T {
  refuseAsync(fn, "tidy");
  const outer = scope;
  const mine = new Scope(outer);
  scope = mine;
  let survivors = new Set<Owned>();
  try {
    const result = fn();
    refusePromise(result, "tidy");
    survivors = ownedIn(result);
    return result;
  } finally {
    scope = outer;
    for (const owned of mine.made) {
      if (!survivors.has(owned)) owned.dispose();
      else if (!owned.disposed) outer.add(owned);
    }
  }
}

/**
 * Exempts a tensor from every {@link tidy} around this call: it lives until it is disposed or
 * nobody holds it.
 *
 * @returns The same tensor.
 */
export function keep<T extends Owned>(tensor: T): T {
  handleOf(tensor, "keep");
  for (let at: Scope | null = scope; at !== null && at !== turn; at = at.outer) {
    if (at.remove(tensor)) turn.add(tensor);
  }
  return tensor;
}

/** What is alive on the engine's side. */
export const memory = {
  /** Tensors that were made and not given back yet. */
  liveTensors(): number {
    return native.liveHandles();
  },
  /** Bytes in use on every device that was opened: by tensors, tapes and models; shared ones count once. */
  liveBytes(): number {
    return native.liveBytes();
  },
};

/** Refuses an async function or a generator before it runs: it would outlive the call. */
export function refuseAsync(fn: (...args: never[]) => unknown, op: string): void {
  if (typeof fn !== "function") {
    throw new StrataError("argument", `${op} takes a function, got a value of type ${typeof fn}`, op);
  }
  if (!isFunction(fn)) {
    throw new StrataError("argument", `${op} takes a function to call, got a class, or a proxy that was revoked`, op);
  }
  const kind = Object.prototype.toString.call(fn);
  if (kind !== "[object Function]") {
    const message = `${op} takes a function that returns when it is done, not an async function or a generator: await first, then call ${op} on the part between two awaits`;
    throw new StrataError("argument", message, op);
  }
}

/** Refuses a promise as a result, for plain functions that return one. */
export function refusePromise(result: unknown, op: string): void {
  if (!isThenable(result)) return;
  // What it waits for is about to be disposed; its failure is this error's consequence.
  Promise.resolve(result).catch(() => {});
  throw new StrataError("argument", `${op}: the function returned a promise; await it outside of ${op}`, op);
}
