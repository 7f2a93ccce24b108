import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf, isOwned, refuseAsync } from "../memory.js";
import type { Handle } from "../native.js";
import { OURS, receivers } from "../shared/border.js";
import { flag, optionsOf } from "../shared/options.js";
import { saying } from "../shared/show.js";
import { isThenable } from "../shared/thenable.js";
import { madeBy, make } from "./meta.js";
import { TensorChoose } from "./choose.js";
import { Graph } from "./graph.js";
import { showShape } from "./shape.js";

/** How `backward` starts and what it leaves. */
export interface BackwardOptions {
  /** The gradient of the tensor itself, of its shape; 1 for a single number if left out. */
  readonly gradient?: Tensor;
  /** Keep the tape, so that `backward` can be called again; false if left out. */
  readonly retainGraph?: boolean;
}

/** The engine's word from a hook that threw: stop the walk. */
const THREW = 0xffffffff;

/** What a hook threw during the walk in progress. */
let thrown: StrataError | null = null;

/** A tensor that owns a new handle. Not exported from the package. */
export let wrap: (handle: Handle, device: Device) => Tensor;

/** Whether a value is a tensor. Not exported from the package. */
export function isTensor(value: unknown): value is Tensor {
  return isOwned(value);
}

/** The handle of what a hook wants in a gradient's place. */
function replacement(instead: unknown, grad: Tensor): Handle {
  const handle = handleOf(instead, "registerHook");
  if (!isTensor(instead)) return handle;
  const [got, want] = [showShape(instead.shape), showShape(grad.shape)];
  if (got !== want || instead.dtype !== grad.dtype || !instead.device.same(grad.device)) {
    const message = `the gradient is ${grad.dtype} ${want} on ${grad.device.name}, what takes its place ${instead.dtype} ${got} on ${instead.device.name}`;
    throw new StrataError("shape", message, "registerHook");
  }
  return handle;
}

/**
 * A strided array of numbers on a device, with a place on the tape of what was computed from what.
 *
 * Made by {@link tensor}, {@link zeros}, {@link randn} and their like. Every op returns a tensor of
 * its own; views share memory, and disposing one never harms another. Memory is given back when
 * nobody holds the tensor any more, or at once by `dispose()`, `using` and {@link tidy}.
 */
export class Tensor extends TensorChoose {
  /** Takes a handle over; only {@link wrap} calls it. */
  private constructor(key: symbol, handle: Handle, device: Device) {
    super(key, handle, device);
  }

  static {
    wrap = (handle, device) => new Tensor(OURS, handle, device);
    madeBy(wrap);
  }

  /**
   * The same elements on another device, or on this one under other rungs. The gradient comes back
   * to this tensor.
   */
  async to(device: Device): Promise<Tensor> {
    const target = nativeDevice(device, "to");
    const handle = handleOf(this, "to");
    if (this.device.same(device)) return wrap(native.rehome(handle, target), device);
    return wrap(await native.toDevice(handle, target), device);
  }

  /**
   * Computes the derivative of this number by every leaf behind it that wants a gradient, and adds
   * it to the leaf's {@link grad}. The tape is let go, unless `retainGraph`.
   *
   * @throws {@link StrataError} `"shape"` for more than one element without a `gradient`, or a
   * gradient of another shape; `"graph"` if nothing behind it wants a gradient, or the tape was let
   * go by an earlier call; `"callback"` if a hook threw.
   */
  backward(options: BackwardOptions = {}): void {
    const { gradient, retainGraph } = optionsOf("backward", options);
    const keep = flag("backward", "retainGraph", retainGraph);
    const from = gradient === undefined ? 0 : handleOf(gradient, "backward");
    const outer = thrown;
    thrown = null;
    try {
      native.backward(handleOf(this, "backward"), from, keep);
    } catch (error) {
      throw thrown ?? error;
    } finally {
      thrown = outer;
    }
  }

  /**
   * The gradient, or null: of leaves after `backward`, of other tensors only after
   * {@link retainGrad}. Each time a new tensor over the same memory; `backward` adds to it.
   */
  get grad(): Tensor | null {
    const handle = native.grad(handleOf(this, "grad"));
    return handle === 0 ? null : make(this, handle);
  }

  /** Forgets the gradient. */
  zeroGrad(): void {
    native.zeroGrad(handleOf(this, "zeroGrad"));
  }

  /** The same memory without a past: what is computed from it leaves no tape to here. */
  detach(): Tensor {
    return make(this, native.detach(handleOf(this, "detach")));
  }

  /** Keeps the gradient of a tensor that an op made, so that {@link grad} shows it after `backward`. */
  retainGrad(): void {
    native.retainGrad(handleOf(this, "retainGrad"));
  }

  /**
   * Calls `fn` with this tensor's gradient during `backward`, once it is complete. A tensor that it
   * returns, of the same shape, takes the gradient's place. It runs as in {@link noGrad}.
   *
   * @returns A function that takes the hook away.
   * @throws {@link StrataError} `"callback"` from `backward`, with `cause`, if `fn` throws or returns
   * something else, a promise included.
   */
  registerHook(fn: (grad: Tensor) => Tensor | void): () => void {
    refuseAsync(fn, "registerHook");
    let active = true;
    native.hook(handleOf(this, "registerHook"), (handle) => {
      const grad = make(this, handle);
      if (!active) return 0;
      try {
        const instead: unknown = fn(grad);
        // It is refused below; that it is rejected later would end the process.
        if (isThenable(instead)) Promise.resolve(instead).catch(() => {});
        return instead === undefined ? 0 : replacement(instead, grad);
      } catch (cause) {
        thrown = new StrataError("callback", `backward: a hook threw: ${saying(cause)}`, "backward", { cause });
        return THREW;
      }
    });
    return () => {
      active = false;
    };
  }

  /** The tape behind this tensor, taken before `backward`, which then leaves its gradients in it. */
  graph(): Graph {
    return new Graph(OURS, native.graph(handleOf(this, "graph")), (handle) => make(this, handle));
  }
}

receivers(Tensor, isOwned);
