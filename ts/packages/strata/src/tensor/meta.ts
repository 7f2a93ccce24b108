import type { Device } from "../device.js";
import { DTYPES, sizeOf } from "../dtype.js";
import type { DType } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { Owned } from "../memory.js";
import type { Handle } from "../native.js";
import type { Tensor } from "./tensor.js";
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

/** What a tensor is: shape, dtype, device, and its place in memory. */
export abstract class TensorMeta extends Owned {
  /** Where it lives. */
  readonly device: Device;
  // Asked for once, and only if somebody wants to know: most results of a chain are never looked at.
  #meta: Meta | undefined;

  /** Takes a handle over. */
  protected constructor(handle: Handle, device: Device) {
    super(handle);
    this.device = device;
  }

  /** A tensor of the same device that owns a new handle. */
  protected abstract make(handle: Handle): Tensor;

  /** What it is, for a call of `op`. */
  protected about(op: string): Meta {
    return (this.#meta ??= describe(this.use(op)));
  }

  /** Elements along each dimension: `[2, 3]`; `[]` for a single number. */
  get shape(): readonly number[] {
    return this.about("shape").shape;
  }

  /** Steps between neighbours along each dimension, in elements; 0 repeats one element. */
  get strides(): readonly number[] {
    return this.about("strides").strides;
  }

  /** The first element's place in the storage, in elements. */
  get offset(): number {
    return this.about("offset").offset;
  }

  /** The number of dimensions. */
  get rank(): number {
    return this.about("rank").shape.length;
  }

  /** The number of dimensions, by PyTorch's name. */
  get ndim(): number {
    return this.about("ndim").shape.length;
  }

  /** The number of elements. */
  get numel(): number {
    return numelOf(this.about("numel").shape);
  }

  /** The type of its elements. */
  get dtype(): DType {
    return this.about("dtype").dtype;
  }

  /** Bytes of one element. */
  get itemSize(): number {
    return sizeOf(this.about("itemSize").dtype);
  }

  /** Whether the elements lie side by side in row-major order. */
  get isContiguous(): boolean {
    const { shape, strides } = this.about("isContiguous");
    return isRowMajor(shape, strides);
  }

  /**
   * Whether `backward` computes a gradient for it. Set it on a tensor without a past.
   *
   * @throws {@link StrataError} `"graph"` when it is set on the result of an op; `"dtype"` for
   * integers.
   */
  get requiresGrad(): boolean {
    return this.about("requiresGrad").requiresGrad;
  }

  set requiresGrad(wants: boolean) {
    const { dtype } = this.about("requiresGrad");
    if (wants && (dtype === "i32" || dtype === "u32")) {
      const message = `requiresGrad: ${dtype} has no fractions, so no gradient; cast("f32") first`;
      throw new StrataError("dtype", message, "requiresGrad");
    }
    native.setRequiresGrad(this.use("requiresGrad"), wants);
    this.#meta = undefined;
  }

  /** Whether it has no past: it was made by hand, or nothing behind it wants a gradient. */
  get isLeaf(): boolean {
    return this.about("isLeaf").isLeaf;
  }

  /** The op that made it, `"matmul"`; `""` for a leaf. */
  get op(): string {
    return native.opOf(this.use("op"));
  }

  /** The memory behind it: a number that all tensors over the same memory share, and its size in bytes. */
  get storage(): { id: number; bytes: number } {
    const [id = 0, bytes = 0] = native.storageOf(this.use("storage"));
    return { id, bytes };
  }

  override dispose(): void {
    // A disposed tensor answers no question about itself.
    this.#meta = undefined;
    super.dispose();
  }
}
