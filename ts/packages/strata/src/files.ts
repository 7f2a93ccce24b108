/** Tensors in files, as safetensors: what every other framework reads, too. */
import { defaultDevice, nativeDevice } from "./device.js";
import type { Device } from "./device.js";
import { native } from "./load.js";
import { handleOf } from "./memory.js";
import { wrap } from "./tensor/tensor.js";
import type { Tensor } from "./tensor/tensor.js";

/**
 * Writes named f32 tensors to a `.safetensors` file: `await saveTensors(path, model.stateDict())`.
 * The file that was there survives until the new one is whole.
 *
 * @throws {@link StrataError} `"file"` if it cannot be written; `"dtype"` unless f32.
 */
export async function saveTensors(path: string, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  const handles = Object.values(tensors).map((tensor) => handleOf(tensor, "saveTensors"));
  await native.saveTensors(String(path), Object.keys(tensors), handles);
}

/**
 * Reads a `.safetensors` file: every tensor in it, by name, as f32.
 *
 * @throws {@link StrataError} `"file"` if it cannot be read; `"checkpoint"` if it is no such file, or
 * is cut off. The message names it.
 */
export async function loadTensors(
  path: string,
  options: { device?: Device | undefined } = {},
): Promise<Record<string, Tensor>> {
  const { device = defaultDevice() } = options;
  const file = await native.loadTensors(String(path), nativeDevice(device, "loadTensors"));
  const names = file.names();
  return Object.fromEntries(file.take().map((handle, i) => [names[i] ?? "", wrap(handle, device)]));
}
