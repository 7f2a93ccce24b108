/** 08 adamw: three optimizers in one ravine, their moments and update sizes */
import { optim, tensor, tidy } from "strata-ml";
import type { Tensor } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point } from "./lib/chart.ts";
import { dull, land, mix, tone } from "./lib/colour.ts";
import { image } from "./lib/heat.ts";
import { count, start } from "./lib/start.ts";
import { sparkline, table } from "./lib/table.ts";
import { bold, dim, heading, ink, print, say, width } from "./lib/terminal.ts";
import type { Rgb } from "./lib/terminal.ts";

const { device, steps } = await start(import.meta.url, { steps: count(80, "steps towards the bottom") });

/** f(x, y) = x²/100 + y²: a hundred times as steep across as along. */
const steepness = tensor([0.01, 1], { device });
const height = ([x = 0, y = 0]: readonly number[]): number => (x * x) / 100 + y * y;
const begin = [-9, 1];

/** Where a step led, and the norm of the update as the optimizer reports it. */
interface Step {
  readonly at: readonly number[];
  readonly size: number;
}

// region: walk
/** Lets an optimizer walk down the ravine; every step is the real thing, on the device. */
async function* walk(point: Tensor, optimizer: optim.Optimizer): AsyncGenerator<Step> {
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    tidy(() => point.square().mul(steepness).sum().backward());
    optimizer.step();
    yield { at: [...(await point.read())], size: optimizer.inspect()[0]?.updateNorm ?? 0 };
  }
}
// end: walk

/** The ravine from above, lines of equal height in it, and a way through. */
function draw(path: readonly (readonly number[])[], colour: Rgb): string[] {
  const [columns, rows] = [width, 18];
  const place = (column: number, row: number): number[] => [
    ((column + 0.5) / columns) * 14 - 10,
    1.3 - ((row + 0.5) / rows) * 2.6,
  ];
  const shine = (column: number, row: number): number =>
    0.55 - Math.floor(Math.sqrt(height(place(column, row))) * 6) / 18;
  const picture = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => mix(land, shine(column, row))),
  );
  const letters = new Map<string, string>();
  const put = ([x = 0, y = 0]: readonly number[], dot: Rgb, letter: string): void => {
    const [column, row] = [Math.floor(((x + 10) / 14) * columns), Math.floor(((1.3 - y) / 2.6) * rows)];
    if (picture[row]?.[column] === undefined) return;
    picture[row][column] = dot;
    letters.set(`${column} ${row}`, letter);
  };
  for (const [i, to] of path.entries()) {
    const from = path[i - 1] ?? to;
    for (let t = 0; t < 1; t += 1 / 32) {
      put(
        from.map((a, d) => a + t * ((to[d] ?? a) - a)),
        dull(colour),
        "-",
      );
    }
  }
  for (const at of path) put(at, colour, "o");
  put([0, 0], [255, 255, 255], "*");
  return image(picture, shine, (column, row) => letters.get(`${column} ${row}`));
}

const fresh = (): Tensor => tensor(begin, { device, requiresGrad: true });
const ways = [
  {
    name: "SGD, lr 0.9",
    words: "bounces between the walls, creeps along the floor",
    make: (p: Tensor) => new optim.SGD([p], { lr: 0.9 }),
  },
  {
    name: "momentum 0.9, lr 0.2",
    words: "the walls' pushes cancel, the floor's add up",
    make: (p: Tensor) => new optim.SGD([p], { lr: 0.2, momentum: 0.9 }),
  },
  { name: "AdamW, lr 0.3", words: "each coordinate in its own unit, whatever its slope", make: adamw },
];
// Betas with a short memory: eighty steps are no long run.
function adamw(point: Tensor): optim.AdamW {
  return new optim.AdamW([point], { lr: 0.3, betas: [0.8, 0.9], weightDecay: 0 });
}

const sizes: { name: string; points: Point[] }[] = [];
for (const [i, { name, words, make }] of ways.entries()) {
  const point = fresh();
  const walked: Step[] = [];
  for await (const step of walk(point, make(point))) walked.push(step);
  heading(name);
  const end = walked.at(-1)?.at ?? begin;
  print(
    `${words}; after ${steps} steps f is ${bold(height(end).toExponential(1))}`,
    ...draw([begin, ...walked.map(({ at }) => at)], tone(i)),
  );
  sizes.push({ name, points: walked.map(({ size }, step) => [step + 1, Math.max(size, 1e-5)]) });
}

heading("How far each step went: optimizer.inspect()");
print(...chart(sizes, { log: "y", height: 9, format: (v) => v.toExponential(0), xLabel: "step" }));

heading("What AdamW remembers: optimizer.state(point)");
const point = fresh();
const optimizer = adamw(point);
const rows: string[][] = [];
const signed = (x = 0): string => `${x < 0 ? "" : " "}${x.toFixed(3)}`;
let before = begin;
// region: remembers
for await (const { at } of walk(point, optimizer)) {
  const { steps: step } = optimizer;
  const { m, v } = optimizer.state(point) ?? { m: point, v: point };
  const [gradient, mean, square] = await Promise.all([(point.grad ?? point).read(), m.read(), v.read()]);
  const row = (d: number): string[] => [
    signed(gradient[d]),
    signed(mean[d]),
    Math.sqrt(square[d] ?? 0).toFixed(3),
    ink(signed((at[d] ?? 0) - (before[d] ?? 0)), tone(2)),
  ];
  if ([1, 2, 4, 8, 16, 32, 64].includes(step)) rows.push([`step ${step}`, ...row(0), ...row(1)]);
  before = [...at];
}
// end: remembers
print(...table(["", "∂f/∂x", "m", "√v", "moved", "∂f/∂y", "m", "√v", "moved"], rows));
say(
  `At the start the slope across is eleven times the slope along, and both coordinates move alike: m / √v
   has no unit.`,
);

heading("And how fast, over a run of 1000 steps: warm-up first");
const schedules = [
  optim.Schedule.constant(1, { warmup: 100 }),
  optim.Schedule.cosine(1, { warmup: 100, floor: 0.1 }),
  optim.Schedule.wsd(1, { warmup: 100, decay: 200 }),
];
for (const [i, schedule] of schedules.entries()) {
  const rates = Array.from({ length: 64 }, (_, column) => schedule.lr(Math.floor((column * 1000) / 64), 1000));
  print(`  ${schedule.name.padEnd(9)} ${sparkline(rates, tone(i))}`);
}
print(dim(`  ${"".padEnd(9)} 0${"step 1000".padStart(63)}`));
