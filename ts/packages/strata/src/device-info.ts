/** What is known of devices. */

/** The kinds of machine: the processor, an NVIDIA card, anything that speaks WebGPU. */
export type Machine = "cpu" | "cuda" | "wgpu";

/**
 * How exactly products are made. `f32` rounds nothing; `tf32` rounds factors to 11 bits on their way into
 * tensor cores; `f16` and `bf16` keep activations in 16 bits. Sums are f32 in all of them.
 */
export type Precision = "f32" | "tf32" | "f16" | "bf16";

/** What a device can do: what rungs ask for, and plans size themselves by. */
export interface DeviceCaps {
  /** Invocations in one workgroup (threads in one block). */
  readonly maxWorkgroup: number;
  /** Bytes of workgroup (shared) memory. */
  readonly sharedBytes: number;
  /** Workgroups in each dimension of a grid. */
  readonly maxGrid: readonly [number, number, number];
  /** Bytes that one binding may show. */
  readonly maxBinding: number;
  /** Bytes that one buffer may have. */
  readonly maxBuffer: number;
  /** Lanes in a subgroup (warp), smallest and largest; 0 where there are none. */
  readonly subgroup: readonly [number, number];
  /** Arithmetic in f16. */
  readonly f16: boolean;
  /** Tensor cores from WGSL. */
  readonly cooperativeMatrix: boolean;
  /** The device times its own work. */
  readonly timestamps: boolean;
  /** CUDA's compute capability times ten (90 for Hopper); 0 elsewhere. */
  readonly compute: number;
  /** Multiprocessors, or CPU threads; 0 where unknown. */
  readonly units: number;
  /** Bytes of L2 cache; 0 where unknown. */
  readonly l2Bytes: number;
  /** A software adapter: right for checking, wrong for timing. */
  readonly software: boolean;
}

/** Who a device is. */
export interface DeviceInfo {
  /** The kind of machine. */
  readonly machine: Machine;
  /** Its number among its kind. */
  readonly index: number;
  /** The name its maker gave it. */
  readonly name: string;
  /** `cuda:0 (NVIDIA H200)`: how messages name it. */
  readonly label: string;
  /** Driver or instruction set, with version. */
  readonly driver: string;
  /** The precisions that it has, the most exact first: `f32` everywhere, `bf16` on a processor too, all four on an NVIDIA card since Ampere. */
  readonly precisions: readonly Precision[];
  /** What it can do. */
  readonly caps: DeviceCaps;
}

/** What a device has done since it was opened. */
export interface DeviceStats {
  /** Buffers taken from the driver; flat in a loop whose memory is reused. */
  readonly allocations: number;
  /** Bytes held, free ones kept for reuse included. */
  readonly bytes: number;
  /** Bytes in use: by tensors, tapes and models. */
  readonly inUse: number;
  /** Kernels launched. */
  readonly launches: number;
  /** Copies from the host. */
  readonly writes: number;
  /** Copies to the host. */
  readonly reads: number;
}

/** How a device is opened. */
export interface DeviceOptions {
  /** Rungs to force, by op: `{ matmul: "3_tiled" }`. */
  readonly rungs?: Readonly<Record<string, string>>;
  /** A folder of kernels that stands in front of the built-in ones. */
  readonly kernels?: string;
  /**
   * How exactly products are made: no rung that rounds more is taken by itself. `"f32"` where it is not
   * given; for {@link Device.best} what the environment variable `STRATA_PRECISION` says.
   */
  readonly precision?: Precision;
}

/** One line of {@link Device.list}. */
export interface DeviceListing {
  /** The kind of machine. */
  readonly machine: Machine;
  /** The device, or null if there is none of its kind. */
  readonly info: DeviceInfo | null;
  /** Why there is none. */
  readonly reason: string | null;
}
