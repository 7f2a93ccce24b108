// Runs a WebAssembly program that asks nothing of its host, and shows what it left in its memory.
import { readFileSync } from "node:fs";

const file = readFileSync(process.argv[2]);
const module = new WebAssembly.Module(file);
const imports = {};
// What wasm-bindgen would fill in for a page (WebGPU, the clock) is not here.
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = () => {
    throw new Error(`${name} is a page's, and this is none`);
  };
}
const { exports } = new WebAssembly.Instance(module, imports);

function said() {
  const memory = Buffer.from(exports.memory.buffer);
  const start = memory.lastIndexOf("page says: ");
  return start < 0 ? "it said nothing" : memory.toString("utf8", start + 11, memory.indexOf(0, start));
}

const start = performance.now();
try {
  exports.main(0, 0);
} catch (error) {
  console.error(`the program failed: ${said()}\n${error.stack}`);
  process.exit(1);
}
console.log(`${said()} (${Math.round(performance.now() - start)} ms, ${file.length >> 10} KiB)`);
