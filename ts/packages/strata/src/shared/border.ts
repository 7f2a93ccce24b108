/*
 * The border between a reader's code and the package's. What is given to a function is checked by the
 * function, in its first lines, with the checks of `options.ts`. Two things no function can see to by
 * itself, and they are seen to here: that `this` is what the method belongs to, and that an object of
 * the package was made by the package.
 *
 * What code of the reader's throws on the way (a getter, an iterator, a function to be called) is the
 * reader's own, and passes through as it is, unless a function says that it ends as `"callback"`.
 */
import { StrataError } from "../error.js";

/** A class, whatever its constructor takes. */
interface Made {
  readonly name: string;
  readonly prototype: object;
}

type Member = (this: unknown, ...args: unknown[]) => unknown;

/** Prototypes that were seen to. */
const guarded = new WeakSet<object>([Object.prototype]);

function isMember(value: unknown): value is Member {
  return typeof value === "function";
}

/** Whether a function answers with a promise: then so does its refusal. */
function isAsync(member: Member): boolean {
  return Object.prototype.toString.call(member) === "[object AsyncFunction]";
}

function nameOf(key: PropertyKey): string {
  if (typeof key !== "symbol") return String(key);
  return `[${key.description ?? ""}]`;
}

function guard(member: Member, key: PropertyKey, owner: string, isOne: (value: unknown) => boolean): Member {
  const op = nameOf(key);
  const refusal = (): StrataError => {
    const message = `${op}: \`this\` is no ${owner}; call ${op} on one, or bind it`;
    return new StrataError("argument", message, op);
  };
  const later = isAsync(member);
  const wrapped: Member = function (this: unknown, ...args: unknown[]): unknown {
    if (isOne(this)) return Reflect.apply(member, this, args);
    const error = refusal();
    if (later) return Promise.reject(error);
    throw error;
  };
  Object.defineProperty(wrapped, "name", { value: member.name, configurable: true });
  Object.defineProperty(wrapped, "length", { value: member.length, configurable: true });
  return wrapped;
}

/**
 * Has every method, getter and setter of a class, and of those that it extends, refuse a `this` that
 * is none of its instances. `isOne` must know that from a private field: an object that merely has the
 * prototype is none.
 */
export function receivers(made: Made, isOne: (value: unknown) => boolean): void {
  for (let at: object | null = made.prototype; at !== null && !guarded.has(at); ) {
    guarded.add(at);
    for (const key of Reflect.ownKeys(at)) {
      const found = Reflect.getOwnPropertyDescriptor(at, key);
      if (key === "constructor" || found === undefined) continue;
      const { get, set, value } = found;
      if (isMember(value)) Object.defineProperty(at, key, { ...found, value: guard(value, key, made.name, isOne) });
      else if (isMember(get) || isMember(set)) {
        const { configurable, enumerable } = found;
        Object.defineProperty(at, key, {
          configurable: configurable ?? true,
          enumerable: enumerable ?? false,
          ...(isMember(get) ? { get: guard(get, key, made.name, isOne) } : {}),
          ...(isMember(set) ? { set: guard(set, key, made.name, isOne) } : {}),
        });
      }
    }
    const above: object | null = Reflect.getPrototypeOf(at);
    at = above;
  }
}

/** What the package gives a constructor that only it may call. It is exported nowhere. */
export const OURS: unique symbol = Symbol("made by strata-ml");

/** Refuses `new` to everybody but the package; `how` says how one comes by such an object. */
export function onlyOurs(key: unknown, name: string, how: string): void {
  if (key !== OURS) throw new StrataError("argument", `${name} has no constructor of its own: ${how}`, name);
}
