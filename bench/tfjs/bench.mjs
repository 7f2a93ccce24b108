// strata-ml beside TensorFlow.js in Node: its WebAssembly backend (SIMD and threads) and its plain
// JavaScript one. First all three must agree on a result; then they take turns, each time on fresh
// inputs, and medians are compared.
//
//   npm run bench [-- --runs 30 --only matmul --record FILE --no-record --no-build --note TEXT]
import { createRequire } from "node:module";
import { resolve } from "node:path";
import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "../../ts/scripts/build.mjs";
import { circumstances, record, resultFile } from "../../ts/scripts/record.mjs";
import { setup } from "../../ts/scripts/setup.mjs";
import { works } from "./works.mjs";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "40" },
    only: { type: "string", default: "" },
    record: { type: "string", default: resultFile("tfjs.json") },
    "no-record": { type: "boolean", default: false },
    // Measures what is built already.
    "no-build": { type: "boolean", default: false },
    // What else a reader of the record should know.
    note: { type: "string" },
  },
});
const runs = Number(flags.runs);
if (!Number.isInteger(runs) || runs < 3) throw new Error(`--runs is a whole number of at least 3, not ${flags.runs}`);

await setup(fileURLToPath(new URL(".", import.meta.url)));
if (!flags["no-build"]) await build();
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");
// Without their checks and hints.
tf.enableProdMode();
const { startWasm } = await import("./threads.mjs");
const mode = await startWasm(tf, wasm);
const strata = await import("../../ts/packages/strata/dist/index.js");

/** The contenders; `use` is called before each turn, outside of the time. */
const contenders = [
  { name: "strata", use: async () => {} },
  { name: "wasm", use: async () => void (await tf.setBackend("wasm")) },
  // Seconds for what the others do in milliseconds: fewer turns are enough.
  { name: "javascript", use: async () => void (await tf.setBackend("cpu")), every: 8 },
];

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Largest difference, as a share of the largest number of the reference. */
function apart(got, want) {
  if (got.length !== want.length) throw new Error(`${got.length} numbers, not ${want.length}`);
  let [most, scale] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    // NaN is never close enough.
    if (!(Math.abs(got[i] - want[i]) <= most)) most = Math.abs(got[i] - want[i]);
    scale = Math.max(scale, Math.abs(want[i]));
  }
  return most / scale;
}

/** One work: agreement, warm-up, turns. */
async function measure(work) {
  const entries = [];
  for (const { name, use, every = 1 } of contenders) {
    await use();
    const runner = name === "strata" ? work.strata(strata) : work.tfjs(tf);
    entries.push({ name, use, every, runner, times: [], first: [], checked: [] });
  }
  // The same inputs for all, three times: training moves its weights meanwhile.
  for (let i = 0; i < 3; i++) {
    const inputs = work.draw(i);
    for (const entry of entries) {
      await entry.use();
      entry.runner.set(inputs);
      entry.runner.run();
      entry.checked.push(entry.runner.result());
      entry.runner.clear();
    }
    const [ours, ...theirs] = entries;
    for (const { name, checked } of theirs) {
      const difference = apart(checked[i], ours.checked[i]);
      if (!(difference <= work.tolerance)) throw new Error(`${work.name}: strata and ${name} differ by ${difference}`);
    }
  }
  for (let round = -3; round < runs; round++) {
    const inputs = [work.draw(1000 + round), work.draw(2000 + round)];
    // Who comes first changes, so that nobody always runs on another's warm caches.
    const order = round % 2 === 0 ? entries : [...entries].reverse();
    for (const { use, runner, every, times, first } of order) {
      if (every > 1 && (round < -1 || (round >= 0 && round % every !== 0))) continue;
      await use();
      await turn();
      // Drawing numbers is one thread's work: meanwhile the others went to sleep, or to the same core.
      // The first run wakes them; it is told apart from the second, which is what a loop would see.
      for (const [i, numbers] of inputs.entries()) {
        runner.set(numbers);
        const start = performance.now();
        runner.run();
        const time = (performance.now() - start) / 1000;
        if (round >= 0) (i === 0 ? first : times).push(time);
        runner.clear();
      }
    }
  }
  for (const { runner } of entries) runner.dispose();
  const [ours, ...theirs] = entries.map(({ name, times, first }) => ({
    name,
    seconds: median(times),
    best: Math.min(...times),
    first: median(first),
    runs: times.length,
  }));
  const better = (key) => Math.min(...theirs.map((one) => one[key])) / ours[key];
  const faster = theirs.reduce((a, b) => (a.seconds < b.seconds ? a : b));
  return {
    work: work.name,
    flops: work.flops,
    tolerance: work.tolerance,
    contenders: [ours, ...theirs],
    better: faster.name,
    ratio: better("seconds"),
    ratio_first: better("first"),
  };
}

const about = {
  what: "strata-ml beside TensorFlow.js in Node, medians of interleaved turns",
  ...circumstances(),
  ...(flags.note === undefined ? {} : { note: flags.note }),
  threads: strata.Device.cpu().info.caps.units,
  driver: strata.Device.cpu().info.driver,
  tfjs: { version: tf.version_core, wasm: { simd: mode.simd, threads: mode.threads } },
};
console.log(`${about.device}, ${about.runtime}`);
console.log(`strata: ${about.driver}, ${about.threads} threads; TensorFlow.js ${about.tfjs.version}: wasm with${mode.simd ? "" : "out"} SIMD, ${mode.threads} thread${mode.threads === 1 ? "" : "s"}\n`);
console.log(`${"".padEnd(34)}${"strata".padStart(12)}${"wasm".padStart(12)}${"javascript".padStart(14)}     ratio  after a pause`);
const results = [];
for (const work of works.filter(({ name }) => name.includes(flags.only))) {
  const result = await measure(work);
  results.push(result);
  const [a, b, c] = result.contenders.map(({ seconds }) => `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1)} ms`);
  console.log(`${work.name.padEnd(34)}${a.padStart(12)}${b.padStart(12)}${c.padStart(14)}${result.ratio.toFixed(2).padStart(10)}${result.ratio_first.toFixed(2).padStart(15)}`);
}
if (!flags["no-record"]) record(resolve(flags.record), { ...about, results });
// The WebAssembly backend's workers would keep the process alive.
process.exit(0);
