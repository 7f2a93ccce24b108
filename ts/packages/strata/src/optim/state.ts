import { StrataError } from "../error.js";
import { handleOf } from "../memory.js";
import { namedTensors } from "../files.js";
import { optionsOf, real, whole } from "../shared/options.js";
import { noGrad } from "../tensor/mode.js";
import { showShape } from "../tensor/shape.js";
import { isTensor } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";

/** An optimizer as data. Save the tensors with {@link saveTensors}, the numbers as JSON. */
export interface OptimizerState {
  /** Steps done. */
  readonly steps: number;
  /** Learning rate of the next step. */
  readonly lr: number;
  /** What is remembered: `m.NAME` and `v.NAME`, or `velocity.NAME`, as `optimizer.safetensors` has them. */
  readonly tensors: Record<string, Tensor>;
}

/** What this file needs of an optimizer. */
interface Stateful {
  readonly parameters: readonly Tensor[];
  readonly names: readonly string[];
  steps: number;
  lr: number;
}

type Remembered = (parameter: Tensor) => Record<string, Tensor>;

function places(of: Stateful, remembered: Remembered): Map<string, Tensor> {
  const all = new Map<string, Tensor>();
  for (const [i, parameter] of of.parameters.entries()) {
    for (const [key, kept] of Object.entries(remembered(parameter))) all.set(`${key}.${of.names[i] ?? i}`, kept);
  }
  return all;
}

/** See {@link Optimizer.stateDict}. */
export function optimizerState(of: Stateful, remembered: Remembered): OptimizerState {
  return { steps: of.steps, lr: of.lr, tensors: Object.fromEntries(places(of, remembered)) };
}

/** See {@link Optimizer.loadStateDict}. Nothing is copied unless everything fits. */
export function loadOptimizer(of: Stateful, remembered: Remembered, state: OptimizerState): void {
  const op = "loadStateDict";
  const { lr, steps, tensors } = optionsOf(op, state, "state");
  const given = new Map(namedTensors(op, tensors));
  const rate = real(op, "lr", lr, 0, Number.MAX_VALUE);
  const all = places(of, remembered);
  const stranger = [...given.keys()].find((name) => !all.has(name));
  if (stranger !== undefined) {
    throw new StrataError("value", `${op}: this optimizer has no ${stranger}`, op);
  }
  const pairs = Array.from(all, ([name, to]): [Tensor, Tensor] => {
    const from = given.get(name);
    if (from === undefined) throw new StrataError("value", `${op}: the state lacks ${name}`, op);
    handleOf(from, op);
    if (!isTensor(from)) throw new StrataError("internal", `${op}: ${name} is no tensor`, op);
    const [want, have] = [showShape(to.shape), showShape(from.shape)];
    if (want !== have) throw new StrataError("shape", `${op}: ${name} is ${want}, the state has ${have}`, op);
    return [to, from];
  });
  of.steps = whole(op, "steps", steps, 0, 0xffffffff);
  of.lr = rate;
  noGrad(() => {
    for (const [to, from] of pairs) to.copyFrom(from);
  });
}
