/** 03 matmul: one product by every rung, what each launched, and its source */
import { ladders, randn } from "strata-ml";
import type { KernelRun } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point } from "./lib/chart.ts";
import { tone } from "./lib/colour.ts";
import { source } from "./lib/kernels.ts";
import { amount, by, start } from "./lib/start.ts";
import { bold, dim, heading, print, say } from "./lib/terminal.ts";
import { bar, table, unit } from "./lib/table.ts";

const { device, size } = await start(import.meta.url, { size: amount("rows and columns of the matrices") });
const n = size ?? by(device, 512, 2048, 128);

// region: multiply
/** A product of two random matrices by one rung: its kernel, as it ran, and the numbers that came out. */
async function multiply(size: number, rung: string): Promise<{ kernel: KernelRun; values: Float32Array }> {
  const on = device.withRung("matmul", rung);
  const a = randn([size, size], { device: on, seed: 1, requiresGrad: true });
  const b = randn([size, size], { device: on, seed: 2 });
  const c = a.matmul(b);
  const kernel = c.graph().nodes.at(-1)?.kernels[0];
  if (kernel === undefined) throw new Error("a product is one launch");
  return { kernel, values: await c.read() };
}
// end: multiply

const ladder = ladders().find(({ op }) => op === "matmul");
const here = ladder?.rungs.filter(({ machines }) => machines.includes(device.machine)) ?? [];
const elsewhere = ladder?.rungs.filter(({ machines }) => !machines.includes(device.machine)) ?? [];

heading(`c = a · b, ${n} × ${n} each: ${unit(2 * n ** 3, "FLOP")}`);
const runs: { kernel: KernelRun; speed: number; apart: number }[] = [];
let truth: Float32Array | undefined;
for (const { name } of here) {
  const { kernel, values } = await multiply(n, name);
  const want = (truth ??= values);
  const apart = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (want[i] ?? NaN))), 0);
  runs.push({ kernel, speed: kernel.flops / (await kernel.time()), apart });
}
const speeds = runs.map(({ speed }) => speed);
const fastest = Math.max(...speeds);
const rows = runs.map(({ kernel, speed, apart }, i) => [
  kernel.name,
  unit(speed, "FLOP/s"),
  `${(speed / (speeds[0] ?? NaN)).toFixed(1)}×`,
  apart === 0 ? "0" : apart.toExponential(0),
  bar(speed / fastest, 26, tone(i)),
]);
print(...table(["kernel", "speed", "", "differs by", ""], rows));
if (elsewhere.length > 0) {
  const others = elsewhere.map(({ name, machines }) => `${name} (${machines.join(", ")})`);
  say(dim(`other machines have ${others.join(", ")}`), "  ");
}

heading("What was launched");
const launches = runs.map(({ kernel }) => [
  kernel.name,
  kernel.grid.join("×"),
  kernel.block.join("×"),
  Object.entries(kernel.constants)
    .flatMap(([name, value]) => (value === 0 ? [] : [`${name}=${value}`]))
    .join(" "),
]);
print(...table(["kernel", "grid", "block", "constants"], launches));
say("Constants that are 0, of a bias or a GELU that nobody asked for, are compiled away.", "  ");
const [first] = runs;
if (first !== undefined) {
  const { flops, bytes, intensity } = first.kernel;
  say(
    `${unit(flops, "FLOP")} on at least ${unit(bytes, "B")} of memory: ${intensity.toFixed(0)} operations
     for each byte. That is why it pays to keep tiles near.`,
    "  ",
  );
}

heading("Where the tiles pay");
const sizes = [16, 32, 64, 128, 256, 512, 1024].filter((size) => size <= by(device, 256, 1024, 128));
const curves = [];
for (const { name } of here) {
  // region: sizes
  const points: Point[] = [];
  for (const size of sizes) {
    const { kernel } = await multiply(size, name);
    points.push([size, kernel.flops / (await kernel.time())]);
  }
  // end: sizes
  curves.push({ name, points });
}
print(
  ...chart(curves, { log: "xy", height: 9, format: (speed) => unit(speed, "FLOP/s"), xLabel: "rows and columns" }),
);

const best = runs.find(({ speed }) => speed === fastest)?.kernel;
if (best !== undefined) {
  const { language, file, lines } = source(best);
  heading(`The winner's source, ${language}${file === null ? "" : `, in ${file}`}`);
  print(
    ...lines.slice(0, 14),
    dim(
      `  … ${lines.length - 14} more; kernel.source has all of it, in ${bold("cuda")}, ${bold("wgsl")} and ${bold("cpu")}`,
    ),
  );
}
