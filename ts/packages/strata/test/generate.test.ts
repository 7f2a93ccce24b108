/** Writing: pieces of text, whole characters, repeatable, stoppable. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { data, GPT, optim, StrataError } from "strata-ml";
import { fails, rejects } from "./check.ts";

const SHAPE = { vocabSize: 300, nPositions: 32, nEmbd: 32, nLayer: 1, nHead: 2 };

let shared: Promise<{ model: GPT; tokenizer: data.Tokenizer }> | undefined;

/** A model that has learned a little. */
function writer(): Promise<{ model: GPT; tokenizer: data.Tokenizer }> {
  return (shared ??= (async () => {
    const text = await data.prepare({ vocabSize: 300, context: 32, seed: 1 });
    const model = new GPT(SHAPE, { seed: 1 });
    await model.fit(text, { steps: 60, batchSize: 4, evalBatches: 1 });
    return { model, tokenizer: text.tokenizer };
  })());
}

async function all(pieces: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

test("text comes in pieces, without the prompt, longer than the context if asked", async () => {
  const { model, tokenizer } = await writer();
  const pieces = await all(model.generate("The ", { maxTokens: 20, seed: 3 }));
  assert.ok(pieces.length > 5 && pieces.length <= 20, `${pieces.length} pieces`);
  assert.ok(pieces.every((piece) => piece !== ""));
  assert.ok(tokenizer.encode(pieces.join("")).length > 0);
  const long = await all(model.generate("", { maxTokens: 80, seed: 5, temperature: 1 }));
  assert.ok(long.length > 0);
});

test("the same seed writes the same text, another one another", async () => {
  const { model } = await writer();
  const write = async (seed: number): Promise<string> => (await all(model.generate("The", { maxTokens: 25, seed, temperature: 1 }))).join("");
  assert.equal(await write(1), await write(1));
  assert.notEqual(await write(1), await write(2));
  const cold = async (seed: number): Promise<string> => (await all(model.generate("The", { maxTokens: 25, seed, temperature: 0 }))).join("");
  assert.equal(await cold(1), await cold(2), "temperature 0 has no chance in it");
  const best = (await all(model.generate("The", { maxTokens: 25, seed: 9, topK: 1 }))).join("");
  assert.equal(best, await cold(1), "nor has the likeliest token alone");
});

test("the next token is the likeliest of the logits", async () => {
  const { model, tokenizer } = await writer();
  const prompt = tokenizer.encode("The");
  const ids = Uint32Array.of(tokenizer.endOfText ?? 0, ...prompt);
  const batch = new data.Batch({ inputs: ids, targets: ids, batch: 1, context: ids.length });
  const logits = await model.forward(batch.ids()).select(1, ids.length - 1).read();
  const best = logits.indexOf(Math.max(...logits));
  const [piece] = await all(model.generate("The", { maxTokens: 1, temperature: 0 }));
  assert.equal(piece ?? "", best === tokenizer.endOfText ? "" : tokenizer.decode([best]));
});

/** A model that always says one token, whatever it has read. */
function parrot(token: number): GPT {
  const model = new GPT(SHAPE, { seed: 1 });
  // Every row of the last LayerNorm is its bias; the token's own row of the table points there.
  model.lnF.weight.fill(0);
  model.lnF.bias.fill(1);
  model.wte.weight.fill(0);
  model.wte.weight.detach().at(token).fill(1);
  return model;
}

test("a character of several tokens is passed on whole; a broken one is shown as broken", async () => {
  const bytes = await data.Tokenizer.train("x", { vocabSize: 257 });
  const options = { tokenizer: bytes, temperature: 0 };
  const first = (text: string): number => bytes.encode(text)[0] ?? 0;
  assert.deepEqual(await all(parrot(first("A")).generate("x", { ...options, maxTokens: 3 })), ["A", "A", "A"]);
  // The first byte of a character, again and again: each is broken when the next one comes.
  const broken = await all(parrot(first("é")).generate("x", { ...options, maxTokens: 3 }));
  assert.equal(broken.join(""), "\uFFFD\uFFFD\uFFFD");
  assert.equal(first("é"), first("è"), "bytes, not characters");
  // Random bytes are cut up exactly as one decoding of all of them.
  const model = new GPT(SHAPE, { seed: 2 });
  const pieces = await all(model.generate("x", { tokenizer: bytes, temperature: 5, maxTokens: 120, seed: 4 }));
  const text = pieces.join("");
  assert.ok(text.includes("\uFFFD"));
  assert.ok(pieces.every((piece) => !/[\uD800-\uDBFF]$/.test(piece)), "no half of a pair");
});

test("characters that take several bytes arrive whole", async () => {
  const text = "🦊é".repeat(50);
  const bytes = await data.Tokenizer.train("x", { vocabSize: 257 });
  // A small model learns to repeat six bytes.
  const model = new GPT({ ...SHAPE, vocabSize: 257, nPositions: 16 }, { seed: 1 });
  const ids = bytes.encode(text);
  const optimizer = new optim.AdamW(model, { lr: 0.01 });
  for (let step = 0; step < 60; step++) {
    const at = step % 6;
    const batch = new data.Batch({ inputs: ids.slice(at, at + 16), targets: ids.slice(at + 1, at + 17), batch: 1, context: 16 });
    optimizer.zeroGrad();
    model.loss(batch.ids(), batch.targetIds()).backward();
    optimizer.step();
  }
  const pieces = await all(model.generate("🦊é🦊", { tokenizer: bytes, temperature: 0, maxTokens: 12 }));
  assert.deepEqual(pieces, ["é", "🦊", "é", "🦊"]);
});

test("the model's end of text is the end", async () => {
  const { tokenizer } = await writer();
  // A writer that overheard it would be here for minutes.
  const silent = parrot(tokenizer.endOfText ?? 0).generate("The", { tokenizer, temperature: 0, maxTokens: 1_000_000 });
  assert.deepEqual(await all(silent), []);
});

test("an abort stops before, between and within", async () => {
  const { model } = await writer();
  const reason = new Error("enough");
  const isAbort = (error: unknown): boolean => error instanceof StrataError && error.code === "aborted" && error.cause === reason;
  await assert.rejects(all(model.generate("The", { signal: AbortSignal.abort(reason) })), isAbort);
  const controller = new AbortController();
  let count = 0;
  await assert.rejects(async () => {
    for await (const _ of model.generate("The", { maxTokens: 1000, temperature: 1.5, signal: controller.signal })) {
      if (++count === 3) controller.abort(reason);
    }
  }, isAbort);
  assert.equal(count, 3);
  // Nobody holds the writer up: some token is in progress.
  const late = new AbortController();
  setTimeout(() => late.abort(reason), 10);
  const { tokenizer } = await writer();
  const endless = parrot(tokenizer.encode("a")[0] ?? 1).generate("The", { tokenizer, temperature: 0, maxTokens: 1_000_000, signal: late.signal });
  await assert.rejects(all(endless), isAbort);
  // Leaving the loop early is fine, too.
  for await (const piece of model.generate("The")) {
    assert.ok(piece.length > 0);
    break;
  }
});

test("two texts can be written at once", async () => {
  const { model } = await writer();
  const write = (seed: number): Promise<string[]> => all(model.generate("The", { maxTokens: 15, seed, temperature: 1 }));
  const apart = [await write(1), await write(2)];
  assert.deepEqual(await Promise.all([write(1), write(2)]), apart);
});

test("options are checked at once, by name", async () => {
  const { model, tokenizer } = await writer();
  fails("value", /generate: temperature is -1/, () => model.generate("x", { temperature: -1 }));
  fails("value", /generate: topP is 0/, () => model.generate("x", { topP: 0 }));
  fails("value", /generate: topK is 1\.5/, () => model.generate("x", { topK: 1.5 }));
  fails("value", /generate: maxTokens is 0/, () => model.generate("x", { maxTokens: 0 }));
  fails("value", /seed/, () => model.generate("x", { seed: -1 }));
  fails("argument", /generate: give a tokenizer/, () => new GPT(SHAPE).generate("x"));
  fails("argument", /encode takes a string/, () => model.generate(JSON.parse("3")));
  const chars = data.Tokenizer.characters("abc");
  fails("data", /x/, () => model.generate("x", { tokenizer: chars }));
  const small = new GPT({ ...SHAPE, vocabSize: 4 });
  await rejects("value", /token/, small.generate("x", { tokenizer }).next());
});
