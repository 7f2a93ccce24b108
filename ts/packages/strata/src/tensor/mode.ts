import { StrataError } from "../error.js";
import { native } from "../load.js";
import { refuseAsync, refusePromise } from "../memory.js";
import type { Sync } from "../memory.js";

/**
 * Runs `fn` without a tape: what it computes wants no gradient and remembers nothing.
 *
 * @throws {@link StrataError} `"argument"` if `fn` is async: it would go on after the call.
 */
export function noGrad<T>(fn: (() => T) & Sync<T>): T {
  refuseAsync(fn, "noGrad");
  let outcome: { result: T } | { error: unknown } | undefined;
  native.noGrad(() => {
    try {
      const result = fn();
      refusePromise(result, "noGrad");
      outcome = { result };
    } catch (error) {
      outcome = { error };
    }
  });
  if (outcome === undefined)
    throw new StrataError("internal", "noGrad: the engine did not call the function", "noGrad");
  if ("error" in outcome) throw outcome.error;
  return outcome.result;
}

/** Whether what is computed now goes on a tape: false inside {@link noGrad}. */
export function isGradEnabled(): boolean {
  return native.gradEnabled();
}
