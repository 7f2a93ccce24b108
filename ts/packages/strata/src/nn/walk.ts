import { StrataError } from "../error.js";
import { isArray, kindOf } from "../shared/show.js";
import { isTensor } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { isModule } from "./known.js";
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
function members(owner: object): Member[] {
  const found: Member[] = [];
  // Not by calls of itself: a list may lie in a list, a hundred thousand deep, or in itself.
  const seen = new Set<unknown>([owner]);
  const open = [entriesOf(owner, "")];
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const next = at.next();
    if (next.done === true) open.pop();
    else if (!isArray(next.value.value)) found.push(next.value);
    else if (!seen.has(next.value.value)) {
      seen.add(next.value.value);
      open.push(entriesOf(next.value.value, `${next.value.path}.`));
    }
  }
  return found;
}

function* entriesOf(owner: object, prefix: string): Generator<Member, void, undefined> {
  for (const [key, value] of Object.entries<unknown>({ ...owner })) yield { path: `${prefix}${key}`, owner, key, value };
}

/** How deep modules may lie in each other: each one is a few calls of functions inside the last. */
const DEEP = 500;

function tooDeep(op: string): StrataError {
  return new StrataError("argument", `${op}: modules lie more than ${DEEP} deep in each other`, op);
}

/** What a module says that a path is called from outside. */
function named(module: AnyModule, path: string): string {
  const name: unknown = module.pathOf(path);
  if (typeof name === "string") return name;
  throw new StrataError("argument", `pathOf must answer with a string, got ${kindOf(name)}`, "pathOf");
}

/** The modules right inside one, each once, with the names of the properties that hold them. */
export function* children(module: AnyModule): Generator<[path: string, child: AnyModule], void, undefined> {
  const seen = new Set<AnyModule>([module]);
  for (const { path, value } of members(module)) {
    if (!isModule(value) || seen.has(value)) continue;
    seen.add(value);
    yield [path, value];
  }
}

/** Every parameter and constant of a module and of those inside it, as often as it is held. */
export function* slots(module: AnyModule, seen = new Set<AnyModule>(), depth = 0): Generator<Slot, void, undefined> {
  if (depth > DEEP) throw tooDeep("parameters");
  seen.add(module);
  for (const { path, owner, key, value } of members(module)) {
    if (isTensor(value)) {
      const parameter = isParameter(value);
      if (parameter !== null) yield { path: named(module, path), owner, key, tensor: value, parameter };
    } else if (isModule(value) && !seen.has(value)) {
      for (const slot of slots(value, seen, depth + 1)) yield { ...slot, path: named(module, `${path}.${slot.path}`) };
    }
  }
}

/** A module under `""`, then every module inside it, each once. */
export function* modules(
  module: AnyModule,
  seen = new Set<AnyModule>(),
  depth = 0,
): Generator<[path: string, module: AnyModule], void, undefined> {
  if (depth > DEEP) throw tooDeep("modules");
  seen.add(module);
  yield ["", module];
  for (const [path, child] of children(module)) {
    if (seen.has(child)) continue;
    for (const [inner, found] of modules(child, seen, depth + 1)) {
      yield [named(module, inner === "" ? path : `${path}.${inner}`), found];
    }
  }
}
