/**
 * What TypeScript costs beyond Rust: a training step, ten thousand tiny additions, a look at 100 MB.
 *
 *   npm run bench [-- --pairs 40 --preset gpt-12m --batch 4 --context 256]
 */
import { writeFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { data, Device, full, GPT, GPT_PRESETS, memory, ones, optim, Trainer } from "strata-ml";
import type { Tensor } from "strata-ml";
import { native } from "../packages/strata/dist/load.js";
import { handleOf } from "../packages/strata/dist/memory.js";

const { values: flags } = parseArgs({
  options: {
    pairs: { type: "string", default: "60" },
    preset: { type: "string", default: "gpt-12m" },
    batch: { type: "string", default: "4" },
    context: { type: "string", default: "256" },
    out: { type: "string" },
  },
});

function whole(name: "pairs" | "batch" | "context"): number {
  const value = Number(flags[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} is a whole number of at least 1, not ${flags[name]}`);
}

/** The number below which a share of the numbers lies. */
function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** Full collections, if Node was started with --expose-gc. */
function collect(): void {
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc === "function") Reflect.apply(gc, undefined, []);
}

/** One training step, composed here and by Rust's own loop, in turns; the losses must be the same. */
async function trainingStep() {
  const preset = GPT_PRESETS.find((name) => name === flags.preset);
  if (preset === undefined) throw new Error(`--preset is one of ${GPT_PRESETS.join(", ")}, not ${flags.preset}`);
  const [pairs, batch, context, lr] = [whole("pairs"), whole("batch"), whole("context"), 1e-4];
  const settings = { betas: [0.9, 0.95], weightDecay: 0.1, clip: 1 } as const;
  const [ours, theirs] = [new GPT(preset, { seed: 1 }), new GPT(preset, { seed: 1 })];
  const optimizer = new optim.AdamW(ours, { ...settings, lr });
  const trainer = Trainer.create(theirs, { ...settings, lr, batchSize: batch, context, steps: pairs });
  let state = 1;
  const draw = () => Uint32Array.from({ length: batch * context }, () => (state = (state * 48271) % 2147483647) % ours.config.vocabSize);
  const losses = { typescript: 0, rust: 0 };

  const typescript = (rows: data.Batch) => {
    const [ids, targets] = [rows.ids(), rows.targetIds()];
    optimizer.zeroGrad();
    const loss = ours.loss(ids, targets);
    loss.backward();
    optimizer.step();
    losses.typescript = loss.item();
    for (const tensor of [ids, targets, loss]) tensor.dispose();
  };
  const rust = (rows: data.Batch) => {
    losses.rust = Math.fround(trainer.trainOnNow(rows, lr).loss);
  };

  const times: { typescript: number[]; rust: number[] } = { typescript: [], rust: [] };
  const ratios: number[] = [];
  // Two pairs warm caches and the compiler up.
  for (let pair = -2; pair < pairs; pair++) {
    const rows = new data.Batch({ inputs: draw(), targets: draw(), batch, context });
    const first = pair % 2 === 0;
    let [a, b] = [0, 0];
    if (first) a = seconds(() => typescript(rows));
    b = seconds(() => rust(rows));
    if (!first) a = seconds(() => typescript(rows));
    if (losses.typescript !== losses.rust) {
      throw new Error(`pair ${pair}: the loss is ${losses.typescript} from TypeScript and ${losses.rust} from Rust`);
    }
    await turn();
    if (pair < 0) continue;
    times.typescript.push(a);
    times.rust.push(b);
    ratios.push(a / b);
  }
  return {
    preset,
    batch,
    context,
    pairs,
    typescript_seconds: median(times.typescript),
    rust_seconds: median(times.rust),
    ratio: median(ratios),
    ratio_quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    last_loss: losses.rust,
  };
}

/** Additions of 16 numbers, nothing disposed: what the collector and its finalizers cost is in it. */
async function tinyAdds() {
  const [count, rounds, series] = [10_000, 20, 5];
  const [a, b] = [ones([16]), ones([16])];
  const add = (n: number) => {
    for (let i = 0; i < n; i++) a.add(b);
  };
  const settle = async (before: number) => {
    collect();
    for (let i = 0; i < 100 && memory.liveTensors() > before; i++) await turn();
  };
  add(count);
  await turn();
  await settle(2);
  const before = memory.liveTensors();
  const all: { rust: number; loop: number; whole: number }[] = [];
  for (let i = 0; i < series; i++) {
    const [loops, rust]: [number[], number[]] = [[], []];
    let total = 0;
    for (let round = 0; round < rounds; round++) {
      rust.push(native.timeAdds(handleOf(a, "bench"), handleOf(b, "bench"), count) / count);
      const start = performance.now();
      loops.push((seconds(() => add(count)) * 1e9) / count);
      // Finalizers run when the event loop turns.
      await turn();
      total += performance.now() - start;
    }
    const start = performance.now();
    await settle(before);
    total += performance.now() - start;
    all.push({ rust: median(rust), loop: median(loops), whole: (total * 1e6) / (rounds * count) });
  }
  return {
    adds: count,
    rounds,
    series,
    elements: 16,
    rust_ns: median(all.map(({ rust }) => rust)),
    /** Inside of the loop only, and with turns, collections and finalizers. */
    loop_ns: median(all.map(({ loop }) => loop)),
    whole_ns: median(all.map(({ whole }) => whole)),
    beyond_rust_ns: median(all.map(({ whole, rust }) => whole - rust)),
    left_over: memory.liveTensors() - before,
  };
}

/** `view()` of `megabytes`: the first of a tensor, straight or with the collector at rest, and the second. */
async function views(megabytes: number) {
  const look = (tensor: Tensor) => {
    let number = 0;
    const time = seconds(() => (number = tensor.view()[7] ?? 0));
    if (number !== 1) throw new Error("the view does not show the tensor");
    return time * 1e6;
  };
  const [straight, calm, again]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < 40; i++) {
    const tensor = full([megabytes * 250_000], 1);
    const waits = i % 2 === 1;
    if (waits) {
      collect();
      await turn();
    }
    (waits ? calm : straight).push(look(tensor));
    again.push(look(tensor));
    tensor.dispose();
  }
  return { bytes: megabytes * 1e6, first_us: median(straight), first_at_rest_us: median(calm), again_us: median(again) };
}

const cpu = Device.cpu();
// V8 starts or advances a collection whenever memory outside of its heap grows by more than 64 MiB at
// once: that is what the first view of 100 MB waits for, and that of 60 MB does not.
const view = [await views(100), await views(60)];
for (const { bytes, first_us, first_at_rest_us, again_us } of view) {
  const name = `view() of ${bytes / 1e6} MB`.padEnd(25);
  console.log(`${name} first ${first_us.toFixed(1)} µs, collector at rest ${first_at_rest_us.toFixed(1)} µs, again ${again_us.toFixed(1)} µs; target < 50`);
}
const adds = await tinyAdds();
console.log(`a tiny add                ${(adds.whole_ns / 1000).toFixed(2)} µs, ${(adds.beyond_rust_ns / 1000).toFixed(2)} beyond Rust's ${(adds.rust_ns / 1000).toFixed(2)}; target < 3`);
const step = await trainingStep();
const [low = NaN, high = NaN] = step.ratio_quartiles;
console.log(
  `a step of ${step.preset.padEnd(15)} ${(step.typescript_seconds * 1000).toFixed(1)} ms, Rust ${(step.rust_seconds * 1000).toFixed(1)} ms: ratio ${step.ratio.toFixed(4)} (quartiles ${low.toFixed(4)} to ${high.toFixed(4)}, ${step.pairs} pairs); target < 1.02`,
);
if (flags.out !== undefined) writeFileSync(flags.out, JSON.stringify({ threads: cpu.info.caps.units, driver: cpu.info.driver, step, adds, view }));
