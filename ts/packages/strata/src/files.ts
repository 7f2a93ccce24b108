/** Tensors in files, as safetensors: what every other framework reads, too. */
import { defaultDevice, nativeDevice } from "./device.js";
import type { Device } from "./device.js";
import { native } from "./load.js";
import { handleOf, isOwned } from "./memory.js";
import { optionsOf, pathOf } from "./shared/options.js";
import { isArray, isRevoked, kindOf } from "./shared/show.js";
import { StrataError } from "./error.js";
import { wrap } from "./tensor/tensor.js";
import type { Tensor } from "./tensor/tensor.js";

/**
 * Writes named tensors to a `.safetensors` file, each in its own dtype: `await saveTensors(path, model.stateDict())`.
 * The file that was there survives until the new one is whole.
 *
 * @throws {@link StrataError} `"file"` if it cannot be written; `"dtype"` unless f32, bf16 or f16.
 */
export async function saveTensors(path: string, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  const op = "saveTensors";
  const to = pathOf(op, "path", path);
  const named = namedTensors(op, tensors);
  const handles = named.map(([, tensor]) => handleOf(tensor, op));
  await native.saveTensors(to, named.map(([name]) => name), handles);
}

/** Tensors by name, as `Object.entries` has them; a tensor or a list of them is no such record. */
export function namedTensors(op: string, tensors: unknown): [name: string, tensor: unknown][] {
  if (typeof tensors !== "object" || tensors === null || isArray(tensors) || isOwned(tensors) || isRevoked(tensors)) {
    throw new StrataError("argument", `${op} takes tensors by name, { name: tensor }, got ${isOwned(tensors) ? "a Tensor" : kindOf(tensors)}`, op);
  }
  return Object.entries(tensors);
}

/**
 * Reads a `.safetensors` file: every tensor in it, by name, as f32. Integers and truth values become
 * the same numbers.
 *
 * @throws {@link StrataError} `"file"` if it cannot be read; `"checkpoint"` if it is no such file, is
 * truncated, or holds an integer that f32 cannot hold. The message names it.
 */
export async function loadTensors(
  path: string,
  options?: { device?: Device | undefined },
): Promise<Record<string, Tensor>> {
  const op = "loadTensors";
  const { device = defaultDevice() } = optionsOf(op, options);
  const file = await native.loadTensors(pathOf(op, "path", path), nativeDevice(device, op));
  const names = file.names();
  return Object.fromEntries(file.take().map((handle, i) => [names[i] ?? "", wrap(handle, device)]));
}
