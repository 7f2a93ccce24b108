
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
let pictures = 0;
const picture = (parts: TemplateStringsArray, ...values: unknown[]): string => {
  pictures++;
  const text = String.raw(parts, ...values);
  if (/undefined|NaN|\[object /.test(text)) throw new Error("a picture shows " + text.slice(0, 400));
  return text;
};
const Deno = {
  jupyter: {
    html: picture,
    svg: picture,
    broadcast: async (_type: string, content: { data: Record<string, string>; metadata: object; transient: object }): Promise<void> => void picture`${content.data["image/svg+xml"] ?? ""}`,
  },
  makeTempDir: (): Promise<string> => mkdtemp(tmpdir() + "/strata-"),
  remove: (path: string, options: { recursive: boolean }): Promise<void> => rm(path, options),
};

// Cell 1
import { arange, cat, Device, functional, GPT, ladders, linspace, memory, nn, noGrad, optim, randn, tensor, tidy } from "strata-ml";
import { data, type GraphNode, type Tensor } from "strata-ml";
import process from "node:process";

const x = arange(12).reshape(3, 4);
x;
console.log("cell 1 of 16");

// Cell 2
const views: Record<string, Tensor> = { x, "x.T": x.T, "x.slice(null, [1, 3])": x.slice(null, [1, 3]), "x.slice([1, 2]).expand(3, 4)": x.slice([1, 2]).expand(3, 4), "x.T.reshape(12)": x.T.reshape(12) };
const rows = Object.entries(views).map(([name, { shape, strides, offset, storage }]) =>
  `<tr><td><code>${name}</code></td><td>[${shape.join(", ")}]</td><td>[${strides.join(", ")}]</td><td>${offset}</td><td>${storage.id}</td></tr>`
);
Deno.jupyter.html`<table><tr><th>view</th><th>shape</th><th>strides</th><th>offset</th><th>storage</th></tr>${rows.join("")}</table>`;
console.log("cell 2 of 16");

// Cell 3
const numbers = x.view();
numbers[5] = 500;
x.slice(null, 0).fill(-1);
console.log("Rust says", x.T.at(1, 1).item(), "where JavaScript wrote 500");
numbers;
console.log("cell 3 of 16");

// Cell 4
const w = randn([3, 2], { seed: 5, requiresGrad: true });
const input = tensor([[1, 2, 3], [4, 5, 6]]);
const y = functional.gelu(input.matmul(w)).square().mean();
const graph = y.graph();
y.backward();
console.log("dy/dw =", String(w.grad));
Deno.jupyter.svg`${graph.svg()}`;
console.log("cell 4 of 16");

// Cell 5
const product = graph.nodes.find((node: GraphNode) => node.op === "matmul");
const kernel = product?.kernels[0];
console.log(`${kernel?.name}, in ${kernel?.cpuFile}: ${kernel?.flops} operations in ${((await kernel?.time() ?? 0) * 1e9).toFixed(0)} ns`);
console.log(kernel?.source.cpu?.split("\n").slice(0, 8).join("\n"));;
console.log("cell 5 of 16");

// Cell 6
const ladder = ladders().find(({ op }) => op === "matmul");
for (const { name, machines } of ladder?.rungs ?? []) {
  if (!machines.includes("cpu")) continue;
  const a = randn([256, 256], { device: Device.cpu().withRung("matmul", name), requiresGrad: true });
  const run = a.matmul(a).graph().nodes.at(-1)?.kernels[0];
  if (run) console.log(name.padEnd(12), (run.flops / (await run.time()) / 1e9).toFixed(1), "GFLOP/s");
};
console.log("cell 6 of 16");

// Cell 7
interface Picture {
  width: number;
  height: number;
  body: string;
}

/** A curve over its steps; `floor` is a dashed line. */
function curve(values: number[], caption: string, floor?: number): Picture {
  const [width, height, top] = [560, 200, Math.max(...values)];
  const x = (step: number) => (34 + (step / Math.max(1, values.length - 1)) * (width - 44)).toFixed(1);
  const y = (value: number) => (10 + (1 - value / top) * (height - 30)).toFixed(1);
  const axes = `<path d="M34 10V${height - 20}H${width - 10}" fill="none" stroke="#888"/><text x="28" y="16" text-anchor="end">${top.toFixed(1)}</text><text x="28" y="${height - 20}" text-anchor="end">0</text>`;
  const low = floor === undefined ? "" : `<path d="M34 ${y(floor)}H${width - 10}" stroke="#888" stroke-dasharray="4"/>`;
  const line = `<polyline fill="none" stroke="#e8710a" stroke-width="1.5" points="${values.map((v, step) => `${x(step)},${y(v)}`).join(" ")}"/>`;
  return { width, height, body: `${axes}${low}${line}<text x="${width - 10}" y="24" text-anchor="end">${caption}</text>` };
}

/** Row-major values from 0 to 1, `size` in a row, in ten shades from dark to light. */
function heat(values: Float32Array, size: number, caption: string, cell: number): Picture {
  const colours = ["#0c0a1e", "#2a0f46", "#461560", "#6e1e66", "#962869", "#c03a5a", "#e15546", "#f07f3a", "#faa52d", "#fcf5b4"];
  const shades = colours.map(() => "");
  const shade = (at: number) => Math.max(0, Math.min(9, Math.floor((values[at] ?? 0) * 10)));
  for (let at = 0, end = 0; at < values.length; at = end) {
    // Neighbours of one shade are one rectangle.
    for (end = at + 1; end % size !== 0 && shade(end) === shade(at);) end++;
    shades[shade(at)] += `M${at % size} ${Math.floor(at / size)}h${end - at}v1h${at - end}z`;
  }
  const paths = shades.map((path, i) => path && `<path d="${path}" fill="${colours[i]}"/>`);
  const [width, height] = [size * cell + 10, Math.ceil(values.length / size) * cell + 20];
  return { width, height, body: `<g transform="scale(${cell})" shape-rendering="crispEdges">${paths.join("")}</g><text y="${height - 7}">${caption}</text>` };
}

/** Pictures of one size in rows of `across`, as one drawing. */
function drawing(pictures: Picture[], across = 1): string {
  const { width, height } = pictures[0] ?? { width: 0, height: 0 };
  const placed = pictures.map(({ body }, i) => `<g transform="translate(${(i % across) * width} ${Math.floor(i / across) * height})">${body}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width * across}" height="${height * Math.ceil(pictures.length / across)}" font-family="sans-serif" font-size="11" fill="#888">${placed.join("")}</svg>`;
}

/** Something that is drawn again in its own place while a cell runs. */
async function redraw(id: string, data: Record<string, string>, first: boolean): Promise<void> {
  await Deno.jupyter.broadcast(first ? "display_data" : "update_display_data", { data, metadata: {}, transient: { display_id: id } });
};
console.log("cell 7 of 16");

// Cell 8
const points = Array.from({ length: 160 }, (_, i) => {
  const [arm, t] = [i % 2 === 0 ? 1 : -1, i / 160];
  const angle = 4.6 * t + (arm > 0 ? 0 : Math.PI);
  return { at: [(0.12 + 0.88 * t) * Math.cos(angle), (0.12 + 0.88 * t) * Math.sin(angle)], arm };
});
const spiral = new nn.Sequential(new nn.Linear(2, 24, { seed: 1 }), new nn.Tanh(), new nn.Linear(24, 24, { seed: 2 }), new nn.Tanh(), new nn.Linear(24, 1, { seed: 3 }));
const pairs: [Tensor, Tensor][] = [[tensor(points.map(({ at }) => at)), tensor(points.map(({ arm }) => [arm]))]];
const learned = await spiral.fit(pairs, { steps: 600, loss: functional.mseLoss, optimizer: new optim.AdamW(spiral, { lr: 0.01 }) });

console.log("loss", learned.loss[0], "→", learned.loss.at(-1));

const axis = linspace(-1.2, 1.2, 64);
const [across, up] = [axis.expand(64, 64), axis.neg().unsqueeze(1).expand(64, 64)];
const places = cat([across.reshape(-1, 1), up.reshape(-1, 1)], 1);
const opinion = noGrad(() => tidy(() => spiral.forward(places).mul(0.5).add(0.5).clamp(0, 0.99)));
Deno.jupyter.svg`${drawing([heat(opinion.view(), 64, "what it thinks of every place", 4)])}`;
console.log("cell 8 of 16");

// Cell 9
const story = data.stories.tell(9, 3);
console.log(story.text);
console.log(story.decisions.length, "choices,", (-story.logProb).toFixed(1), "nats; a story costs", data.stories.entropy.toFixed(2), "on average");;
console.log("cell 9 of 16");

// Cell 10
const model = new GPT("gpt-1m", { seed: 1 });
const stories = await data.prepare({ source: "stories", model });
const { tokenizer } = stories;
const batch = stories.train(0, 8);
console.log(String(stories), "·", tokenizer.merges().length, "merges ·", `batch [${batch.batch}, ${batch.context}], ${batch.scored} targets`);
console.log(tokenizer.tokens("Luna lit the lantern.").map(({ id, text }) => `${text} ${id}`).join(" | "));;
console.log("cell 10 of 16");

// Cell 11
const parts = model.namedParameters().filter(([name]) => !/\.h\.[1-9]/.test(name)).map(([name, { shape, numel }]) => `<tr><td><code>${name}</code></td><td>${shape.join(" × ")}</td><td>${numel}</td></tr>`);
console.log(model.numParameters, "parameters; the loss of a new model is ln 2048 =", Math.log(2048).toFixed(3), "→", model.loss(batch.ids(), batch.targetIds()).item().toFixed(3));
Deno.jupyter.html`<table><tr><th>tables, first block, last norm</th><th>shape</th><th>numbers</th></tr>${parts.join("")}</table>`;
console.log("cell 11 of 16");

// Cell 12
const steps = process.env["STRATA_QUICK"] === "1" ? 3 : 400;
const losses: number[] = [];
const run = await model.fit(stories, {
  steps,
  batchSize: 8,
  callbacks: {
    onStep: async ({ step, loss, floor, tokensPerSecond, left }) => {
      losses.push(loss);
      if (step % 20 !== 0 && step > 1) return;
      const caption = `step ${step}: loss ${loss.toFixed(3)}, ${tokensPerSecond.toFixed(0)} tokens/s, ${left.toFixed(0)} s left`;
      await redraw("training", { "image/svg+xml": drawing([curve(losses, caption, floor ?? 0)]) }, step === 1);
    },
  },
});
console.log(`held out: ${run.validation?.toFixed(3)} nats a token, floor ${run.floor?.toFixed(3)}, after ${run.tokens} tokens in ${run.seconds.toFixed(0)} s`);;
console.log("cell 12 of 16");

// Cell 13
const { trainer } = model;
const moments = ["wte.weight", "h.0.attn.c_attn.weight", "h.3.mlp.c_proj.weight"].map((name) => {
  const { m, v } = trainer!.moments(`transformer.${name}`);
  return `<tr><td><code>${name}</code></td><td>${m.norm().item().toExponential(2)}</td><td>${v.mean().sqrt().item().toExponential(2)}</td></tr>`;
});
console.log("step", trainer?.step, "· lr", trainer?.lr.toExponential(1), "·", JSON.stringify(trainer?.config));
Deno.jupyter.html`<table><tr><th>parameter</th><th>|m|</th><th>√mean v</th></tr>${moments.join("")}</table>`;
console.log("cell 13 of 16");

// Cell 14
const words = tokenizer.encode(data.stories.tell(9, 0, { heldOut: true }).text).subarray(0, 24);
const weights = model.attention(tensor(words, { shape: [1, words.length] }));
const maps = weights.flatMap((layer, l) =>
  [0, 1, 2, 3].map((head) => heat(layer.at(0, head).contiguous().view().map(Math.sqrt), words.length, `layer ${l} head ${head}`, 5))
);
Deno.jupyter.svg`${drawing(maps, 4)}`;
console.log("cell 14 of 16");

// Cell 15
let text = "";
for await (const piece of model.generate("", { maxTokens: 200, seed: 1 })) {
  text += piece;
  await redraw("story", { "text/markdown": text }, text === piece);
}
console.log(tokenizer.encode(text).length, "tokens;", memory.liveTensors(), "tensors alive");;
console.log("cell 15 of 16");

// Cell 16
const folder = await Deno.makeTempDir();
await model.save(folder, tokenizer);
const again = await GPT.load(folder);
const [before, after] = [model, again.model].map((one) => one.loss(batch.ids(), batch.targetIds()).item());
console.log(before === after ? "the same loss to the last bit:" : "different!", before);
await Deno.remove(folder, { recursive: true });;
console.log("cell 16 of 16");

console.log(pictures, "pictures");
