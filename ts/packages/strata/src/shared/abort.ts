import { StrataError } from "../error.js";

/** The error of work that a signal stopped; its cause is the signal's reason. */
export function aborted(op: string, signal: AbortSignal, after = ""): StrataError {
  const message = `${op}: aborted${after === "" ? "" : ` ${after}`}`;
  return new StrataError("aborted", message, op, { cause: signal.reason });
}

/** Throws if the signal has fired. */
export function throwIfAborted(op: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(op, signal);
}

/**
 * The promise's outcome, or "aborted" as soon as the signal fires. What was begun in Rust goes on to
 * its end, and its result is dropped.
 */
export async function abortable<T>(
  op: string,
  signal: AbortSignal | undefined,
  start: () => Promise<T>,
): Promise<T> {
  throwIfAborted(op, signal);
  if (signal === undefined) return start();
  let stop: (() => void) | undefined;
  const fired = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(op, signal));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([start(), fired]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}
