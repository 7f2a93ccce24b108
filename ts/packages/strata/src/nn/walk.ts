import { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";
import type { AnyModule } from "./module.js";

/** A tensor of a module, and the object and property that hold it. */
export interface Slot {
  /** Where it hangs: `layers.0.weight`. */
  readonly path: string;
  /** The module or array that holds it. */
  readonly owner: object;
  /** The property it is held under. */
  readonly key: string;
  /** The tensor. */
  readonly tensor: Tensor;
  /** Whether it is a parameter; otherwise a constant, as a mask is. */
  readonly parameter: boolean;
}

const marked = new WeakSet<Tensor>();

/** Makes a tensor a parameter for good, even while it is frozen. */
export function mark(tensor: Tensor): Tensor {
  marked.add(tensor);
  return tensor;
}

/** Whether a tensor is a parameter; null for what is neither that nor a constant. */
function isParameter(tensor: Tensor): boolean | null {
  if (marked.has(tensor)) return true;
  // An activation that a module keeps to look at is not its own.
  if (tensor.disposed || !tensor.isLeaf) return null;
  if (tensor.requiresGrad) marked.add(tensor);
  return tensor.requiresGrad;
}

interface Member {
  readonly path: string;
  readonly owner: object;
  readonly key: string;
  readonly value: unknown;
}

/** A module's properties in the order they were set, the elements of arrays one by one. */
function* members(owner: object, prefix = ""): Generator<Member, void, undefined> {
  for (const [key, value] of Object.entries(owner)) {
    const path = `${prefix}${key}`;
    if (Array.isArray(value)) yield* members(value, `${path}.`);
    else yield { path, owner, key, value };
  }
}

/** The modules right inside one, each once, with the names of the properties that hold them. */
export function* children(module: AnyModule): Generator<[path: string, child: AnyModule], void, undefined> {
  const seen = new Set<AnyModule>([module]);
  for (const { path, value } of members(module)) {
    if (!(value instanceof Module) || seen.has(value)) continue;
    seen.add(value);
    yield [path, value];
  }
}

/** Every parameter and constant of a module and of those inside it, as often as it is held. */
export function* slots(module: AnyModule, seen = new Set<AnyModule>()): Generator<Slot, void, undefined> {
  seen.add(module);
  for (const { path, owner, key, value } of members(module)) {
    if (value instanceof Tensor) {
      const parameter = isParameter(value);
      if (parameter !== null) yield { path: module.pathOf(path), owner, key, tensor: value, parameter };
    } else if (value instanceof Module && !seen.has(value)) {
      for (const slot of slots(value, seen)) yield { ...slot, path: module.pathOf(`${path}.${slot.path}`) };
    }
  }
}

/** A module under `""`, then every module inside it, each once. */
export function* modules(
  module: AnyModule,
  seen = new Set<AnyModule>(),
): Generator<[path: string, module: AnyModule], void, undefined> {
  seen.add(module);
  yield ["", module];
  for (const [path, child] of children(module)) {
    if (seen.has(child)) continue;
    for (const [inner, found] of modules(child, seen)) {
      yield [module.pathOf(inner === "" ? path : `${path}.${inner}`), found];
    }
  }
}
