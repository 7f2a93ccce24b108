import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { parse } from "../json.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { NativeGpt } from "../native.js";
import { checkSeed } from "../random.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import { show } from "../shared/show.js";
import { wrap } from "../tensor/tensor.js";
import type { Tensor } from "../tensor/tensor.js";
import { configJson, configOf } from "./config.js";
import type { GptConfig, GptPreset } from "./config.js";

/** A parameter as data. */
export interface ParameterInfo {
  /** Its name, GPT-2's: `transformer.h.0.ln_1.weight`. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Whether weight decay applies: matrices yes, biases and gains no. */
  readonly decay: boolean;
  /** Its first element in the arena. */
  readonly offset: number;
}

/** The engine's side of an arena. Not exported from the package. */
export let nativeGpt: (arena: GptArena) => NativeGpt;
/** Whether a value is an arena. Not exported from the package. */
export let isArena: (value: unknown) => value is GptArena;
/** An arena that the engine made. Not exported from the package. */
export let wrapArena: (gpt: NativeGpt, device: Device) => GptArena;

/**
 * A GPT's memory in Rust: all parameters side by side in one block and their gradients in another, so
 * that an optimizer needs one launch for all of them. It knows the whole forward pass, too: the same
 * ops as {@link GPT.forward}, in one call.
 */
export class GptArena {
  readonly #native: NativeGpt;
  /** Where it lies. */
  readonly device: Device;
  /** The model's shape. */
  readonly config: Readonly<Required<GptConfig>>;
  /** Each parameter, in the order of declaration. */
  readonly infos: readonly ParameterInfo[];
  readonly #parameters = new Map<string, Tensor>();

  static {
    isArena = (value): value is GptArena => typeof value === "object" && value !== null && #native in value;
    nativeGpt = (arena) => arena.#native;
    wrapArena = (gpt, device) => new GptArena(OURS, gpt, device);
  }

  private constructor(key: symbol, gpt: NativeGpt, device: Device) {
    onlyOurs(key, "GptArena", "GptArena.create(…) makes one, and every GPT has one");
    this.#native = gpt;
    this.device = device;
    this.config = Object.freeze(configOf(gpt.config()));
    this.infos = parse<ParameterInfo[]>(gpt.parameterInfos());
    const handles = gpt.parameters();
    for (const [i, { name }] of this.infos.entries()) this.#parameters.set(name, wrap(handles[i] ?? 0, device));
  }

  /** Fresh weights, drawn from `seed` as GPT-2 draws them. */
  static create(config: GptPreset | GptConfig, device: Device, seed: number): GptArena {
    const json = configJson(config);
    return new GptArena(OURS, native.createGpt(json, nativeDevice(device, "GPT"), checkSeed(seed, "GPT")), device);
  }

  /**
   * A parameter, in its place in the arena.
   *
   * @throws {@link StrataError} `"argument"` if there is none of that name.
   */
  parameter(name: string): Tensor {
    const found = this.#parameters.get(name);
    if (found !== undefined) return found;
    throw new StrataError("argument", `GPT: the model has no parameter ${show(name)}`, "GPT");
  }

  /** Logits [batch, rows, vocab] of ids [batch, rows], in one call. */
  forward(ids: Tensor): Tensor {
    return wrap(this.#native.forward(handleOf(ids, "forward")), this.device);
  }

  /** Mean cross-entropy of targets [batch, rows] in nats, in one call. */
  loss(ids: Tensor, targets: Tensor): Tensor {
    return wrap(this.#native.loss(handleOf(ids, "loss"), handleOf(targets, "loss")), this.device);
  }

  /** Sets all gradients to zero, in one launch. */
  zeroGrad(): void {
    this.#native.zeroGrad();
  }

  /** The same weights in an arena of another device. */
  async on(device: Device): Promise<GptArena> {
    nativeDevice(device, "on");
    const copy = GptArena.create(this.config, device, 0);
    for (const { name } of this.infos) {
      using past = this.parameter(name).detach();
      using moved = await past.to(device);
      copy.parameter(name).copyFrom(moved);
    }
    return copy;
  }
}

receivers(GptArena, isArena);
