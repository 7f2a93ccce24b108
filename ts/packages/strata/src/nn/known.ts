// What a module is, for those that Module itself is made of and for whoever is given one.
import { StrataError } from "../error.js";
import { isFunction } from "../shared/show.js";
import type { AnyModule, Module } from "./module.js";

let known: (value: unknown) => boolean;

/** Says which values are modules: {@link Module} does, once it is there. */
export function knownBy(is: (value: unknown) => boolean): void {
  known = is;
}

/** Whether a value is a module. Not exported from the package. */
export function isModule(value: unknown): value is AnyModule {
  return known(value);
}

/** What a reader's module makes of an input; one that was never given a `forward` is refused. */
export function forward<In, Out>(op: string, module: Module<In, Out>, input: In): Out {
  const body: unknown = module.forward;
  if (isFunction(body)) return module.forward(input);
  throw new StrataError("argument", `${op}: a module needs a method forward(input)`, op);
}
