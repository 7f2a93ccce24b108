import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { handleOf } from "../memory.js";
import { receivers } from "../shared/border.js";
import { flag, optionsOf, text } from "../shared/options.js";
import { kindOf } from "../shared/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { fit } from "./fit.js";
import type { FitData, FitHistory, FitOptions } from "./fit.js";
import { isModule, knownBy } from "./known.js";
import { loadState, stateOf } from "./state.js";
import type { LoadReport } from "./state.js";
import { children, mark, modules, slots } from "./walk.js";

/** Any module, whatever it takes and gives. */
export type AnyModule = Module<never, unknown>;

/** Modules that are being written down: one may hold itself. */
const shown = new Set<AnyModule>();

/** The most modules inside each other that are written down. */
const DEEP = 100;

/**
 * A layer, or a model made of layers: something with parameters that makes an output of an input.
 *
 * Parameters are found by themselves: every property that is a leaf tensor with `requiresGrad`, a
 * module, or an array of those. Their names are the properties': `layers.0.weight`.
 *
 * ```ts
 * class Net extends nn.Module {
 *   first = new nn.Linear(2, 16);
 *   second = new nn.Linear(16, 1);
 *   forward(x: Tensor): Tensor {
 *     return this.second.forward(this.first.forward(x).tanh());
 *   }
 * }
 * ```
 */
export abstract class Module<In = Tensor, Out = Tensor> {
  /** Whether it is being trained: dropout drops only then. See {@link train} and {@link eval}. */
  training = true;
  readonly #module = true;

  static {
    knownBy((value) => typeof value === "object" && value !== null && #module in value && value.#module);
  }

  /** The output for an input. */
  abstract forward(input: In): Out;

  /**
   * What a path inside this module is called from outside: the same, unless a module says otherwise.
   */
  pathOf(path: string): string {
    return text("pathOf", "path", path);
  }

  /** Makes a leaf tensor a parameter: it wants a gradient, and stays one while it is frozen. */
  protected parameter(tensor: Tensor): Tensor {
    handleOf(tensor, "parameter");
    tensor.requiresGrad = true;
    return mark(tensor);
  }

  /** The parameters with their names, each once, in the order of the properties. */
  namedParameters(): [name: string, parameter: Tensor][] {
    const named = new Map<Tensor, string>();
    for (const { path, tensor, parameter } of slots(this)) {
      if (parameter && !named.has(tensor)) named.set(tensor, path);
    }
    return Array.from(named, ([tensor, path]) => [path, tensor]);
  }

  /** The parameters, each once. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** How many numbers the parameters hold. */
  get numParameters(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.numel, 0);
  }

  /** The modules right inside this one. */
  children(): AnyModule[] {
    return Array.from(children(this), ([, child]) => child);
  }

  /** This module under `""`, and all inside it with their paths. */
  namedModules(): [path: string, module: AnyModule][] {
    return [...modules(this)];
  }

  /** Puts this module and all inside it into training mode, or out of it. */
  train(mode = true): this {
    const training = flag("train", "mode", mode, true);
    for (const [, module] of modules(this)) module.training = training;
    return this;
  }

  /** Out of training mode: what it computes is for use. */
  eval(): this {
    return this.train(false);
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /** The parameters by name, without a past, over the same memory: save it with {@link saveTensors}. */
  stateDict(): Record<string, Tensor> {
    return stateOf(this);
  }

  /**
   * Copies values into the parameters. Nothing is copied unless everything fits.
   *
   * @param options - `strict` (true if left out): every name must be on both sides.
   * @returns The names that were only on one side.
   * @throws {@link StrataError} `"value"` for such names in strict mode; `"shape"`, `"dtype"` for a
   * tensor that does not fit its parameter.
   */
  loadStateDict(
    state: Readonly<Record<string, Tensor>>,
    options?: { strict?: boolean | undefined },
  ): LoadReport {
    const op = "loadStateDict";
    return loadState(this, state, flag(op, "strict", optionsOf(op, options).strict, true));
  }

  /** What {@link toString} shows in the parentheses after the class's name. */
  protected extra(): string {
    return "";
  }

  /** The tree of modules, a line each. */
  toString(): string {
    const { name } = this.constructor;
    if (shown.has(this) || shown.size >= DEEP) return `${name}(…)`;
    shown.add(this);
    try {
      const inner = Array.from(children(this), ([path, child]) => `(${path}): ${child.toString()}`);
      const lines = inner.map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`);
      return `${name}(${this.extra()}${lines.length > 0 ? `\n${lines.join("")}` : ""})`;
    } finally {
      shown.delete(this);
    }
  }

  /** How `console.log` shows it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /**
   * Moves the parameters, and constant tensors that are properties, to a device. They are new tensors
   * there: make optimizers afterwards.
   */
  async to(device: Device): Promise<this> {
    nativeDevice(device, "to");
    const found = [...slots(this)];
    const moved = new Map<Tensor, Tensor>();
    for (const { tensor, parameter } of found) {
      if (!moved.has(tensor)) moved.set(tensor, await moveTo(tensor, device, parameter));
    }
    // All at once: a device that runs full leaves the module as it was.
    for (const { owner, key, tensor } of found) Reflect.set(owner, key, moved.get(tensor));
    return this;
  }

  /**
   * Trains the module: draws batches, computes the loss, its gradients, and lets the optimizer step.
   * The event loop gets a turn after every step.
   *
   * @throws {@link StrataError} `"aborted"`, with the signal's reason as `cause`; `"callback"`;
   * `"non-finite"` for a loss that is no number, before the step; `"busy"` while another fit of this
   * module runs; `"data"` if there is none.
   */
  async fit(data: FitData<In>, options: FitOptions<Out>): Promise<FitHistory> {
    return await fit(this, data, options);
  }
}

/** Whether a value is an instance of a class of modules, made by its constructor. */
export function instances(made: { readonly prototype: object }): (value: unknown) => boolean {
  return (value) => isModule(value) && Object.prototype.isPrototypeOf.call(made.prototype, value);
}

/** A layer that the reader gave for a part of another, if it is one. */
export function given<M extends AnyModule>(
  op: string,
  name: string,
  layer: M | undefined,
  made: { readonly name: string; readonly prototype: object },
): M | undefined {
  if (layer === undefined || instances(made)(layer)) return layer;
  throw new StrataError("argument", `${op}: ${name} must be a ${made.name}, got ${kindOf(layer)}`, op);
}

receivers(Module, isModule);

async function moveTo(tensor: Tensor, device: Device, parameter: boolean): Promise<Tensor> {
  const { requiresGrad } = tensor;
  const past = tensor.detach();
  try {
    const moved = await past.to(device);
    moved.requiresGrad = requiresGrad;
    return parameter ? mark(moved) : moved;
  } finally {
    past.dispose();
  }
}
