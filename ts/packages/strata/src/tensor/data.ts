import { nativeDevice } from "../device.js";
import { toNumbers, typedArray } from "../dtype.js";
import type { DType, TypedArray, TypedArrayOf } from "../dtype.js";
import { StrataError } from "../error.js";
import { native } from "../load.js";
import { handleOf } from "../memory.js";
import type { Handle } from "../native.js";
import type { Tensor } from "./tensor.js";
import { numeric } from "../shared/options.js";
import { show } from "../shared/show.js";
import { bytesOf, dtypeOf, fromNumbers, numbersOf, upload, wideOf } from "./elements.js";
import { metaOf, TensorMeta } from "./meta.js";
import { formatElements } from "./print.js";
import { showShape } from "./shape.js";
import { typedOf } from "./typed.js";

/** Numbers nested as deep as a tensor has dimensions. */
export type NestedArray = number | NestedArray[];

// One ArrayBuffer for each storage, so that two views of it share theirs. Weak: it keeps the storage
// alive, and nobody but the views should keep it.
const buffers = new Map<number, WeakRef<ArrayBuffer>>();
const buried = new FinalizationRegistry<number>((id) => {
  if (buffers.get(id)?.deref() === undefined) buffers.delete(id);
});

function bufferOf(handle: Handle): ArrayBuffer {
  const [id = 0, bytes = 0] = native.storageOf(handle);
  const known = buffers.get(id)?.deref();
  // One that was transferred to a worker is empty here; the storage gets another.
  if (known !== undefined && known.byteLength === bytes) return known;
  const buffer = native.storage(handle);
  // A copy, where the runtime forces one, is out of date at once.
  if (!native.aliases()) return buffer;
  buffers.set(id, new WeakRef(buffer));
  buried.register(buffer, id);
  return buffer;
}

function nest(
  shape: readonly number[],
  elements: ArrayLike<number>,
  depth: number,
  start: number,
): NestedArray {
  const size = shape[depth];
  if (size === undefined) return elements[start] ?? NaN;
  return Array.from({ length: size }, (_, i) => nest(shape, elements, depth + 1, start * size + i));
}

/** A tensor's numbers, in and out. */
export abstract class TensorData extends TensorMeta {
  #checkDType(op: string, dtype: DType): void {
    const holds = metaOf(this, op).dtype;
    if (dtype === holds) return;
    const asked = typeof dtype === "string" ? dtype : show(dtype);
    const message = `${op}: the tensor holds ${holds}, not ${asked}; ask for ${op}("${holds}"), or cast("${asked}") first`;
    throw new StrataError("dtype", message, op);
  }

  /**
   * Whether {@link view} shows the engine's own memory: true for CPU tensors, except on a runtime
   * that forces a copy.
   */
  get aliased(): boolean {
    const handle = handleOf(this, "aliased");
    if (this.device.machine !== "cpu" || !native.aliases()) return false;
    // Only an attempt tells whether the runtime allows it.
    bufferOf(handle);
    return native.aliases();
  }

  /**
   * The elements of an f32 tensor on the CPU, not copied: writes on either side are seen by the
   * other. The memory lives as long as the view, also after `dispose()`.
   *
   * @throws {@link StrataError} `"device"` unless on the CPU; `"layout"` unless contiguous; `"dtype"`
   * unless f32.
   */
  view(): Float32Array;
  /** The elements of a tensor of any dtype; 16-bit floats as their bits in a `Uint16Array`. */
  view<D extends DType>(dtype: D): TypedArrayOf<D>;
  view(dtype: DType = "f32"): TypedArray {
    this.#checkDType("view", dtype);
    const { shape, numel } = this;
    if (this.device.machine !== "cpu") {
      const message = `view: a tensor of shape ${showShape(shape)} is on ${this.device.label}; "await tensor.read()" copies it here`;
      throw new StrataError("device", message, "view");
    }
    if (!this.isContiguous) {
      const message = `view: a tensor of shape ${showShape(shape)} with strides ${showShape(this.strides)} does not lie in one piece; call contiguous() first, which copies`;
      throw new StrataError("layout", message, "view");
    }
    if (numel === 0) return typedArray(dtype, new ArrayBuffer(0), 0, 0);
    return typedArray(dtype, bufferOf(handleOf(this, "view")), this.offset * this.itemSize, numel);
  }

  /**
   * A copy of the elements in row-major order, from any device and layout, once all work on them is
   * done.
   *
   * @throws {@link StrataError} `"dtype"` unless f32.
   */
  read(): Promise<Float32Array>;
  /** A copy of the elements of a tensor of any dtype; 16-bit floats as their bits. */
  read<D extends DType>(dtype: D): Promise<TypedArrayOf<D>>;
  async read(dtype: DType = "f32"): Promise<TypedArray> {
    this.#checkDType("read", dtype);
    const { numel } = this;
    return typedArray(dtype, await native.read(handleOf(this, "read")), 0, numel);
  }

  /**
   * The only element, as a number. Waits for the device.
   *
   * @throws {@link StrataError} `"shape"` unless there is exactly one.
   */
  item(): number {
    return native.item(handleOf(this, "item"));
  }

  /** The elements, copied into nested arrays of numbers; a bare number for shape `[]`. Waits for the device. */
  toArray(): NestedArray {
    const elements = this.#numbers("toArray");
    return nest(this.shape, elements, 0, 0);
  }

  #numbers(op: string): ArrayLike<number> {
    const buffer = native.readSync(handleOf(this, op));
    const { dtype, numel } = this;
    return toNumbers(dtype, typedArray(dtype, buffer, 0, numel));
  }

  /**
   * Overwrites all elements, in row-major order, from as many numbers or from a typed array of the
   * tensor's dtype.
   *
   * @returns This tensor.
   * @throws {@link StrataError} `"shape"` for another count; `"dtype"`; `"graph"` if the tensor was
   * made by ops that want gradients: the tape needs its values.
   */
  write(data: TypedArray | readonly number[]): this {
    const { dtype, shape } = metaOf(this, "write");
    const array = ArrayBuffer.isView(data)
      ? typedOf("write", data)
      : fromNumbers("write", numbersOf("write", "data", data), wideOf(dtype));
    const holds =
      array === null || array instanceof Float64Array
        ? null
        : array instanceof Uint16Array ? (wideOf(dtype) === dtype ? "16-bit floats" : dtype) : dtypeOf(array);
    if (array !== null && holds === dtype) {
      native.write(handleOf(this, "write"), bytesOf(array));
    } else if (array !== null && !(array instanceof Float64Array) && !ArrayBuffer.isView(data)) {
      this.#convert(array, dtype, shape);
    } else {
      throw new StrataError(
        "dtype",
        `write: the tensor holds ${dtype}, the array ${holds ?? "nothing a tensor can hold"}`,
        "write",
      );
    }
    return this;
  }

  /** Numbers into 16-bit floats, by way of a tensor that is cast. */
  #convert(array: TypedArray, dtype: DType, shape: readonly number[]): void {
    const from = upload("write", nativeDevice(this.device, "write"), array, dtype, shape);
    try {
      native.copyFrom(handleOf(this, "write"), from);
    } finally {
      native.free(from);
    }
  }

  /**
   * Overwrites all elements with those of another tensor of the same shape, dtype and device.
   *
   * @returns This tensor.
   * @throws {@link StrataError} `"shape"`, `"dtype"`, `"device"` where they differ; `"graph"` as {@link write}.
   */
  copyFrom(other: Tensor): this {
    const [to, from] = [handleOf(this, "copyFrom"), handleOf(other, "copyFrom")];
    if (this.dtype !== other.dtype) {
      const message = `copyFrom: the tensor holds ${this.dtype}, the other ${other.dtype}; cast("${this.dtype}") it first`;
      throw new StrataError("dtype", message, "copyFrom");
    }
    native.copyFrom(to, from);
    return this;
  }

  /**
   * Sets every element.
   *
   * @returns This tensor.
   * @throws {@link StrataError} `"value"` for a fraction in an integer tensor; `"graph"` as {@link write}.
   */
  fill(value: number): this {
    fromNumbers("fill", [numeric("fill", "value", value)], wideOf(metaOf(this, "fill").dtype));
    native.fill(handleOf(this, "fill"), value);
    return this;
  }

  /** The elements as text, in PyTorch's way; long dimensions are summarized in the middle. Waits for the device. */
  override toString(): string {
    if (this.disposed) return "Tensor(disposed)";
    const { shape, dtype } = this;
    const elements = this.#numbers("toString");
    const text = formatElements(shape, dtype, (i) => elements[i] ?? NaN, "tensor(".length);
    const notes = [
      ...(shape.length > 1 || this.numel === 0 ? [`shape=${showShape(shape)}`] : []),
      ...(dtype === "f32" ? [] : [`dtype=${dtype}`]),
      ...(this.device.machine === "cpu" ? [] : [`device=${this.device.name}`]),
      ...(this.requiresGrad ? [this.isLeaf ? "requiresGrad" : `op=${this.op || "gone"}`] : []),
    ];
    return `tensor(${[text, ...notes].join(", ")})`;
  }

  /** How `console.log` shows it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
