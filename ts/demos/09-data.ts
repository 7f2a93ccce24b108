/** 09 data: merges, token ids, and a story with the price of each choice */
import { data } from "strata-ml";
import { chart } from "./lib/chart.ts";
import type { Point } from "./lib/chart.ts";
import { fire, hue, mix, readable } from "./lib/colour.ts";
import { start } from "./lib/start.ts";
import { bar } from "./lib/table.ts";
import { beside, bold, colours, columns, dim, heading, ink, pad, print, say, width } from "./lib/terminal.ts";

await start(import.meta.url);

heading("Merges: the pair of neighbours that stands most often becomes a token");
// region: merges
const texts = Array.from({ length: 1000 }, (_, i) => data.stories.tell(9, i).text);
const bytes = texts.reduce((sum, text) => sum + text.length, 0);
const tokenizer = await data.Tokenizer.train(texts, { vocabSize: 4096 });
const merges = tokenizer.merges();
// end: merges
const block = (from: number): string[] =>
  merges.slice(from, from + 8).map(({ left, right, id }, i) => {
    const [one, other, both] = [left, right, id].map((token) => tokenizer.show(token));
    return `${dim(String(from + i + 1))} ${one} + ${other} ${dim("→")} ${bold(both ?? "")} ${dim(String(id))}`;
  });
print(...beside([block(0), block(100), block(1000)], 2));
say(`After ${merges.length} merges no pair of these ${bytes} bytes is left to join.`);

/** Tokens, each on its id's own colour, cut apart where there are no colours. */
function show(cut: data.Tokenizer, text: string): string {
  const tokens = cut.tokens(text).map((token) => {
    const back = hue((token.id * 37) % 101, 101);
    return ink(token.text, readable(back), back);
  });
  return tokens.join(colours ? "" : "|");
}

heading("One sentence, cut by ever larger vocabularies");
const sentence = "Luna lit the lantern, and it isn't dark any more.";
const shrinking: Point[] = [];
for (const size of [257, 300, 400, 600, 1000, 1500, tokenizer.vocabSize]) {
  const cut = await data.Tokenizer.train(texts, { vocabSize: size });
  const tokens = texts.slice(0, 100).reduce((sum, text) => sum + cut.encode(text).length, 0);
  shrinking.push([size, texts.slice(0, 100).join("").length / tokens]);
  const used = String(cut.encode(sentence).length).padStart(3);
  const line = `${String(size).padStart(6)} known ${used} used  ${show(cut, sentence)}`;
  print(colours || columns(line) <= width ? line : `${line.slice(0, width - 1)}…`);
}
const ids = tokenizer.tokens(sentence);
const sizes = ids.map(({ id, text }) => Math.max(columns(text), String(id).length));
print(
  "",
  `  ${ids.map(({ text }, i) => pad(text, sizes[i] ?? 0)).join(" ")}`,
  dim(`  ${ids.map(({ id }, i) => pad(String(id), sizes[i] ?? 0)).join(" ")}`),
  "",
);
print(...chart([{ name: "bytes of a story in one token, by vocabulary", points: shrinking }], { height: 7 }));

heading("A story, and what its choices cost");
// region: prices
const story = data.stories.tell(9, 3);
const prices = new Map<number, number>();
for (const { at, weight, total } of story.decisions) {
  prices.set(at, (prices.get(at) ?? 0) + Math.log(total / weight));
}
// end: prices
const most = Math.log(40);
let [line, at] = ["", 0];
for (const word of story.text.split(" ")) {
  // A choice may fall anywhere in a word, behind a quotation mark for example.
  const price = Array.from(prices).reduce(
    (sum, [place, nats]) => (place >= at && place < at + word.length ? sum + nats : sum),
    0,
  );
  const colour = mix(fire, 0.35 + (0.65 * price) / most);
  const shown =
    price === 0 ? dim(word) : ink(word, readable(colour), colour) + (colours ? "" : `(${price.toFixed(1)})`);
  if (columns(line) + columns(shown) + 1 > width) {
    print(line);
    line = "";
  }
  line += (line === "" ? "" : " ") + shown;
  at += word.length + 1;
}
print(line, "");
if (colours) {
  print(
    Array.from({ length: 8 }, (_, i) =>
      ink(
        ` ${(i / 2).toFixed(1)} `,
        readable(mix(fire, 0.35 + (0.65 * i) / 2 / most)),
        mix(fire, 0.35 + (0.65 * i) / 2 / most),
      ),
    ).join("") + " nats: the less likely, the brighter",
  );
}
const tokens = tokenizer.encode(story.text).length + 1;
const { entropy } = data.stories;
say(
  `${story.decisions.length} choices, ${(-story.logProb).toFixed(1)} nats: a chance of 1 in
   10^${(-story.logProb / Math.LN10).toFixed(0)}. What is not coloured follows from what was said before. A
   story costs ${entropy.toFixed(2)} nats on average, exactly; no model can do better, and over ${tokens}
   tokens that is ${(-story.logProb / tokens).toFixed(3)} nats each.`,
);

heading("Text in, batches out");
// region: batches
const dataset = await data.prepare({ source: "stories", vocabSize: 1024, context: 256, seed: 1 });
const batch = dataset.train(0, 6);
const words = dataset.tokenizer;
// end: batches
for (let row = 0; row < batch.batch; row++) {
  const [from, to] = [row * batch.context, (row + 1) * batch.context];
  const scored = batch.targets.subarray(from, to).filter((id) => id !== data.IGNORE).length;
  const begin = Array.from(batch.inputs.subarray(from, from + 40), (id) => words.show(id)).join(colours ? "" : "|");
  const filled = pad(bar(scored / batch.context, 16, mix(fire, 0.7)), 16);
  print(`  ${filled} ${String(scored).padStart(3)} scored  ${begin.slice(0, width - 32)}`);
}
const pair = Array.from(
  { length: 7 },
  (_, i) => [words.show(batch.inputs[i] ?? 0), words.show(batch.targets[i] ?? 0)] as const,
);
const wide = pair.map(([input, target]) => Math.max(input.length, target.length));
print(
  "",
  `  reads  ${pair.map(([input], i) => pad(input, wide[i] ?? 0)).join(" ")}`,
  `  says   ${pair.map(([, target], i) => pad(target, wide[i] ?? 0)).join(" ")}`,
  "",
);
say(
  `inputs and targets are [${batch.batch}, ${batch.context}] ids; ${batch.scored} of them are scored, the
   rest pads rows after a story's end. On these very rows no model gets below ${batch.floor?.toFixed(4)}
   nats a token.`,
);
