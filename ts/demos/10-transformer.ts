/** 10 transformer: gpt-12m learns to tell stories, and tells one */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { GPT, GPT_PRESETS, StrataError, data } from "strata-ml";
import type { GptFit, GptStep } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point, Series } from "./lib/chart.ts";
import { tone } from "./lib/colour.ts";
import { choice, count, fail, start, words } from "./lib/start.ts";
import { bar, table } from "./lib/table.ts";
import { Picture, bold, dim, flowing, heading, print, say } from "./lib/terminal.ts";

const flags = await start(import.meta.url, {
  preset: choice(GPT_PRESETS, "the model"),
  steps: count(24, "steps of training"),
  batch: count(2, "rows in a batch"),
  data: words("FILE", "a UTF-8 file or folder to learn from, instead of stories"),
  checkpoint: words("DIR", "save there at the end and on Ctrl-C; go on from there if there is one"),
});
const { batch, checkpoint, device, preset, steps } = flags;

// The first Ctrl-C ends the training, the second one the story.
const stops = [new AbortController(), new AbortController()] as const;
const stop = (): void => stops.find(({ signal }) => !signal.aborted)?.abort(new Error("Ctrl-C"));
process.on("SIGINT", stop);

/** The model of a checkpoint if there is one, else a new one. */
async function open(): Promise<GPT> {
  const found = checkpoint !== undefined && existsSync(join(checkpoint, "config.json"));
  return found ? (await GPT.load(checkpoint, { device })).model : new GPT(preset, { device, seed: 1 });
}

const model = await open().catch(fail);
const begun = model.trainer?.step ?? 0;
const goesOn =
  begun > 0
    ? { resume: true, steps: begun + steps }
    : { steps, batchSize: batch, evalEvery: Math.max(10, steps >> 3), evalBatches: 2 };
heading(`${model.numParameters.toLocaleString("en")} parameters${begun > 0 ? `, ${begun} steps old` : ""}`);
const { nLayer, nHead, nEmbd, nPositions, vocabSize } = model.config;
print(dim(`${nLayer} blocks of ${nHead} heads, ${nEmbd} wide, ${nPositions} positions, ${vocabSize} tokens`));
const progress = new Picture();
const dataset = await data
  .prepare({
    source: flags.data ?? "stories",
    model,
    tokenizer: model.tokenizer ?? "bpe",
    onProgress: ({ stage, done, total }) => progress.draw([dim(`${stage} ${done} of ${total}`)]),
  })
  .catch(fail);
progress.draw([dim(String(dataset))]);
progress.done();

const picture = new Picture();
const seen: { losses: Point[]; floors: Point[]; held: Point[] } = { losses: [], floors: [], held: [] };

/** The loss so far against the floor that no model can beat, and one line that says where the run is. */
function show({ step, loss, norm, lr, floor, tokensPerSecond, fraction, left }: GptStep): void {
  seen.losses.push([step, loss]);
  if (floor !== null) seen.floors.push([step, floor]);
  const series: Series[] = [{ name: "loss", points: seen.losses, colour: tone(1) }];
  if (seen.held.length > 0) series.push({ name: "held out", points: seen.held, mark: "◆", colour: tone(0) });
  if (seen.floors.length > 0) series.push({ name: "floor", points: seen.floors, colour: [130, 130, 130] });
  const top = Math.ceil(Math.max(...seen.losses.map(([, loss]) => loss)));
  const curve = chart(series, { x: [begun + 1, begun + steps], y: [0, top], height: 10, xLabel: "step" });
  const rest = left < 90 ? `${left.toFixed(0)} s` : `${(left / 60).toFixed(0)} min`;
  const now = `step ${bold(String(step))}  loss ${bold(loss.toFixed(3))}  |g| ${norm.toFixed(2)}  lr ${lr.toExponential(1)}`;
  const line = `${now}  ${tokensPerSecond.toFixed(0)} tokens/s  ${rest} left`;
  picture.draw([...curve, line, bar(fraction, 60, tone(2))]);
}

/** Trains; null if Ctrl-C ended it. */
async function train(): Promise<GptFit | null> {
  try {
    // region: train
    return await model.fit(dataset, {
      ...goesOn,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      signal: stops[0].signal,
      callbacks: { onStep: show, onEvaluate: ({ step, loss }) => void seen.held.push([step, loss]) },
    });
    // end: train
  } catch (error) {
    if (error instanceof StrataError && error.code === "aborted") return null;
    return fail(error);
  } finally {
    picture.done();
  }
}

const done = await train();
if (done === null) {
  const where = checkpoint === undefined ? "" : ` and saved in ${checkpoint}`;
  say(`Stopped${where}; the weights are those of the last whole step.`);
} else if (done.validation !== null) {
  const floor = done.floor === null ? "" : `; the floor is ${done.floor.toFixed(3)}`;
  say(
    `Held out: ${bold(done.validation.toFixed(3))} nats a token${floor}. As unsure as of a fair draw among
     ${Math.exp(done.validation).toFixed(1)} tokens.`,
  );
}

const { trainer } = model;
if (trainer !== null) {
  heading(`The whole training state, after step ${trainer.step}`);
  const wanted = /wte|h\.0\.(ln_1\.weight|attn\.c_attn\.weight|mlp\.c_proj\.weight)|ln_f\.bias/;
  const rows = model.namedParameters().filter(([name]) => wanted.test(name));
  const numbers = rows.map(([name, parameter]) => {
    // region: moments
    const { m, v } = trainer.moments(name);
    const [weight, mean, spread] = [parameter.norm().item(), m.norm().item(), v.mean().sqrt().item()];
    return [name, parameter.shape.join("×"), weight.toFixed(2), mean.toExponential(1), spread.toExponential(1)];
    // end: moments
  });
  print(...table(["parameter", "shape", "|weight|", "|m|", "√mean v"], numbers));
  const { tokens, seconds } = trainer;
  const settings = Object.entries(trainer.config).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  say(`${tokens} tokens in ${seconds.toFixed(1)} s, with ${settings.join(", ")}.`);
}

heading(flags.data === undefined ? "It tells a story" : "It writes");
const write = flowing();
try {
  // region: write
  const sampling = { maxTokens: 150, temperature: 0.8, seed: 7, signal: stops[1].signal };
  for await (const piece of model.generate("", sampling)) write(piece);
  // end: write
} catch (error) {
  if (!(error instanceof StrataError && error.code === "aborted")) fail(error);
}
print("", "");
say(
  dim(`A story worth hearing takes longer: --preset gpt-1m --steps 800 --batch 8 is a minute or two on a laptop,
       --steps 2000 --batch 64 --device cuda some minutes on a card.`),
);
process.off("SIGINT", stop);
