import type { DeviceInfo, DeviceListing, DeviceOptions, DeviceStats, Machine, Precision } from "./device-info.js";
import { StrataError } from "./error.js";
import { parse } from "./json.js";
import { native } from "./load.js";
import type { NativeDevice } from "./native.js";
import { onlyOurs, OURS, receivers } from "./shared/border.js";
import { optionsOf, pathOf, text } from "./shared/options.js";
import { typeName, show } from "./shared/show.js";

/**
 * Devices that are open, by name and by what they were asked for: a second opening would be another
 * device, whose tensors could not meet those of the first.
 */
const opened = new Map<string, Device>();

let chosen: Device | undefined;

/** The engine's side of a device. Not exported from the package. */
export let nativeDevice: (device: unknown, op: string) => NativeDevice;
let isDevice: (value: unknown) => value is Device;

/** Options of a device, each looked at once. */
interface Settings {
  readonly rungs: readonly (readonly [op: string, rung: string])[];
  readonly kernels: string | undefined;
  readonly precision: string | undefined;
}

/** Refuses options that do not exist, and values of the wrong kind. */
function settingsOf(options: DeviceOptions | undefined): Settings {
  const op = "open";
  let rungs: Settings["rungs"] = [];
  let kernels: string | undefined;
  let precision: string | undefined;
  for (const [key, value] of Object.entries<unknown>(optionsOf(op, options))) {
    if (value === undefined) continue;
    if (key === "rungs" && typeof value === "object" && value !== null) {
      const given: Record<string, unknown> = { ...optionsOf(op, value, "rungs") };
      rungs = Object.entries(given).map(([name, rung]) => [name, text(op, `rungs: ${show(name)}`, rung)] as const);
    } else if (key === "kernels" && typeof value === "string") {
      kernels = pathOf(op, "kernels", value);
    } else if (key === "precision" && typeof value === "string") {
      precision = value;
    } else {
      const message = `${op}: ${key}: ${show(value)} is no option of a device; there are rungs (an op's rung each), kernels (a folder) and precision (f32, tf32, f16 or bf16)`;
      throw new StrataError("argument", message, op);
    }
  }
  return { rungs, kernels, precision };
}

/** A machine that holds tensors and computes. */
export class Device {
  readonly #native: NativeDevice;
  #info: DeviceInfo | undefined;
  /** Why {@link Device.best} took this one; `""` for a device opened by name. */
  readonly reason: string;

  static {
    isDevice = (value): value is Device => typeof value === "object" && value !== null && #native in value;
    nativeDevice = (device, op) => {
      if (isDevice(device)) return device.#native;
      const message = `${op}: device must be a Device, got ${typeName(device)}; use Device.cpu() or await Device.open("cuda")`;
      throw new StrataError("argument", message, op);
    };
  }

  private constructor(key: symbol, device: NativeDevice, reason = "") {
    onlyOurs(key, "Device", 'use Device.cpu() or await Device.open("cuda")');
    this.#native = device;
    this.reason = reason;
  }

  /** The processor. Always there, and always the same object. */
  static cpu(): Device {
    return opened.get("cpu") ?? Device.#share("cpu", native.cpuDevice());
  }

  /**
   * Opens a device by name: `"cpu"`, `"cuda"`, `"cuda:1"`, `"wgpu"`, `"wgpu:0"`. One that is open
   * already is the same device, unless it is asked to read other kernels.
   *
   * @throws {@link StrataError} `"device"` if it is not there, with what to do, or has not the precision;
   * `"rung"`, `"kernels"` for options that cannot be met.
   */
  static async open(name: string, options?: DeviceOptions): Promise<Device> {
    if (typeof name !== "string") {
      throw new StrataError("argument", `Device.open takes a name like "cuda:0", got ${typeName(name)}`, "open");
    }
    const { kernels, rungs, precision } = settingsOf(options);
    if (kernels !== undefined) {
      const text = JSON.stringify({ kernels, rungs: Object.fromEntries(rungs) });
      return new Device(OURS, await native.openDevice(name, text)).#in(precision);
    }
    // The engine knows one CPU, and calls it just that.
    const known = name === "cpu" || name === "cpu:0" ? Device.cpu() : opened.get(name);
    const device = known ?? Device.#share(name, await native.openDevice(name, "{}"));
    return device.#withRungs(rungs).#in(precision);
  }

  /** The fastest device here: CUDA, then a hardware WebGPU adapter, then the CPU; see {@link reason}. */
  static async best(options?: DeviceOptions): Promise<Device> {
    const { kernels, rungs, precision } = settingsOf(options);
    const asked = precision ?? native.askedPrecision();
    const best = await native.bestDevice(JSON.stringify({ kernels }));
    const reason = native.bestReason();
    const device = kernels === undefined ? Device.#share("best", best).#native : best;
    return new Device(OURS, device, reason).#withRungs(rungs).#in(asked === "" ? undefined : asked);
  }

  /** Every kind of machine: the devices here, or why there is none. */
  static async list(): Promise<DeviceListing[]> {
    return parse<DeviceListing[]>(await native.listDevices());
  }

  /** The device that is open under this one's name; this one, from now on, if none is. */
  static #share(asked: string, device: NativeDevice): Device {
    const fresh = new Device(OURS, device);
    const shared = opened.get(fresh.name) ?? fresh;
    opened.set(fresh.name, shared);
    // What "best" is may change with the environment.
    if (asked !== "best") opened.set(asked, shared);
    return shared;
  }

  #withRungs(rungs: Settings["rungs"]): Device {
    return rungs.reduce<Device>((device, [op, rung]) => device.withRung(op, rung), this);
  }

  /** The device in a precision, this one where none is asked for. */
  #in(precision: string | undefined): Device {
    if (precision === undefined || precision === this.precision) return this;
    return new Device(OURS, this.#native.withPrecision(precision), this.reason);
  }

  /** Who it is. */
  get info(): DeviceInfo {
    return (this.#info ??= parse<DeviceInfo>(this.#native.info()));
  }

  /** `cpu:0`, `cuda:1`: what {@link Device.open} takes. */
  get name(): string {
    return `${this.info.machine}:${this.info.index}`;
  }

  /** `cuda:0 (NVIDIA H200)`. */
  get label(): string {
    return this.info.label;
  }

  /** The kind of machine. */
  get machine(): Machine {
    return this.info.machine;
  }

  /**
   * The same device, on which an op takes a given rung: `device.withRung("matmul", "3_tiled")`.
   * Tensors of one can meet tensors of the other; the left operand's rung is taken.
   *
   * @throws {@link StrataError} `"rung"`: no such op or rung; the message lists those there are.
   */
  withRung(op: string, rung: string): Device {
    const [on, taken] = [text("withRung", "op", op), text("withRung", "rung", rung)];
    return new Device(OURS, this.#native.withRung(on, taken), this.reason);
  }

  /** How exactly products are made on this handle; `"f32"` unless another precision was asked for. */
  get precision(): Precision {
    return this.#native.precision() as Precision;
  }

  /**
   * The same device, whose products are made in another precision: `device.withPrecision("tf32")`. An op's
   * ladder then takes the highest rung that rounds no more than that.
   *
   * @throws {@link StrataError} `"device"`: the device has not that precision; the message lists those it has.
   */
  withPrecision(precision: Precision): Device {
    return new Device(OURS, this.#native.withPrecision(text("withPrecision", "precision", precision)), this.reason);
  }

  /** What it has done since it was opened. */
  stats(): DeviceStats {
    return parse<DeviceStats>(this.#native.stats());
  }

  /** Resolves when everything launched so far has run. */
  async synchronize(): Promise<void> {
    await this.#native.synchronize();
  }

  /** Frees cached memory that nobody uses. */
  trim(): void {
    this.#native.trim();
  }

  /**
   * What the device can do at most, measured: FLOP/s of a large matrix product, bytes/s of a large
   * copy. The two lines of a roofline.
   */
  async ceiling(): Promise<{ compute: number; bandwidth: number }> {
    return parse<{ compute: number; bandwidth: number }>(await this.#native.ceiling());
  }

  /** Whether two are one device, whatever rungs they force and precision they have. */
  same(other: Device): boolean {
    return this.#native.same(nativeDevice(other, "same"));
  }

  /** `Device(cpu:0 (…))`. */
  toString(): string {
    return `Device(${this.label})`;
  }

  /** How `console.log` shows it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

receivers(Device, isDevice);

/** The device that tensors are made on when none is named; the CPU at first. */
export function defaultDevice(): Device {
  return chosen ?? Device.cpu();
}

/** Makes `device` the one that tensors are made on when none is named. */
export function setDefaultDevice(device: Device): void {
  nativeDevice(device, "setDefaultDevice");
  chosen = device;
}
