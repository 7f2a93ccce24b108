/** 07 attention: heads learn to find the letter before and the letter to copy */
import { functional, manualSeed, nn, optim, randn, tensor, tidy } from "strata-ml";
import type { Tensor } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point } from "./lib/chart.ts";
import { tone } from "./lib/colour.ts";
import { before, induction, repeats, share } from "./lib/copying.ts";
import type { Sequences } from "./lib/copying.ts";
import { cells, pixels } from "./lib/heat.ts";
import { spent } from "./lib/kernels.ts";
import { count, start } from "./lib/start.ts";
import { table, unit } from "./lib/table.ts";
import { Picture, beside, bold, dim, heading, print, say } from "./lib/terminal.ts";

const { device, steps } = await start(import.meta.url, { steps: count(1500, "steps of training") });
const [letters, length, width, heads, rows] = [26, 18, 32, 2, 32];
manualSeed(7);

/** Two layers of attention and nothing between them. */
class Copier extends nn.Module {
  readonly tokens = new nn.Embedding(letters, width, { device });
  readonly places = new nn.Embedding(length, width, { device });
  readonly first = new nn.MultiHeadAttention(width, heads, { causal: true, device });
  readonly second = new nn.MultiHeadAttention(width, heads, { causal: true, device });
  readonly norms = [0, 1, 2].map(() => new nn.LayerNorm(width, { device }));
  readonly head = new nn.Linear(width, letters, { device });

  // region: look
  override forward(ids: Tensor, look = (_layer: nn.MultiHeadAttention, _input: Tensor): void => {}): Tensor {
    let x = functional.embedding(ids, this.tokens.weight, this.places.weight);
    const normed = (i: number): Tensor => this.norms[i]?.forward(x) ?? x;
    for (const [i, layer] of [this.first, this.second].entries()) {
      const input = normed(i);
      look(layer, input);
      x = x.add(layer.forward(input));
    }
    return this.head.forward(normed(2));
  }

  /** Who looks at whom: [batch, heads, length, length] for each layer. */
  attention(ids: Tensor): Tensor[] {
    const weights: Tensor[] = [];
    this.forward(ids, (layer, input) => weights.push(layer.weights(input)));
    return weights;
  }
  // end: look
}

const draw = (): Sequences => repeats(rows, length, letters);
const asTensor = (ids: Uint32Array): Tensor => tensor(ids, { shape: [rows, length], device });

// What is looked at on the way: the same sequences each time, the first of them one that can be read.
const [test] = draw();
const word = [..."badger".repeat(3)];
test.set(word.map((letter) => letter.charCodeAt(0) - 97));

interface Head {
  readonly name: string;
  /** The readable sequence's probabilities [length, length]. */
  readonly map: Float32Array;
  readonly before: number;
  readonly induction: number;
}

/** All heads, and what they look at. */
async function look(): Promise<Head[]> {
  const layers = tidy(() => model.attention(asTensor(test)));
  const all: Head[] = [];
  for (const [layer, weights] of layers.entries()) {
    const [one, other] = [await share(weights, test, before), await share(weights, test, induction)];
    for (let head = 0; head < heads; head++) {
      const map = await weights.at(0, head).read();
      all.push({ name: `layer ${layer} head ${head}`, map, before: one[head] ?? 0, induction: other[head] ?? 0 });
    }
  }
  return all;
}

/** By square root: small probabilities are worth telling apart. */
const visible = (map: Float32Array): Float32Array => map.map(Math.sqrt);

const model = new Copier();
heading(`${model.numParameters} parameters learn to go on with what repeats: ${word.join("")}…`);
const picture = new Picture();
const history: Point[] = [];
async function show(step: number, loss: number): Promise<void> {
  history.push([step, loss]);
  if (step % 25 !== 0 && step !== steps) return;
  const maps = (await look()).map(({ name, map, before, induction }) => [
    bold(name),
    ...pixels(visible(map), length, { min: 0, max: 1 }),
    dim(`letter before ${before.toFixed(2)}`),
    dim(`induction     ${induction.toFixed(2)}`),
  ]);
  const curve = chart(
    [{ name: `loss, ${loss.toFixed(3)} after ${step} steps`, points: history, colour: tone(1) }],
    { x: [1, steps], height: 5, format: (nats) => nats.toFixed(1) },
  );
  picture.draw([...beside(maps, 2), "", ...curve]);
}
const { seconds } = await model.fit(
  () =>
    Array.from({ length: 100 }, draw).map(([ids, targets]): [Tensor, Tensor] => [asTensor(ids), asTensor(targets)]),
  {
    steps,
    loss: functional.crossEntropy,
    optimizer: new optim.AdamW(model, { lr: 0.01, betas: [0.9, 0.98] }),
    callbacks: { onStep: ({ step, loss }) => show(step, loss) },
  },
);
picture.done();

heading("Two kinds of heads that nobody programmed");
const big = ({ name, map }: Head, title: string): string[] => {
  const lines = cells(visible(map), length, { min: 0, max: 1 });
  return [
    bold(`${name}: ${title}`),
    dim(`  ${word.join(" ")}`),
    ...lines.map((line, i) => `${dim(word[i] ?? "")} ${line}`),
  ];
};
const found = await look();
const best = (score: (head: Head) => number): Head[] => [...found].sort((a, b) => score(b) - score(a)).slice(0, 1);
print(
  ...beside(
    [
      ...best(({ before }) => before).map((head) => big(head, "the letter before")),
      ...best(({ induction }) => induction).map((head) => big(head, "induction")),
    ],
    2,
  ),
);
say(
  `Each row is a letter that looks back. On the left it takes note of the letter before it; on the right it
   finds where its like stood last time, by what came after: the letter to say next. ${steps} steps took
   ${seconds.toFixed(1)} s.`,
);

heading(`What looking costs: 2 heads of 64, causal, on ${device.label}`);
const lines: string[][] = [];
// region: costs
for (const tokens of [256, 512, 1024]) {
  const line = [`${tokens} tokens`];
  for (const rung of ["1_naive", "3_flash1"]) {
    const random = (seed: number): Tensor =>
      randn([1, 2, tokens, 64], { device: device.withRung("attention", rung), seed, requiresGrad: true });
    const out = functional.attention(random(1), random(2), random(3), { causal: true });
    const { seconds, moved } = await spent(out.graph().nodes.at(-1)?.kernels ?? []);
    line.push(unit(seconds, "s"), unit(moved, "B"));
  }
  lines.push(line);
}
// end: costs
print(...table(["", "1_naive", "moved", "3_flash1", "moved"], lines));
say("Twice the tokens, four times the probabilities: if they are written at all.");
