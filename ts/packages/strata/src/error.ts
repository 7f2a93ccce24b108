import { isRevoked } from "./shared/show.js";
/** What an error is about. The message says the rest. */
export const ERROR_CODES = [
  /** Shapes that do not fit together, or not with the op. */
  "shape",
  /** A dtype that the op does not take. */
  "dtype",
  /** A device that is not there, or operands on two of them. */
  "device",
  /** A number out of its range. */
  "value",
  /** More elements than a tensor can hold. */
  "size",
  /** The device has no room. */
  "memory",
  /** A tensor that was given back already. */
  "disposed",
  /** A tape that is gone, or in the way. */
  "graph",
  /** An index outside a dimension. */
  "index",
  /** Memory that is not laid out as the call needs it. */
  "layout",
  /** A file that cannot be read or written. */
  "file",
  /** A folder that is not a checkpoint, or not one of this model. */
  "checkpoint",
  /** Text or tokens that cannot be used. */
  "data",
  /** A loss that became NaN or infinite. */
  "non-finite",
  /** A rung that is not there or cannot serve. */
  "rung",
  /** A folder of kernels that cannot be used. */
  "kernels",
  /** A kernel that does not compile. */
  "compile",
  /** The driver said no. */
  "driver",
  /** The device went away. */
  "device-lost",
  /** An `AbortSignal` said stop. */
  "aborted",
  /** A callback or hook threw; `cause` is what it threw. */
  "callback",
  /** The object is at work on something else. */
  "busy",
  /** An argument of the wrong kind. */
  "argument",
  /** The engine's binary is missing or does not load. */
  "addon",
  /** A mistake of ours. */
  "internal",
] as const;

Object.freeze(ERROR_CODES);

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What every function of this package throws, and every promise rejects with.
 *
 * `message` names the op and the shapes and says what to do; `code` is for programs. One thing is not
 * turned into it: what your own code throws while the package reads your getters and iterators, or calls
 * your functions. That passes through as it is, except where a function says that it ends as
 * `"callback"`, with what you threw as `cause`.
 */
export class StrataError extends Error {
  /** Always `"StrataError"`. */
  override readonly name = "StrataError";
  /** What it is about. */
  readonly code: ErrorCode;
  /** The op or function that failed, `"matmul"`. */
  readonly op: string;

  /**
   * @param code - What it is about.
   * @param message - A sentence for people.
   * @param op - The op or function that failed.
   * @param options - `cause`: what was thrown underneath.
   */
  constructor(code: ErrorCode, message: string, op: string, options?: { cause?: unknown }) {
    super(wordsOf(message), causeOf(options));
    this.code = codeOf(code);
    this.op = wordsOf(op);
  }
}

/** Options that can be looked into: a revoked proxy cannot, and an error about one must be made all the same. */
function causeOf(options: { cause?: unknown } | undefined): { cause?: unknown } | undefined {
  return typeof options === "object" && !isRevoked(options) ? options : undefined;
}

function wordsOf(given: unknown): string {
  return typeof given === "string" ? given : typeof given;
}

/** A code that is none would be a lie to whoever looks at it. */
function codeOf(given: unknown): ErrorCode {
  return ERROR_CODES.find((code) => code === given) ?? "internal";
}
