import { nativeGpt } from "../gpt/arena.js";
import type { GptArena } from "../gpt/arena.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle, NativeOptimizer } from "../native.js";
import type { Tensor } from "../tensor/tensor.js";

/** What an optimizer computes with its numbers and a parameter's state. */
export interface Rule {
  /** `adamw` or `sgd`. */
  readonly name: "adamw" | "sgd";
  /** Its numbers, as the engine takes them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The names of a parameter's state: `["m", "v"]`, `["velocity"]`, or none. */
  readonly state: readonly string[];
}

/** The engine's optimizer, however the parameters lie. */
export interface Engine {
  /** The engine's optimizer of the parameters that want a gradient now. */
  now(): NativeOptimizer;
  /** New handles on the state of parameter `place`; none while it is frozen. */
  state(place: number): Handle[];
  /** Whether parameter `place` decays. */
  decays(place: number): boolean;
  /** Forgets the gradients. */
  zeroGrad(): void;
}

/** One launch for all parameters of an arena. */
export class ArenaEngine implements Engine {
  readonly #arena: GptArena;
  readonly #native: NativeOptimizer;
  readonly #places: readonly number[];

  constructor(rule: Rule, arena: GptArena, names: readonly string[]) {
    this.#arena = arena;
    const make = rule.name === "adamw" ? native.adamwArena : native.sgdArena;
    this.#native = make(nativeGpt(arena), JSON.stringify(rule.config));
    this.#places = names.map((name) => arena.infos.findIndex((info) => info.name === name));
  }

  now(): NativeOptimizer {
    return this.#native;
  }

  state(place: number): Handle[] {
    return this.#native.state(this.#places[place] ?? 0);
  }

  decays(place: number): boolean {
    return this.#arena.infos[this.#places[place] ?? 0]?.decay ?? false;
  }

  zeroGrad(): void {
    this.#arena.zeroGrad();
  }
}

/** One launch for each parameter of a list. */
export class ListEngine implements Engine {
  readonly #rule: Rule;
  readonly #parameters: readonly Tensor[];
  readonly #decay: readonly boolean[];
  #native: NativeOptimizer;
  /** What the engine knew each parameter by; 0 for one that wanted no gradient. */
  #ids: number[];

  constructor(rule: Rule, parameters: readonly Tensor[], decay: readonly boolean[]) {
    this.#rule = rule;
    this.#parameters = parameters;
    this.#decay = decay;
    this.#ids = this.#current();
    this.#native = this.#make();
  }

  /** A tensor that is frozen and thawed is another leaf for the engine, with another gradient. */
  #current(): number[] {
    return this.#parameters.map((tensor) => (tensor.requiresGrad ? native.idOf(handleOf(tensor, this.#rule.name)) : 0));
  }

  #make(): NativeOptimizer {
    const active = this.#parameters.filter((_, i) => this.#ids[i] !== 0).map((tensor) => handleOf(tensor, this.#rule.name));
    const decay = this.#decay.filter((_, i) => this.#ids[i] !== 0);
    return native[this.#rule.name](active, decay, JSON.stringify(this.#rule.config));
  }

  /** Where parameter `place` is among those of the engine; -1 if it is not. */
  #place(place: number): number {
    if (this.#ids[place] === 0) return -1;
    return this.#ids.slice(0, place).filter((id) => id !== 0).length;
  }

  now(): NativeOptimizer {
    const ids = this.#current();
    if (ids.every((id, i) => id === this.#ids[i])) return this.#native;
    const old = this.#parameters.map((_, i) => this.state(i));
    const steps = this.#native.steps();
    this.#ids = ids;
    this.#native = this.#make();
    this.#native.setSteps(steps);
    for (const [i, handles] of old.entries()) {
      const fresh = this.state(i);
      for (const [k, handle] of handles.entries()) {
        const to = fresh[k];
        if (to !== undefined) native.copyFrom(to, handle);
      }
      for (const handle of [...handles, ...fresh]) native.free(handle);
    }
    return this.#native;
  }

  state(place: number): Handle[] {
    const at = this.#place(place);
    return at < 0 ? [] : this.#native.state(at);
  }

  decays(place: number): boolean {
    return this.#decay[place] ?? false;
  }

  zeroGrad(): void {
    for (const tensor of this.#parameters) tensor.zeroGrad();
  }
}
