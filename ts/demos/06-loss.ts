/** 06 loss: softmax on the run, and a loss that stores no probability */
import { functional, randn, tensor } from "strata-ml";
import type { KernelRun, Tensor } from "strata-ml";
import { fire, mix, tone } from "./lib/colour.ts";
import { spent } from "./lib/kernels.ts";
import { by, start } from "./lib/start.ts";
import { bar, table, unit } from "./lib/table.ts";
import { beside, bold, dim, heading, ink, pad, print, say } from "./lib/terminal.ts";

const { device } = await start(import.meta.url);

heading("A temperature decides how much the best one gets");
const words = ["mill", "river", "fox", "bell", "lantern"];
const scores = tensor([2, 1.4, 0.3, -0.5, -2], { device });
const blocks = [[dim("score"), ...Array.from(await scores.read(), (score) => score.toFixed(1).padStart(5))]];
for (const temperature of [0.5, 1, 2]) {
  const chances = await scores.div(temperature).softmax().read();
  const lines = Array.from(
    chances,
    (p) => pad(bar(p, 10, mix(fire, 0.45 + p / 2)), 10) + ` ${(100 * p).toFixed(0).padStart(2)} %`,
  );
  blocks.push([bold(`temperature ${temperature}`), ...lines]);
}
print(...beside([["", ...words], ...blocks]).map((line) => `  ${line}`));

heading("Softmax on the run: one pass, and no score that was seen is needed again");
// region: running
const row = Float32Array.from([0.5, 1.1, -0.7, 2.4, 2.1, -1.3, 0.2, 3.6, 1.9, 3.1, -0.4, 2.8]);
const { max, sum } = functional.runningSoftmax(row);
// end: running
const steps = Array.from(row, (score, i) => {
  const [before = -Infinity, now = NaN] = [max[i - 1], max[i]];
  const rescaled =
    now > before && i > 0 ? ink(`new maximum: sum times e^${(before - now).toFixed(1)}`, tone(1)) : "";
  return [
    `${i + 1}`,
    score.toFixed(1),
    now.toFixed(1),
    (sum[i] ?? NaN).toFixed(3),
    pad(bar((sum[i] ?? 0) / 3, 16, tone(0)), 16),
    rescaled,
  ];
});
print(...table(["", "score", "max", "sum", "", ""], steps));
const [most, total] = [max.at(-1) ?? NaN, sum.at(-1) ?? NaN];
const whole = await tensor(row, { device }).softmax().read();
const apart = row.reduce(
  (worst, score, i) => Math.max(worst, Math.abs(Math.exp(score - most) / total - (whole[i] ?? NaN))),
  0,
);
say(
  `e^(score - max) / sum is softmax to ${apart.toExponential(0)}. Flash attention, next chapter, lives on
   these two numbers.`,
);

heading("Each row's loss: what the model said about the word that came");
const [rows, vocabulary] = [by(device, 1024, 8192, 128), 4096];
const targets = tensor(
  Uint32Array.from({ length: rows }, (_, r) => (r * 2_654_435) % vocabulary),
  { device },
);
// region: rows
const logits = randn([rows, vocabulary], { device, seed: 1, requiresGrad: true });
const each = functional.crossEntropyRows(logits, targets);
const [losses, lse] = [await each.rows.read(), await each.lse.read()];
// end: rows
const edges = Array.from({ length: 9 }, (_, i) => 5 + i);
const counts = edges.map((edge) => losses.filter((loss) => loss >= edge && loss < edge + 1).length);
const tall = Math.max(...counts);
for (const [i, edge] of edges.entries()) {
  const filled = pad(bar((counts[i] ?? 0) / tall, 40, tone(2)), 40);
  print(`  ${String(edge).padStart(2)} to ${String(edge + 1).padStart(2)} nats  ${filled} ${counts[i]}`);
}
const spread = Math.max(...lse) - Math.min(...lse);
say(
  `Mean ${each.mean.item().toFixed(3)} nats; even chances would cost ln ${vocabulary} =
   ${Math.log(vocabulary).toFixed(3)}. Each row keeps one number, the log of its sum: ${lse[0]?.toFixed(3)}
   in the first, within ${spread.toFixed(2)} in all.`,
);

heading(`Stored or fused: ${rows} rows of ${vocabulary} scores`);

/** What a loss launches, forward and backward. */
function launches(loss: Tensor): KernelRun[] {
  const graph = loss.graph();
  loss.backward({ retainGraph: true });
  const ops = graph.nodes.filter(({ inputs }) => inputs.length > 0);
  return ops.flatMap((node) => [...node.kernels, ...node.backwardKernels]);
}

const mask = targets
  .reshape(rows, 1)
  .float()
  .eq(
    tensor(
      Float32Array.from({ length: vocabulary }, (_, c) => c),
      { device },
    ),
  );
// region: ways
const ways = {
  "softmax, log, pick, mean": (x: Tensor) =>
    x
      .softmax()
      .log()
      .mul(mask)
      .sum()
      .mul(-1 / rows),
  "log-softmax, pick, mean": (x: Tensor) =>
    x
      .logSoftmax()
      .mul(mask)
      .sum()
      .mul(-1 / rows),
  "functional.crossEntropy": (x: Tensor) => functional.crossEntropy(x, targets),
};
// end: ways
const lines: string[][] = [];
let slowest = 0;
for (const [name, way] of Object.entries(ways)) {
  const loss = way(logits);
  const runs = launches(loss);
  const { seconds, written } = await spent(runs);
  slowest = Math.max(slowest, seconds);
  lines.push([
    name,
    loss.item().toFixed(4),
    String(runs.length),
    unit(seconds, "s"),
    unit(written, "B"),
    bar(seconds / slowest, 10, tone(lines.length)),
  ]);
}
print(...table(["forward and backward", "loss", "launches", "time", "written", ""], lines));
say(
  `Fused, the one large thing that is written is the gradient itself; probabilities are made again from the
   score and that one number a row, and never stored.`,
);
