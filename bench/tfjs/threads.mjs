// Threads for TensorFlow.js's WebAssembly backend in Node, which it ships but leaves off there:
// its worker script comes as a blob's address, which Node's workers do not open, and the script
// loads its module from another one. Both are files of its package, so each worker is given those.
import { createRequire } from "node:module";
import os from "node:os";
import process from "node:process";

const require = createRequire(import.meta.url);
const threads = require("node:worker_threads");
const module = require.resolve("@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js");
const { wasmWorkerContents } = require("@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js");

/** A worker that starts from the package's file, whatever address it is given. */
class FileWorker extends threads.Worker {
  constructor() {
    // As published it has a line break inside a string, which the package itself repairs like this.
    super(wasmWorkerContents.replaceAll("\n", "\\n"), { eval: true });
  }

  postMessage(message, transfer) {
    super.postMessage(message?.urlOrBlob === undefined ? message : { ...message, urlOrBlob: module }, transfer);
  }
}

/**
 * Switches the backend on with as many threads as this process may use; resolves to what really
 * runs: the module's flavour and its threads.
 */
export async function startWasm(tf, wasm) {
  threads.Worker = FileWorker;
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
  wasm.setThreadsCount(os.availableParallelism());
  // It takes no more threads than half of the logical cores it counts; here it may have all of them.
  const { cpus } = os;
  os.cpus = () => [...cpus(), ...cpus()];
  // The module adds handlers that would hide where an error came from.
  const before = process.rawListeners("uncaughtException");
  if (!(await tf.setBackend("wasm"))) throw new Error("the WebAssembly backend did not start");
  await tf.ready();
  os.cpus = cpus;
  for (const listener of process.rawListeners("uncaughtException")) if (!before.includes(listener)) process.off("uncaughtException", listener);
  return { simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"), threads: wasm.getThreadsCount() };
}
