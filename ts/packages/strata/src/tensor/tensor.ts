import { nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { StrataError } from "../error.js";
import { Graph } from "../graph.js";
import { native } from "../load.js";
import { handleOf, refuseAsync } from "../memory.js";
import type { Handle } from "../native.js";
import { TensorReduce } from "./reduce.js";
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

/** The handle of what a hook wants in a gradient's place. */
function replacement(instead: Tensor, grad: Tensor): Handle {
  const handle = handleOf(instead, "registerHook");
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
export class Tensor extends TensorReduce {
  protected override make(handle: Handle): Tensor {
    return new Tensor(handle, this.device);
  }

  /** Takes a handle over; only {@link wrap} calls it. */
  private constructor(handle: Handle, device: Device) {
    super(handle, device);
  }

  static {
    wrap = (handle, device) => new Tensor(handle, device);
  }

  /**
   * The same elements on another device, or on this one under other rungs. The gradient comes back
   * to this tensor.
   */
  async to(device: Device): Promise<Tensor> {
    const target = nativeDevice(device, "to");
    const handle = this.use("to");
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
    const { gradient, retainGraph = false } = options;
    const from = gradient === undefined ? 0 : handleOf(gradient, "backward");
    if (gradient?.disposed === true)
      throw new StrataError("disposed", "backward: the gradient was disposed", "backward");
    const outer = thrown;
    thrown = null;
    try {
      native.backward(this.use("backward"), from, retainGraph);
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
    const handle = native.grad(this.use("grad"));
    return handle === 0 ? null : this.make(handle);
  }

  /** Forgets the gradient. */
  zeroGrad(): void {
    native.zeroGrad(this.use("zeroGrad"));
  }

  /** The same memory without a past: what is computed from it leaves no tape to here. */
  detach(): Tensor {
    return this.make(native.detach(this.use("detach")));
  }

  /** Keeps the gradient of a tensor that an op made, so that {@link grad} shows it after `backward`. */
  retainGrad(): void {
    native.retainGrad(this.use("retainGrad"));
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
    native.hook(this.use("registerHook"), (handle) => {
      const grad = this.make(handle);
      if (!active) return 0;
      try {
        const instead = fn(grad);
        return instead === undefined ? 0 : replacement(instead, grad);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        thrown = new StrataError("callback", `backward: a hook threw: ${why}`, "backward", { cause });
        return THREW;
      }
    });
    return () => {
      active = false;
    };
  }

  /** The tape behind this tensor, taken before `backward`, which then leaves its gradients in it. */
  graph(): Graph {
    return new Graph(native.graph(this.use("graph")), (handle) => this.make(handle));
  }
}
