/*
 * Values as messages name them. Whatever was given, nothing here runs code of the caller's: no
 * toString, no getter, no trap of a proxy.
 */

/** The most characters of a text that a message repeats. */
const LONG = 60;

/** Whether a value is a proxy that was revoked: whatever is asked of it throws. */
export function isRevoked(value: unknown): boolean {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

/** Whether a value is an array. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Whether a value is an instance of a class of the language or the runtime. */
export function isA<T>(value: unknown, made: new (...args: never[]) => T): value is T {
  return !isRevoked(value) && value instanceof made;
}

function short(text: string): string {
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}

/** A value, short: `"bpe"`, `1.5`, `null`, `an array`, `an object`. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(short(value));
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return value > -(2n ** 64n) && value < 2n ** 64n ? `${value}n` : "a large bigint";
    case "symbol":
      return short(String(value));
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return isArray(value) ? "an array" : "an object";
    default:
      return String(value);
  }
}

/** Whether a value is a function that can be called, which a class cannot. */
export function isFunction(value: unknown): value is (...args: never[]) => unknown {
  if (typeof value !== "function" || isRevoked(value)) return false;
  // The prototype of a class cannot be replaced, that of a function can, and an arrow has none.
  return Reflect.getOwnPropertyDescriptor(value, "prototype")?.writable !== false;
}

/** What kind of thing a value is, for messages that say what was wanted: `null`, `an array`, `a value of type number`. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

/** The same in a word, where the message says what was wanted: `null`, `number`. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return isArray(value) ? "an array" : typeof value;
}

/** What was thrown, in words: an error's message, or the value itself. */
export function saying(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  try {
    if (thrown instanceof Error) return String(thrown.message);
  } catch {
    // An error whose message cannot be asked for is an object like any other.
  }
  return show(thrown);
}
