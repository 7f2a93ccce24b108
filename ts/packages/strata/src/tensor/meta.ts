import type { Device } from "../device.js";
import { DTYPES, sizeOf } from "../dtype.js";
import type { DType } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf, Owned } from "../memory.js";
import type { Handle } from "../native.js";
import type { Tensor } from "./tensor.js";
import { flag } from "../shared/options.js";
import { isRowMajor, numelOf } from "./shape.js";

/** What the engine says of a tensor. */
export interface Meta {
  readonly dtype: DType;
  readonly requiresGrad: boolean;
  readonly isLeaf: boolean;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

function describe(handle: Handle): Meta {
  const [dtype = 0, requiresGrad, isLeaf, offset = 0, rank = 0, ...sizes] = native.describe(handle);
  return {
    dtype: DTYPES[dtype] ?? "f32",
    requiresGrad: requiresGrad === 1,
    isLeaf: isLeaf === 1,
    offset,
    shape: Object.freeze(sizes.slice(0, rank)),
    strides: Object.freeze(sizes.slice(rank)),
  };
}

/** What a tensor is, for a call of `op`. Not exported from the package. */
export let metaOf: (tensor: TensorMeta, op: string) => Meta;
/** A tensor of the same device that owns a new handle. Not exported from the package. */
export let make: (like: TensorMeta, handle: Handle) => Tensor;

let wrapper: (handle: Handle, device: Device) => Tensor;

/** Says what makes a tensor of a handle: {@link Tensor} does, once it is there. */
export function madeBy(wrap: (handle: Handle, device: Device) => Tensor): void {
  wrapper = wrap;
}

/** What a tensor is: shape, dtype, device, and its place in memory. */
export abstract class TensorMeta extends Owned {
  readonly #device: Device;
  // Asked for once, and only if somebody wants to know: most results of a chain are never looked at.
  #meta: Meta | undefined;

  static {
    metaOf = (tensor, op) => (tensor.#meta ??= describe(handleOf(tensor, op)));
    make = (like, handle) => wrapper(handle, like.#device);
  }

  /** Takes a handle over. */
  protected constructor(key: symbol, handle: Handle, device: Device) {
    super(key, handle);
    this.#device = device;
  }

  /** Where it lives. */
  get device(): Device {
    return this.#device;
  }

  /** Elements along each dimension: `[2, 3]`; `[]` for a single number. */
  get shape(): readonly number[] {
    return metaOf(this, "shape").shape;
  }

  /** Steps between neighbours along each dimension, in elements; 0 repeats one element. */
  get strides(): readonly number[] {
    return metaOf(this, "strides").strides;
  }

  /** The first element's place in the storage, in elements. */
  get offset(): number {
    return metaOf(this, "offset").offset;
  }

  /** The number of dimensions. */
  get rank(): number {
    return metaOf(this, "rank").shape.length;
  }

  /** The number of dimensions, by PyTorch's name. */
  get ndim(): number {
    return metaOf(this, "ndim").shape.length;
  }

  /** The number of elements. */
  get numel(): number {
    return numelOf(metaOf(this, "numel").shape);
  }

  /** The type of its elements. */
  get dtype(): DType {
    return metaOf(this, "dtype").dtype;
  }

  /** Bytes of one element. */
  get itemSize(): number {
    return sizeOf(metaOf(this, "itemSize").dtype);
  }

  /** Whether the elements lie side by side in row-major order. */
  get isContiguous(): boolean {
    const { shape, strides } = metaOf(this, "isContiguous");
    return isRowMajor(shape, strides);
  }

  /**
   * Whether `backward` computes a gradient for it. Set it on a tensor without a past.
   *
   * @throws {@link StrataError} `"graph"` when it is set on the result of an op; `"dtype"` for
   * integers.
   */
  get requiresGrad(): boolean {
    return metaOf(this, "requiresGrad").requiresGrad;
  }

  set requiresGrad(given: boolean) {
    const wants = flag("requiresGrad", "requiresGrad", given);
    const { dtype } = metaOf(this, "requiresGrad");
    if (wants && (dtype === "i32" || dtype === "u32")) {
      const message = `requiresGrad: ${dtype} has no fractions, so no gradient; cast("f32") first`;
      throw new StrataError("dtype", message, "requiresGrad");
    }
    native.setRequiresGrad(handleOf(this, "requiresGrad"), wants);
    this.#meta = undefined;
  }

  /** Whether it has no past: it was made by hand, or nothing behind it wants a gradient. */
  get isLeaf(): boolean {
    return metaOf(this, "isLeaf").isLeaf;
  }

  /** The op that made it, `"matmul"`; `""` for a leaf. */
  get op(): string {
    return native.opOf(handleOf(this, "op"));
  }

  /** The memory behind it: a number that all tensors over the same memory share, and its size in bytes. */
  get storage(): { id: number; bytes: number } {
    const [id = 0, bytes = 0] = native.storageOf(handleOf(this, "storage"));
    return { id, bytes };
  }

  override dispose(): void {
    // A disposed tensor answers no question about itself.
    this.#meta = undefined;
    super.dispose();
  }
}
