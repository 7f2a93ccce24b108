import { StrataError } from "../error.js";
import { isArena } from "../gpt/arena.js";
import type { GptArena } from "../gpt/arena.js";
import { handleOf } from "../memory.js";
import { isModule } from "../nn/known.js";
import type { AnyModule } from "../nn/module.js";
import { onlyOurs, receivers } from "../shared/border.js";
import { each, isIterable } from "../shared/iterate.js";
import { callable, positive, real, whole } from "../shared/options.js";
import { isArray, kindOf } from "../shared/show.js";
import { refusePromise } from "../memory.js";
import { wrap } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { ArenaEngine, ListEngine } from "./engine.js";
import type { Engine, Rule } from "./engine.js";
import { inspect } from "./inspect.js";
import type { ParameterReport } from "./inspect.js";
import { loadOptimizer, optimizerState } from "./state.js";
import type { OptimizerState } from "./state.js";

/** What an optimizer moves: a module's parameters, or a list of them, in which each stands once. */
export type Parameters = AnyModule | Iterable<Tensor>;

/** How any optimizer is made. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr?: number | undefined;
  /** Weight decay of the parameters that `decay` names. */
  readonly weightDecay?: number | undefined;
  /** The largest norm that the whole gradient may have; a longer one is scaled down to it. */
  readonly clip?: number | null | undefined;
  /** Which parameters decay. Default those of rank 2 and more: matrices, not biases and gains. */
  readonly decay?: ((parameter: Tensor) => boolean) | undefined;
}

/** A model whose parameters lie in one arena. */
function arenaOf(parameters: Parameters): GptArena | null {
  if (!isModule(parameters) || !("arena" in parameters)) return null;
  return isArena(parameters.arena) ? parameters.arena : null;
}

let isOptimizer: (value: unknown) => value is Optimizer;

/**
 * What the optimizers share. Parameters that want no gradient are left alone, and may be thawed later.
 */
export abstract class Optimizer {
  /** The parameters. */
  readonly parameters: readonly Tensor[];
  /** Their names; for a list, their places in it. */
  readonly names: readonly string[];
  readonly #rule: Rule;
  readonly #engine: Engine;
  #lr: number;
  #lastLr = 0;

  static {
    isOptimizer = (value): value is Optimizer => typeof value === "object" && value !== null && #engine in value;
  }

  /** `op` is the class's name, for messages. */
  protected constructor(key: symbol, op: string, parameters: Parameters, lr: unknown, rule: Rule, options: OptimizerOptions) {
    onlyOurs(key, "Optimizer", "use AdamW or SGD, or an object with lr, zeroGrad and step");
    this.#lr = real(op, "lr", lr, 0, Number.MAX_VALUE);
    const decides = callable(op, "decay", options.decay) ?? ((tensor: Tensor) => tensor.rank >= 2);
    const named =
      isModule(parameters)
        ? parameters.namedParameters()
        : tensorsOf(op, parameters).map((tensor, i): [string, Tensor] => [String(i), tensor]);
    if (named.length === 0) throw new StrataError("argument", `${op}: there are no parameters`, op);
    this.names = named.map(([name]) => name);
    this.parameters = named.map(([, tensor]) => tensor);
    this.#rule = rule;
    const arena = options.decay === undefined ? arenaOf(parameters) : null;
    const decay = this.parameters.map((tensor) => {
      const answer = decides(tensor);
      refusePromise(answer, op);
      return Boolean(answer);
    });
    this.#engine = arena === null ? new ListEngine(rule, this.parameters, decay) : new ArenaEngine(rule, arena, this.names);
  }

  /** Learning rate of the next step; a {@link Schedule} sets it. */
  get lr(): number {
    return this.#lr;
  }

  set lr(lr: number) {
    this.#lr = real("optimizer", "lr", lr, 0, Number.MAX_VALUE);
  }

  /** Moves every parameter that has a gradient; the gradients stay as they are. */
  step(): void {
    this.#engine.now().step(this.#lr);
    this.#lastLr = this.#lr;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    this.#engine.zeroGrad();
  }

  /** Norm of the whole gradient in the last step, before clipping; 0 before the first. */
  get norm(): number {
    return this.#engine.now().norm();
  }

  /** Steps done. */
  get steps(): number {
    return this.#engine.now().steps();
  }

  set steps(steps: number) {
    this.#engine.now().setSteps(whole("optimizer", "steps", steps, 0, 0xffffffff));
  }

  /** What is remembered of a parameter, by name: tensors over the optimizer's own memory. */
  protected stateOf(parameter: Tensor): Record<string, Tensor> {
    const place = this.parameters.indexOf(parameter);
    if (place < 0) throw new StrataError("argument", "state: this optimizer has no such parameter", "state");
    const handles = this.#engine.state(place);
    const pairs = handles.map((handle, i) => [this.#rule.state[i] ?? "", wrap(handle, parameter.device)] as const);
    return Object.fromEntries(pairs);
  }

  /** What the last step, of this learning rate, took from a parameter: a tensor of its shape. */
  protected abstract update(parameter: Tensor, lr: number, decays: boolean): Tensor;

  /**
   * How large weights, gradients, the last updates and what is remembered are, parameter by parameter.
   * Ask after `step` and before `zeroGrad`.
   */
  inspect(): ParameterReport[] {
    return inspect(this, {
      state: (parameter) => this.stateOf(parameter),
      update: (parameter, i) => this.update(parameter, this.#lastLr, this.#engine.decays(i)),
    });
  }

  /** Everything a run needs to go on: step count, learning rate, state under `m.NAME`, `v.NAME`, … */
  stateDict(): OptimizerState {
    return optimizerState(this, (parameter) => this.stateOf(parameter));
  }

  /**
   * Takes over what {@link stateDict} gave.
   *
   * @throws {@link StrataError} `"value"` for a tensor that is missing or of no parameter; `"shape"`.
   */
  loadStateDict(state: OptimizerState): void {
    loadOptimizer(this, (parameter) => this.stateOf(parameter), state);
  }
}

/** Tensors that are given as a list or the like, each once. */
export function tensorsOf(op: string, parameters: Iterable<Tensor>): Tensor[] {
  if (typeof parameters !== "object" || !isIterable(parameters)) {
    throw new StrataError("argument", `${op} takes a module, or its parameters as a list, got ${kindOf(parameters)}`, op);
  }
  const places = new Map<Tensor, number>();
  for (const tensor of each<Tensor>(op, "parameters", parameters)) {
    handleOf(tensor, op);
    const first = places.get(tensor);
    if (first !== undefined) {
      // It would be moved twice a step, and its gradient be counted twice.
      const message = `${op}: parameter ${places.size} is parameter ${first} again; list each once`;
      throw new StrataError("argument", message, op);
    }
    places.set(tensor, places.size);
  }
  return [...places.keys()];
}

/** Two numbers, as `betas` has them. */
export function betasOf(op: string, betas: unknown): [unknown, unknown] {
  if (isArray(betas) && betas.length === 2) return [betas[0], betas[1]];
  throw new StrataError("argument", `${op}: betas must be a list of two numbers, got ${kindOf(betas)}`, op);
}

/** Whether a value is an instance of a class of optimizers, made by its constructor. */
export function optimizers(made: { readonly prototype: object }): (value: unknown) => boolean {
  return (value) => isOptimizer(value) && Object.prototype.isPrototypeOf.call(made.prototype, value);
}

receivers(Optimizer, isOptimizer);

/** The options that all rules share, as the engine takes them. */
export function shared(op: string, options: OptimizerOptions, usualDecay: number): { weight_decay: number; clip: number | null } {
  const { clip = null, weightDecay = usualDecay } = options;
  return {
    weight_decay: real(op, "weightDecay", weightDecay, 0, Number.MAX_VALUE),
    clip: clip === null ? null : positive(op, "clip", clip),
  };
}
