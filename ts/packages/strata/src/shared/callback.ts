import { StrataError } from "../error.js";
import { saying } from "./show.js";
import { isThenable } from "./thenable.js";
import { turn } from "./turn.js";

/** The error of work that a callback broke off; its cause is what the callback threw. */
export function callbackError(op: string, name: string, cause: unknown): StrataError {
  return new StrataError("callback", `${op}: ${name} threw: ${saying(cause)}`, op, { cause });
}

/**
 * A reader's progress function as Rust may call it: nothing is ever thrown there. What the reader's
 * function throws ends {@link Listener.during} as "callback".
 */
export class Listener<Event> {
  readonly #op: string;
  readonly #name: string;
  readonly #callback: ((event: Event) => void) | undefined;
  readonly #failed: Promise<never>;
  #fail: (error: StrataError) => void = () => {};
  #failure: StrataError | null = null;
  #over = false;

  /** `name` is the option's, for the message. */
  constructor(op: string, name: string, callback: ((event: Event) => void) | undefined) {
    this.#op = op;
    this.#name = name;
    this.#callback = callback;
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Whoever waits hears of it; when nobody does it is no news either.
    this.#failed.catch(() => {});
  }

  /** Passes an event on; none after a failure or after the end. */
  tell(event: Event): void {
    if (this.#callback === undefined || this.#failure !== null || this.#over) return;
    try {
      const answer: unknown = this.#callback(event);
      // Nobody else would hear of its rejection, and the runtime ends the process over one of those.
      if (isThenable(answer)) Promise.resolve(answer).catch((cause: unknown) => this.#broke(cause));
    } catch (cause) {
      this.#broke(cause);
    }
  }

  #broke(cause: unknown): void {
    this.#failure ??= callbackError(this.#op, this.#name, cause);
    this.#fail(this.#failure);
  }

  /** The outcome of `work`, or what the reader's function threw, as soon as it did. */
  async during<T>(work: Promise<T>): Promise<T> {
    try {
      const outcome = await Promise.race([work, this.#failed]);
      // Events that were sent before the end may still be on their way.
      if (this.#callback !== undefined) await turn();
      if (this.#failure !== null) throw this.#failure;
      return outcome;
    } finally {
      this.#over = true;
    }
  }
}
