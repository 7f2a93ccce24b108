import { StrataError } from "../error.js";
import { handleOf } from "../memory.js";
import { noGrad } from "../tensor/mode.js";
import { showShape } from "../tensor/shape.js";
import { isTensor } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { namedTensors } from "../files.js";
import type { AnyModule } from "./module.js";

/** The names that a state and a module did not share. */
export interface LoadReport {
  /** Parameters that the state has nothing for. */
  readonly missing: readonly string[];
  /** Tensors of the state that the module has no parameter for. */
  readonly unexpected: readonly string[];
}

/** A module's parameters by name, without a past. */
export function stateOf(module: AnyModule): Record<string, Tensor> {
  const named = module.namedParameters();
  return Object.fromEntries(named.map(([name, parameter]) => [name, parameter.detach()]));
}

/** Copies a state into a module's parameters; see {@link Module.loadStateDict}. */
export function loadState(
  module: AnyModule,
  state: Readonly<Record<string, Tensor>>,
  strict: boolean,
): LoadReport {
  const named = new Map(module.namedParameters());
  // Own properties only: a parameter called `constructor` is not in every object's state.
  const given = new Map(namedTensors(OP, state));
  const missing = [...named.keys()].filter((name) => given.get(name) === undefined);
  const unexpected = [...given.keys()].filter((name) => !named.has(name));
  if (strict && missing.length + unexpected.length > 0) throw strangers(missing, unexpected);
  const pairs: [to: Tensor, from: Tensor][] = [];
  for (const [name, to] of named) {
    const from = given.get(name);
    if (from !== undefined) pairs.push([to, fitting(name, to, from)]);
  }
  noGrad(() => {
    for (const [to, from] of pairs) to.copyFrom(from);
  });
  return { missing, unexpected };
}

const OP = "loadStateDict";

function strangers(missing: readonly string[], unexpected: readonly string[]): StrataError {
  const parts = [
    ...(missing.length > 0 ? [`the state lacks ${listed(missing)}`] : []),
    ...(unexpected.length > 0 ? [`the module has no ${listed(unexpected)}`] : []),
  ];
  const help = "{ strict: false } loads what both have";
  return new StrataError("value", `${OP}: ${parts.join("; ")}; ${help}`, OP);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function fitting(name: string, to: Tensor, from: unknown): Tensor {
  handleOf(from, OP);
  if (!isTensor(from)) throw new StrataError("internal", `${OP}: ${name} is no tensor`, OP);
  const [want, have] = [showShape(to.shape), showShape(from.shape)];
  if (want !== have) {
    throw new StrataError("shape", `${OP}: ${name} is ${want}, the state has ${have}`, OP);
  }
  if (to.dtype !== from.dtype) {
    throw new StrataError("dtype", `${OP}: ${name} is ${to.dtype}, the state has ${from.dtype}`, OP);
  }
  return from;
}
