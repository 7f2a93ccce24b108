import { native } from "../load.js";
import { StrataError } from "../error.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import { oneOf, optionsOf, positive, real, whole } from "../shared/options.js";
import { isRevoked, kindOf } from "../shared/show.js";

/** The names of the schedules. */
export const SCHEDULES = ["constant", "cosine", "wsd"] as const;
Object.freeze(SCHEDULES);

/** One of {@link SCHEDULES}. */
export type ScheduleName = (typeof SCHEDULES)[number];

/** The parts of a schedule; what is left out takes customary proportions of the run. */
export interface ScheduleOptions {
  /** Steps of warm-up: step `s < warmup` takes `peak · (s + 1) / warmup`. Default a twentieth of the run, at most 500. */
  readonly warmup?: number | undefined;
  /** Lowest learning rate, reached at the run's end. Default a tenth of the peak; for `wsd` 0. */
  readonly floor?: number | undefined;
  /** For `wsd`: steps of decay at the end. Default a fifth of the run. */
  readonly decay?: number | undefined;
}

/** Something with a learning rate: an optimizer. */
export interface HasLr {
  /** Learning rate of the next step. */
  lr: number;
}

/** Whether a value is a {@link Schedule}. Not exported from the package. */
export let isSchedule: (value: unknown) => value is Schedule;

/**
 * How the learning rate moves over a run: a pure function of the step, so that resuming needs no
 * state.
 *
 * ```ts
 * const schedule = Schedule.cosine(1e-3);
 * for (let step = 0; step < 100; step++) { schedule.apply(optimizer, step, 100); … }
 * ```
 */
export class Schedule {
  /** `constant`, `cosine` or `wsd`. */
  readonly name: ScheduleName;
  /** Highest learning rate. */
  readonly peak: number;
  readonly #json: string;

  static {
    isSchedule = (value): value is Schedule => typeof value === "object" && value !== null && #json in value;
  }

  private constructor(key: symbol, name: ScheduleName, peak: number, options?: ScheduleOptions) {
    const op = "Schedule";
    onlyOurs(key, op, "use Schedule.cosine and its like");
    this.name = oneOf(op, "name", name, SCHEDULES);
    this.peak = positive(op, "peak", peak);
    const { warmup, floor, decay } = optionsOf(op, options);
    this.#json = JSON.stringify({
      name,
      peak,
      ...(warmup === undefined ? {} : { warmup: whole(op, "warmup", warmup, 0) }),
      ...(floor === undefined ? {} : { floor: real(op, "floor", floor, 0, peak) }),
      ...(decay === undefined ? {} : { decay: whole(op, "decay", decay, 0) }),
    });
  }

  /** Warm-up, then `peak` for ever. */
  static constant(peak: number, options?: Pick<ScheduleOptions, "warmup">): Schedule {
    return new Schedule(OURS, "constant", peak, options);
  }

  /** Warm-up, then half a cosine down to `floor` (Loshchilov and Hutter, 2017). */
  static cosine(peak: number, options?: Pick<ScheduleOptions, "warmup" | "floor">): Schedule {
    return new Schedule(OURS, "cosine", peak, options);
  }

  /** Warm-up, stable, decay: `peak` until `decay` steps before the end, then a line down to `floor`. */
  static wsd(peak: number, options?: ScheduleOptions): Schedule {
    return new Schedule(OURS, "wsd", peak, options);
  }

  /** By name, with customary proportions. */
  static named(name: ScheduleName, peak: number): Schedule {
    return new Schedule(OURS, name, peak);
  }

  /**
   * The learning rate of step `step` (from 0) of a run of `total` steps; after the run, what its end
   * had reached.
   *
   * @throws {@link StrataError} `"value"` if warm-up and decay are longer than the run.
   */
  lr(step: number, total: number): number {
    const op = "Schedule.lr";
    return native.scheduleLr(this.#json, whole(op, "step", step, 0), whole(op, "total", total, 0));
  }

  /** Gives the optimizer the learning rate of step `step` of `total`, and returns it. */
  apply(optimizer: HasLr, step: number, total: number): number {
    const lr = this.lr(step, total);
    const given: unknown = optimizer;
    if (typeof given !== "object" || given === null || isRevoked(given) || !("lr" in given)) {
      throw new StrataError("argument", `Schedule.apply takes an optimizer, got ${kindOf(given)}`, "Schedule.apply");
    }
    optimizer.lr = lr;
    return lr;
  }
}

receivers(Schedule, isSchedule);
