/** 04 gelu: a curve, its slope, and where its kernels stand under the roofline */
import { linspace, ones, randn } from "strata-ml";
import type { KernelRun, Tensor } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point } from "./lib/chart.ts";
import { tone } from "./lib/colour.ts";
import { spent } from "./lib/kernels.ts";
import { by, start } from "./lib/start.ts";
import { table, unit } from "./lib/table.ts";
import { heading, ink, print, say } from "./lib/terminal.ts";

const { device } = await start(import.meta.url);

heading("gelu(x) = x · Φ(x): a gate that opens softly");
// region: curve
const x = linspace(-4, 2, 160, { device, requiresGrad: true });
const y = x.gelu();
y.sum().backward();
const [at, value, slope] = [await x.read(), await y.read(), await (x.grad ?? x).read()];
// end: curve
const curve = (of: Float32Array): Point[] => Array.from(of, (v, i) => [at[i] ?? 0, v]);
print(
  ...chart(
    [
      { name: "gelu(x)", points: curve(value) },
      { name: "its slope, x.grad", points: curve(slope) },
    ],
    { height: 12 },
  ),
);

/** GELU's formula word for word: a kernel for each operation, and each a pass over memory. */
// region: formula
function formula(x: Tensor): Tensor {
  const inner = x.mul(x.square().mul(0.044715).add(1)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(inner.tanh().mul(0.5).add(0.5));
}
// end: formula

/** Everything that runs to compute a tensor, and to differentiate it. */
function launches(result: Tensor): { forward: KernelRun[]; backward: KernelRun[] } {
  const graph = result.graph();
  result.backward({ gradient: ones(result.shape, { device }), retainGraph: true });
  const of = (pass: "kernels" | "backwardKernels"): KernelRun[] => graph.nodes.flatMap((node) => node[pass]);
  return { forward: of("kernels"), backward: of("backwardKernels").filter(({ op }) => op !== "fill") };
}

interface Spot {
  name: string;
  flops: number;
  bytes: number;
  seconds: number;
  launches: number;
}

/** Several launches as one: their times added, and the FLOPs and bytes that the whole cannot do without. */
async function spot(name: string, runs: KernelRun[], cost: { flops: number; bytes: number }): Promise<Spot> {
  const { seconds } = await spent(runs);
  return { name, flops: cost.flops, bytes: cost.bytes, seconds, launches: runs.length };
}

const numbers = [by(device, 1 << 22, 1 << 24, 1 << 16)];
const wide = (rung?: string): Tensor =>
  randn(numbers, {
    seed: 1,
    requiresGrad: true,
    device: rung === undefined ? device : device.withRung("gelu", rung),
  });
// region: spots
const fused = launches(wide().gelu());
const [gelu = failed()] = fused.forward;
const [twice = failed()] = launches(wide().mul(2)).forward;
// end: spots
const side = by(device, 512, 2048, 128);
const product = (n: number): KernelRun => {
  const [a, b] = [randn([n, n], { device, seed: 1, requiresGrad: true }), randn([n, n], { device, seed: 2 })];
  return launches(a.matmul(b)).forward[0] ?? failed();
};
const [small, large] = [product(16), product(side)];
const spots = [
  await spot("gelu, op by op", launches(formula(wide())).forward, gelu),
  await spot("gelu, 1_naive", launches(wide("1_naive").gelu()).forward, gelu),
  await spot(`gelu, ${gelu.rung}`, [gelu], gelu),
  await spot("its backward", fused.backward, fused.backward[0] ?? gelu),
  await spot("2 · x", [twice], twice),
  await spot("matmul 16×16", [small], small),
  await spot(`matmul ${side}×${side}`, [large], large),
];

heading(`Under the roof: what ${device.label} can do at most`);
const { compute, bandwidth } = await device.ceiling();
say(
  `A copy moves ${unit(bandwidth, "B/s")}: the slope. A matrix product does ${unit(compute, "FLOP/s")}: the
   flat. They meet at ${(compute / bandwidth).toFixed(1)} FLOPs for each byte.`,
);
const roof = (intensity: number): number => Math.min(compute, intensity * bandwidth);
const [from, to] = [0.05, 256];
const series = [
  { points: [from, compute / bandwidth, to].map((i): Point => [i, roof(i)]), colour: [150, 150, 150] as const },
  ...spots.map(({ flops, bytes, seconds }, i) => ({
    points: [[flops / bytes, flops / seconds] as const],
    mark: String(i + 1),
    colour: tone(i),
  })),
];
const low = Math.min(roof(from), ...spots.map(({ flops, seconds }) => flops / seconds)) / 1.3;
print(
  ...chart(series, {
    log: "xy",
    x: [from, to],
    y: [low, compute * 1.25],
    height: 14,
    format: (v) => unit(v, "FLOP/s"),
    xLabel: "FLOPs per byte",
  }),
  "",
);
const rows = spots.map(({ name, flops, bytes, seconds, launches }, i) => {
  const share = flops / seconds / roof(flops / bytes);
  return [
    `${ink(String(i + 1), tone(i))} ${name}`,
    String(launches),
    unit(seconds, "s"),
    unit(bytes / seconds, "B/s"),
    unit(flops / seconds, "FLOP/s"),
    `${(100 * share).toFixed(0)} %`,
  ];
});
print(...table(["", "launches", "time", "memory", "arithmetic", "of the roof"], rows), "");
const [slow, , fast, , copy] = spots;
if (slow !== undefined && fast !== undefined && copy !== undefined) {
  const longer = fast.seconds / copy.seconds;
  say(
    `Op by op, every step goes through memory. ${ink("Fused", tone(2))} it is one read and one write,
     ${(slow.seconds / fast.seconds).toFixed(1)} times as fast. 2 · x moves as much; GELU takes
     ${longer.toFixed(1)} times as long: ${longer < 1.5 ? "what it computes hardly matters" : "here what it computes counts too"}.`,
  );
}

function failed(): never {
  throw new Error("nothing was launched");
}
