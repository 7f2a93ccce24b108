import type { Machine, Precision } from "./device-info.js";
import { parse } from "./json.js";
import { native } from "./load.js";
import type { KernelJson } from "./native.js";
import { onlyOurs, receivers } from "./shared/border.js";

/** A kernel's text in each language that it is written in; null where it is not. */
export interface KernelSource {
  /** CUDA. */
  readonly cuda: string | null;
  /** WGSL. */
  readonly wgsl: string | null;
  /** Rust: the body that runs on the CPU. */
  readonly cpu: string | null;
}

/** A piece of memory that a launch was given. */
export interface KernelBinding {
  /** The name that the kernel has for it. */
  readonly name: string;
  /** What it holds: a dtype, `bits` where the kernel does not ask, or `StepState`. */
  readonly type: string;
  /** Its size. */
  readonly bytes: number;
  /** Whether the kernel writes it. */
  readonly access: "read" | "write";
}

/** A field of a kernel's params struct. */
export interface KernelField {
  /** The name that the kernel has for it. */
  readonly name: string;
  /** The type of its numbers. */
  readonly type: "f32" | "i32" | "u32";
  /** One number, or those of an array. */
  readonly values: readonly number[];
}

let isRun: (value: unknown) => boolean;

/** One launch of a kernel, as it ran. */
export class KernelRun {
  static {
    isRun = (value) => typeof value === "object" && value !== null && #time in value;
  }

  readonly #time: () => Promise<number>;
  /** Op and rung, `matmul/2_threaded`. */
  readonly name: string;
  /** The function's name in the source. */
  readonly entry: string;
  /** The op whose ladder it is on, `matmul`. */
  readonly op: string;
  /** The rung that was taken, `2_threaded`. */
  readonly rung: string;
  /** What it ran on. */
  readonly machine: Machine;
  /** Its text. */
  readonly source: KernelSource;
  /** The repository's file with the body that runs on the CPU. */
  readonly cpuFile: string | null;
  /** Workgroups (blocks) in each dimension. */
  readonly grid: readonly [number, number, number];
  /** Invocations (threads) of one workgroup in each dimension. */
  readonly block: readonly [number, number, number];
  /** Workgroup (shared) memory beyond what the source declares, in bytes. */
  readonly sharedBytes: number;
  /** Numbers fixed when it was compiled. */
  readonly constants: Readonly<Record<string, number>>;
  /** Its small parameters, as 32-bit words. */
  readonly params: readonly number[];
  /** The same by name, as the kernel declares them; NaN also where a number is infinite. */
  readonly fields: readonly KernelField[];
  /** Its buffers. */
  readonly bindings: readonly KernelBinding[];
  /** Floating-point operations. */
  readonly flops: number;
  /** The fewest bytes that must move. */
  readonly bytes: number;

  /** Made by {@link GraphNode}. */
  constructor(key: symbol, kernel: KernelJson, time: () => Promise<number>) {
    onlyOurs(key, "KernelRun", "the nodes of a graph have them as their kernels");
    this.#time = time;
    this.name = kernel.path;
    this.entry = kernel.entry;
    this.op = kernel.op;
    this.rung = kernel.rung;
    this.machine = kernel.machine;
    this.source = { cuda: kernel.cuda, wgsl: kernel.wgsl, cpu: kernel.rust?.source ?? null };
    this.cpuFile = kernel.rust?.file ?? null;
    this.grid = kernel.grid;
    this.block = kernel.block;
    this.sharedBytes = kernel.sharedBytes;
    this.constants = kernel.constants;
    this.params = kernel.params;
    this.fields = kernel.fields.map(({ values, ...field }) => ({ ...field, values: values.map((x) => x ?? NaN) }));
    this.bindings = kernel.bindings;
    this.flops = kernel.flops;
    this.bytes = kernel.bytes;
  }

  /** FLOPs for each byte moved: where it stands on a roofline; 0 for a kernel that only moves. */
  get intensity(): number {
    return this.bytes === 0 ? 0 : this.flops / this.bytes;
  }

  /** Runs it again, alone, and resolves to the seconds it took: the median of several runs. */
  async time(): Promise<number> {
    return await this.#time();
  }
}

receivers(KernelRun, isRun);

/** A kernel of a rung. */
export interface LadderKernel {
  /** `matmul/3_tiled`. */
  readonly path: string;
  /** The function's name in the source. */
  readonly entry: string;
  /** CUDA text, or null. */
  readonly cuda: string | null;
  /** WGSL text, or null. */
  readonly wgsl: string | null;
  /** The Rust function that runs on the CPU, or null. */
  readonly rust: { readonly name: string; readonly file: string; readonly source: string } | null;
}

/** One way to compute an op. */
export interface LadderRung {
  /** Number and name, `3_tiled`. */
  readonly name: string;
  /** What it rounds the factors of its products to; `f32` rounds nothing. */
  readonly precision: Precision;
  /** What it can be asked for: that, and the 16-bit floats that its kernels take as they are stored. */
  readonly precisions: readonly Precision[];
  /** What it needs of a device beyond being one of its machines, in words, or null. */
  readonly needs: string | null;
  /** Whether it makes use of what one machine has and others have not. */
  readonly native: boolean;
  /** The machines that have it. */
  readonly machines: readonly Machine[];
  /** What it launches. */
  readonly kernels: readonly LadderKernel[];
}

/** All ways to compute an op, simplest first. */
export interface Ladder {
  /** The op. */
  readonly op: string;
  /** Its rungs. */
  readonly rungs: readonly LadderRung[];
}

/** The ladders of all ops: every kernel of the engine, with its text. */
export function ladders(): Ladder[] {
  return parse<Ladder[]>(native.ladders());
}
