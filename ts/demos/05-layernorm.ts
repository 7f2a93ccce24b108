/** 05 layernorm: rows of any size come out alike, two numbers a row, at copy speed */
import { functional, ladders, linspace, ones, randn, zeros } from "strata-ml";
import type { KernelRun } from "strata-ml";
import { signed, tone } from "./lib/colour.ts";
import { cells } from "./lib/heat.ts";
import { spent } from "./lib/kernels.ts";
import { by, start } from "./lib/start.ts";
import { bar, table, unit } from "./lib/table.ts";
import { beside, bold, dim, heading, pad, print, say } from "./lib/terminal.ts";

const { device } = await start(import.meta.url);

heading("Ten rows, each with a level and a size of its own");
const [rows, width] = [10, 15];
// region: stats
const level = linspace(-6, 6, rows, { device }).unsqueeze(1);
const size = linspace(0.2, 4, rows, { device }).unsqueeze(1);
const x = randn([rows, width], { device, seed: 3 }).mul(size).add(level);
const { out, mean, rstd } = functional.layerNormStats(x, ones([width], { device }), zeros([width], { device }));
// end: stats
const [before, after, means, rstds] = await Promise.all([x.read(), out.read(), mean.read(), rstd.read()]);
const label = (text: string): string => bold(pad(text, 2 * width));
const stats = Array.from(
  means,
  (m, r) => `${m.toFixed(2).padStart(6)} ${(1 / (rstds[r] ?? NaN)).toFixed(2).padStart(6)}`,
);
print(
  ...beside(
    [
      [label("x"), ...cells(before, width, { palette: signed, min: -10, max: 10 })],
      [bold("  mean  width"), ...stats],
      [label("layerNorm(x)"), ...cells(after, width, { palette: signed, min: -2.5, max: 2.5 })],
    ],
    2,
  ),
);
const [m, v] = [out.mean(-1), out.var(-1, { correction: 0 })];
say(
  `Afterwards no mean is further than ${m.abs().max().item().toExponential(0)} from 0, no variance further
   than ${v.sub(1).abs().max().item().toExponential(0)} from 1. Backward keeps ${mean.numel + rstd.numel}
   numbers of this forward, two a row.`,
);

heading("The layer does not see level and size, so its gradient has neither");
// region: gradient
const leaf = x.detach();
leaf.requiresGrad = true;
functional
  .layerNorm(leaf, ones([width], { device }), zeros([width], { device }))
  .mul(randn([rows, width], { device, seed: 4 }))
  .sum()
  .backward();
const grad = leaf.grad ?? leaf;
const flat = grad.sum(-1).abs().max().item();
const along = grad.mul(out).sum(-1).abs().max().item();
// end: gradient
print(
  `  sum of a row's gradient      at most ${bold(flat.toExponential(0))}   ${dim("to add a constant changes nothing")}`,
);
print(
  `  gradient · normalised row    at most ${bold(along.toExponential(0))}   ${dim("to stretch changes nothing either")}`,
);

const [many, wide] = [by(device, 8192, 65536, 512), 384];
heading(`How near to a copy: ${many} rows of ${wide}`);
const { bandwidth } = await device.ceiling();

/** What one rung of an op launches for these rows. */
function launches(op: string, rung: string): KernelRun[] {
  const on = device.withRung(op, rung);
  const input = randn([many, wide], { device: on, seed: 1, requiresGrad: true });
  const [weight, bias] = [
    ones([wide], { device: on, requiresGrad: true }),
    zeros([wide], { device: on, requiresGrad: true }),
  ];
  const output = functional.layerNorm(input, weight, bias);
  const node = output.graph().nodes.at(-1);
  output.backward({ gradient: ones([many, wide], { device: on }), retainGraph: true });
  return (op === "layernorm" ? node?.kernels : node?.backwardKernels) ?? [];
}

const lines = [["copy", "", unit(bandwidth, "B/s"), "100 %", bar(1, 18, [150, 150, 150])]];
for (const [i, op] of ["layernorm", "layernorm_backward"].entries()) {
  const rungs = ladders().find((ladder) => ladder.op === op)?.rungs ?? [];
  for (const { name } of rungs.filter(({ machines }) => machines.includes(device.machine))) {
    const runs = launches(op, name);
    const { seconds } = await spent(runs);
    // Forward reads x and writes y; backward reads x and dy and writes dx: nothing else is as large.
    const speed = ((2 + i) * many * wide * 4) / seconds;
    lines.push([
      `${op} ${name}`,
      String(runs.length),
      unit(speed, "B/s"),
      `${((100 * speed) / bandwidth).toFixed(0)} %`,
      bar(speed / bandwidth, 18, tone(i)),
    ]);
  }
}
print(...table(["", "launches", "memory", "of a copy", ""], lines));
