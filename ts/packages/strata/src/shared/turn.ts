import { setImmediate } from "node:timers";

/**
 * Gives the event loop one turn: timers fire, sockets are read, finalizers run. A resolved promise
 * would not do, its callbacks come before all of those.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
