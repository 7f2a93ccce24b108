import type { Batched, Pair } from "../data/tensors.js";
import { StrataError } from "../error.js";
import { handleOf, refusePromise, tidy } from "../memory.js";
import { isSchedule } from "../optim/schedule.js";
import type { Schedule } from "../optim/schedule.js";
import { checkSeed } from "../random.js";
import { throwIfAborted } from "../shared/abort.js";
import { callbackError } from "../shared/callback.js";
import { each, eachLater, isIterable } from "../shared/iterate.js";
import { callable, flag, optionsOf, signalOf, whole } from "../shared/options.js";
import { isArray, isFunction, isRevoked, kindOf } from "../shared/show.js";
import { turn } from "../shared/turn.js";
import { isTensor } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { forward } from "./known.js";
import type { AnyModule, Module } from "./module.js";

/** Pairs of input and target, one after the other; they may take their time. */
export type Pairs<In> = Iterable<Pair<In>> | AsyncIterable<Pair<In>>;

/**
 * What a module is fitted to: a `TensorDataset`; pairs, for one epoch, or for more if they can be gone
 * through again, as an array can; or a function that starts them anew for each epoch.
 */
export type FitData<In> = Batched<In> | Pairs<In> | ((epoch: number) => Pairs<In>);

/** What fit needs of an optimizer. */
export interface Steps {
  /** Learning rate of the next step. */
  lr: number;
  /** Forgets the gradients. */
  zeroGrad(): void;
  /** Moves the parameters. */
  step(): void;
}

/** Where a run stands after a step. */
export interface FitStep {
  /** Steps done. */
  readonly step: number;
  /** The epoch it belongs to, from 0. */
  readonly epoch: number;
  /** The loss before the step. */
  readonly loss: number;
  /** The learning rate of the step. */
  readonly lr: number;
}

/** What a callback may return: `false` ends the run early. */
export type GoOn = void | boolean | Promise<void | boolean>;

/** Who hears of a run. Each is awaited before the run goes on. */
export interface FitCallbacks {
  /** After every step. */
  readonly onStep?: ((at: FitStep) => GoOn) | undefined;
  /** After every epoch; `loss` is the mean over its steps. */
  readonly onEpoch?: ((at: FitStep) => GoOn) | undefined;
}

/** How a module is fitted. */
export interface FitOptions<Out> {
  /** The loss of an output, a single number: `functional.crossEntropy`, `functional.mseLoss`. */
  readonly loss: (output: Out, target: Tensor) => Tensor;
  /** Made with the module's parameters. */
  readonly optimizer: Steps;
  /** How often all data is gone through. Default 1, if there are no `steps`. */
  readonly epochs?: number | undefined;
  /** Or how many steps. */
  readonly steps?: number | undefined;
  /** Rows in a batch, for a `TensorDataset`. Default 32. */
  readonly batchSize?: number | undefined;
  /** Draw its rows in another order in every epoch. Default true. */
  readonly shuffle?: boolean | undefined;
  /** Seed of that order. Default 0. */
  readonly seed?: number | undefined;
  /** Sets the optimizer's learning rate before every step. */
  readonly schedule?: Schedule | undefined;
  /** Who hears of the run. */
  readonly callbacks?: FitCallbacks | undefined;
  /** Stops the run after the step in progress. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run was like. */
export interface FitHistory {
  /** The loss before each step. */
  readonly loss: number[];
  /** Steps done. */
  readonly steps: number;
  /** Wall-clock seconds. */
  readonly seconds: number;
  /** Whether a callback ended it early. */
  readonly stopped: boolean;
}

const OP = "fit";
const running = new WeakSet<AnyModule>();

/** Trains a module; see {@link Module.fit}. */
export async function fit<In, Out>(
  module: Module<In, Out>,
  data: FitData<In>,
  options: FitOptions<Out>,
): Promise<FitHistory> {
  const given = optionsOf(OP, options);
  const run = new Run(module, data, given);
  throwIfAborted(OP, run.signal);
  if (running.has(module)) {
    throw new StrataError("busy", `${OP}: this module is being fitted already; await that first`, OP);
  }
  running.add(module);
  const modes = module.namedModules().map(([, inner]) => [inner, inner.training] as const);
  module.train();
  try {
    return await run.go();
  } finally {
    for (const [inner, training] of modes) inner.training = training;
    running.delete(module);
  }
}

function argument(message: string): StrataError {
  return new StrataError("argument", `${OP}: ${message}`, OP);
}

/** One run of one module. */
class Run<In, Out> {
  readonly #module: Module<In, Out>;
  readonly #data: FitData<In>;
  readonly #lossOf: FitOptions<Out>["loss"];
  readonly #optimizer: Steps;
  readonly #schedule: Schedule | undefined;
  readonly #callbacks: FitCallbacks;
  /** Stops it. */
  readonly signal: AbortSignal | undefined;
  readonly #epochs: number;
  readonly #steps: number;
  readonly #batches: { readonly batchSize: number; readonly shuffle: boolean; readonly seed: number };
  readonly #loss: number[] = [];

  constructor(module: Module<In, Out>, data: FitData<In>, options: Partial<FitOptions<Out>>) {
    const { batchSize = 32, callbacks, epochs, loss, optimizer, schedule, seed = 0, shuffle, signal, steps } = options;
    if (!isFunction(loss)) throw argument("loss is a function of output and target");
    if (!isSteps(optimizer)) throw argument("optimizer is an SGD, an AdamW or its like");
    const { onEpoch, onStep } = optionsOf(OP, callbacks, "callbacks");
    this.#callbacks = { onEpoch: callable(OP, "onEpoch", onEpoch), onStep: callable(OP, "onStep", onStep) };
    this.#lossOf = loss;
    this.#optimizer = optimizer;
    if (schedule !== undefined && !isSchedule(schedule)) throw argument("schedule is a Schedule");
    this.#schedule = schedule;
    this.signal = signalOf(OP, "signal", signal);
    if (epochs !== undefined && steps !== undefined) throw argument("give epochs or steps, not both");
    this.#steps = steps === undefined ? Infinity : whole(OP, "steps", steps);
    this.#epochs = steps === undefined ? whole(OP, "epochs", epochs ?? 1) : Infinity;
    this.#batches = {
      batchSize: whole(OP, "batchSize", batchSize),
      seed: checkSeed(seed, OP),
      shuffle: flag(OP, "shuffle", shuffle, true),
    };
    if (!isData(data)) throw argument("data is a TensorDataset, pairs of tensors, or a function that gives such pairs");
    this.#module = module;
    this.#data = data;
  }

  async go(): Promise<FitHistory> {
    const start = performance.now();
    const [callbacks, optimizer, schedule, signal] = [this.#callbacks, this.#optimizer, this.#schedule, this.signal];
    const total = schedule === undefined ? 0 : this.#total();
    let goOn = true;
    for (let epoch = 0; goOn && epoch < this.#epochs && this.#loss.length < this.#steps; epoch++) {
      const first = this.#loss.length;
      for await (const pair of this.#pairs(epoch)) {
        const lr = schedule?.apply(optimizer, this.#loss.length, total) ?? optimizer.lr;
        const loss = this.#update(pair);
        this.#loss.push(loss);
        const step = this.#loss.length;
        goOn = await tell("onStep", callbacks.onStep, { step, epoch, loss, lr });
        await turn();
        throwIfAborted(OP, signal);
        if (!goOn || step >= this.#steps) break;
      }
      const done = this.#loss.slice(first);
      if (done.length === 0) throw this.#nothing(epoch);
      const loss = done.reduce((sum, x) => sum + x, 0) / done.length;
      const at = { step: this.#loss.length, epoch, loss, lr: optimizer.lr };
      goOn = (await tell("onEpoch", callbacks.onEpoch, at)) && goOn;
      throwIfAborted(OP, signal);
    }
    const seconds = (performance.now() - start) / 1e3;
    return { loss: this.#loss, steps: this.#loss.length, seconds, stopped: !goOn };
  }

  /** One step. What the passes made is gone afterwards; what the optimizer makes is its own affair. */
  #update(pair: Pair<In>): number {
    const [lossOf, optimizer] = [this.#lossOf, this.#optimizer];
    const [input, target] = pairOf(pair);
    refusePromise(optimizer.zeroGrad(), "fit");
    const value = tidy(() => {
      const output = forward(OP, this.#module, input);
      refusePromise(output, OP);
      const loss = lossOf(output, target);
      refusePromise(loss, OP);
      handleOf(loss, "fit: loss");
      const value = loss.item();
      if (!Number.isFinite(value)) throw this.#nonFinite(value);
      loss.backward();
      return value;
    });
    refusePromise(optimizer.step(), OP);
    return value;
  }

  #nonFinite(loss: number): StrataError {
    const step = this.#loss.length + 1;
    const help = "the parameters are those before it; try a smaller learning rate";
    return new StrataError("non-finite", `${OP}: the loss of step ${step} is ${loss}; ${help}`, OP);
  }

  async *#pairs(epoch: number): AsyncGenerator<Pair<In>, void, undefined> {
    const data = this.#data;
    if (typeof data === "function") return yield* eachLater<Pair<In>>(OP, "what data(epoch) answers with", data(epoch));
    if (!("batches" in data)) return yield* eachLater<Pair<In>>(OP, "data", data);
    const { seed } = this.#batches;
    const options = { ...this.#batches, seed: (seed + epoch) % Number.MAX_SAFE_INTEGER };
    for (const pair of each<Pair<In>>(OP, "data.batches()", data.batches(options))) {
      try {
        yield pair;
      } finally {
        for (const part of pairOf(pair)) if (isTensor(part)) part.dispose();
      }
    }
  }

  /** How many steps the run will take, which a schedule must know. */
  #total(): number {
    if (this.#steps !== Infinity) return this.#steps;
    const data = this.#data;
    if (typeof data === "object" && "batches" in data) {
      return this.#epochs * Math.ceil(whole(OP, "data.length", data.length, 0) / this.#batches.batchSize);
    }
    throw argument("a schedule must know how long the run is: give steps");
  }

  #nothing(epoch: number): StrataError {
    const again = "pairs that can be gone through only once serve one epoch; pass a function that starts them anew";
    const message = epoch === 0 ? "there are no pairs in the data" : `there are no pairs left for epoch ${epoch}: ${again}`;
    return new StrataError("data", `${OP}: ${message}`, OP);
  }
}

/** An input and its target, each of them there. */
function pairOf<In>(pair: Pair<In>): Pair<In> {
  const given: unknown = pair;
  if (!isArray(given) || given.length < 2) throw argument(`data is made of pairs [input, target], got ${kindOf(given)}`);
  return pair;
}

function isSteps(optimizer: Partial<Steps> | undefined): optimizer is Steps {
  if (typeof optimizer !== "object" || optimizer === null || isRevoked(optimizer)) return false;
  return isFunction(optimizer.step) && isFunction(optimizer.zeroGrad);
}

function isData(data: unknown): boolean {
  if (typeof data === "function") return isFunction(data);
  if (typeof data !== "object" || data === null || isRevoked(data)) return false;
  if ("batches" in data) return isFunction(data.batches);
  return isIterable(data) || isIterable(data, Symbol.asyncIterator);
}

async function tell(name: string, callback: ((at: FitStep) => GoOn) | undefined, at: FitStep): Promise<boolean> {
  try {
    return (await callback?.(at)) !== false;
  } catch (cause) {
    throw callbackError(OP, name, cause);
  }
}
