/** 02 autograd: a network learns a spiral; its tape, with gradients and kernels */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { functional, nn, noGrad, optim, tensor, tidy } from "strata-ml";
import type { GraphNode, KernelRun } from "strata-ml";
import { chart } from "./lib/chart.ts";
import { mix, signed, tone } from "./lib/colour.ts";
import { image, rowsOf } from "./lib/heat.ts";
import { count, start } from "./lib/start.ts";
import { Picture, beside, bold, dim, heading, ink, pad, print, say } from "./lib/terminal.ts";
import type { Rgb } from "./lib/terminal.ts";
import { tree } from "./lib/tree.ts";

const { device, steps } = await start(import.meta.url, { steps: count(600, "steps of training") });

// Two arms of a spiral, and which arm each point is on.
const points = Array.from({ length: 160 }, (_, i) => {
  const [arm, t] = [i % 2 === 0 ? 1 : -1, (i >> 1) / 80];
  const [angle, radius] = [4.6 * t + (arm > 0 ? 0 : Math.PI), 0.12 + 0.88 * t];
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle), arm };
});
const inputs = tensor(
  points.map(({ x, y }) => [x, y]),
  { device },
);
const arms = tensor(
  points.map(({ arm }) => [arm]),
  { device },
);

// region: model
const model = new nn.Sequential(
  new nn.Linear(2, 24, { device, seed: 1 }),
  new nn.Tanh(),
  new nn.Linear(24, 24, { device, seed: 2 }),
  new nn.Tanh(),
  new nn.Linear(24, 1, { device, seed: 3 }),
);
const optimizer = new optim.AdamW(model, { lr: 0.01 });
// end: model

// region: hook
// A hook hears of a gradient while backward computes it.
const first = model.parameters()[0] ?? inputs;
const norms: number[] = [];
first.registerHook((gradient) => {
  norms.push(gradient.norm().item());
});
// end: hook

const side = 44;
const place = (i: number): number => (2.4 * (i + 0.5)) / side - 1.2;
const everywhere = tensor(
  Array.from({ length: side * side }, (_, i) => [place(i % side), -place(Math.floor(i / side))]),
  { device },
);
const pixelOf = ({ x, y }: { x: number; y: number }): string =>
  `${Math.floor(((x + 1.2) / 2.4) * side)} ${Math.floor(((1.2 - y) / 2.4) * side)}`;
const dots = new Map(points.map((point) => [pixelOf(point), point.arm]));

/** What the network thinks of every place, and the points it learns from. */
async function map(): Promise<string[]> {
  const opinion = rowsOf(await noGrad(() => tidy(() => model.forward(everywhere).clamp(-1.2, 1.2))).read(), side);
  const colour = (value: number, x: number, y: number): Rgb => {
    const arm = dots.get(`${x} ${y}`);
    return arm === undefined ? mix(signed, 0.5 + value / 3.4) : arm > 0 ? [255, 225, 160] : [190, 235, 255];
  };
  const rows = opinion.map((row, y) => row.map((value, x) => colour(value, x, y)));
  const mark = (x: number, y: number): string | undefined => ({ 1: "o", [-1]: "x" })[dots.get(`${x} ${y}`) ?? 0];
  return image(rows, (x, y) => ((opinion[y]?.[x] ?? 0) > 0 ? 0.3 : 0), mark);
}

heading(`${model.numParameters} parameters learn which arm a point is on`);
const picture = new Picture();
const history: number[] = [];
const { loss } = await model.fit([[inputs, arms]], {
  steps,
  loss: functional.mseLoss,
  optimizer,
  callbacks: {
    onStep: async ({ step, loss }) => {
      history.push(loss);
      if (step % 20 !== 0 && step !== steps) return;
      const curve = (values: number[], i: number): string[] =>
        chart([{ points: values.map((value, at) => [at + 1, value]), colour: tone(i) }], {
          width: 32,
          height: 7,
          log: "y",
          x: [1, steps],
        });
      const report = [
        `step ${bold(String(step))} of ${steps}`,
        "",
        `loss ${bold(loss.toFixed(4))}`,
        ...curve(history, 1),
        "",
        "gradient of 0.weight, by a hook",
        ...curve(norms, 4),
      ];
      picture.draw(beside([await map(), report]));
    },
  },
});
picture.done();

heading("The tape of one loss, with what ran");
// region: tape
const error = functional.mseLoss(model.forward(inputs), arms);
const graph = error.graph();
model.zeroGrad();
error.backward();
// end: tape
// Parameters are leaves to the tape; their storage tells which.
const names = new Map(model.namedParameters().map(([name, parameter]) => [parameter.storage.id, name]));
const label = (node: GraphNode): string => {
  const name =
    node.inputs.length > 0 ? bold(node.op) : ink(names.get(node.value.storage.id) ?? node.label, tone(1));
  return `${name} ${dim(`[${node.shape.join(", ")}]`)}`;
};
/** Each kernel once, with how often it ran. */
const kernels = (runs: readonly KernelRun[]): string => {
  const times = new Map<string, number>();
  for (const { op } of runs) times.set(op, (times.get(op) ?? 0) + 1);
  return Array.from(times, ([op, n]) => (n > 1 ? `${n} ${op}` : op)).join(", ");
};
// region: about
const about = (node: GraphNode): string => {
  const gradient = node.grad === null ? "" : node.grad.norm().item().toExponential(1);
  const forward = node.kernels.map(({ name }) => name).join(" ");
  const backward = node.inputs.length > 0 ? kernels(node.backwardKernels) : "";
  return `${gradient.padStart(8)}  ${dim(pad(forward, 17))}  ${dim(backward)}`;
};
// end: about
const [root] = graph.nodes.slice(-1);
if (root !== undefined) {
  print(...tree(root, label, about, `${"|grad|".padStart(8)}  ${pad("forward", 17)}  backward`));
}
const file = join(tmpdir(), "strata-tape.svg");
writeFileSync(file, graph.svg());
say(
  `${graph.nodes.length} nodes, each with value, gradient and kernels. The loss fell from
   ${(loss[0] ?? NaN).toFixed(3)} to ${(loss.at(-1) ?? NaN).toFixed(4)}. Drawn: ${file}`,
);
