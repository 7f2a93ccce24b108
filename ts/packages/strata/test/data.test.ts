/** Tokenizers, datasets, stories, batches of tensors. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arange, data, functional, GPT, nn, StrataError, tensor, zeros } from "strata-ml";
import { close, fails, rejects, untyped } from "./check.ts";

const { Tokenizer } = data;
const NOUNS = ["cat", "rat", "mat", "river", "mountain", "button", "lantern"];
const TEXT = NOUNS.flatMap((a) => NOUNS.map((b) => `the ${a} sat near the ${b}; `)).join("").repeat(3);

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "strata-data-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a BPE is trained, encodes and decodes whatever it is given", async () => {
  const heard: number[] = [];
  const tokenizer = await Tokenizer.train([TEXT], { vocabSize: 280, onProgress: ({ done }) => heard.push(done) });
  assert.equal(tokenizer.kind, "bpe");
  assert.equal(tokenizer.vocabSize, 280);
  assert.equal(tokenizer.endOfText, 0);
  assert.ok(heard.length > 0);
  for (const text of [TEXT, "", "ünïcödé 🦊 日本語", "<|endoftext|>", "a\u0000b"]) {
    const ids = tokenizer.encode(text);
    assert.ok(ids instanceof Uint32Array);
    assert.equal(tokenizer.decode(ids), text);
    assert.ok(!ids.includes(0), "text never says <|endoftext|>");
  }
  assert.ok(tokenizer.encode("the cat").length < 7, "frequent pieces are one token");
  const merges = tokenizer.merges();
  assert.equal(merges.length, 280 - 257);
  for (const { left, right, id } of merges) {
    assert.deepEqual([...tokenizer.bytes(id)], [...tokenizer.bytes(left), ...tokenizer.bytes(right)]);
  }
  const tokens = tokenizer.tokens("the cat");
  assert.equal(tokens.map(({ text }) => text).join("").replaceAll("·", " "), "the cat");
  assert.equal(tokenizer.show(0), "<|endoftext|>");
  assert.equal(tokenizer.show(999), "<unused>");
  assert.equal(tokenizer.bytes(0).length, 0);
  assert.equal(tokenizer.decode([...tokenizer.encode("mat")]), "mat");
  assert.equal(String(tokenizer), "Tokenizer(bpe, 280 tokens)");
});

test("a char tokenizer knows its characters and names the ones it does not", () => {
  const tokenizer = Tokenizer.characters(["abcä", "🦊"]);
  assert.equal(tokenizer.kind, "char");
  assert.equal(tokenizer.vocabSize, 6);
  assert.equal(tokenizer.decode(tokenizer.encode("ä🦊a")), "ä🦊a");
  assert.deepEqual(tokenizer.merges(), []);
  fails("data", /x/, () => tokenizer.encode("ax"));
  fails("argument", /encode takes a string/, () => tokenizer.encode(JSON.parse("3")));
});

test("tokenizers are saved and loaded; other files are refused by name", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "tokenizer.json");
    const tokenizer = await Tokenizer.train(TEXT, { vocabSize: 270 });
    await tokenizer.save(path);
    const again = await Tokenizer.load(path);
    assert.deepEqual(again.encode(TEXT), tokenizer.encode(TEXT));
    assert.deepEqual(again.merges(), tokenizer.merges());
    await rejects("file", /nothing\.json/, Tokenizer.load(join(folder, "nothing.json")));
    await writeFile(path, "{}");
    await rejects("data", /tokenizer\.json/, Tokenizer.load(path));
    await rejects("file", /missing/, tokenizer.save(join(folder, "missing", "tokenizer.json")));
  });
});

test("files that would give other ids than Hugging Face's are refused by name", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "tokenizer.json");
    const tokenizer = await Tokenizer.train(TEXT, { vocabSize: 270 });
    await tokenizer.save(path);
    const file = JSON.parse(await readFile(path, "utf8"));
    const template = { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<|endoftext|>", type_id: 0 } }], pair: [], special_tokens: {} };
    for (const [name, changed] of [
      ["TemplateProcessing", { ...file, post_processor: template }],
      ["TemplateProcessing", { ...file, post_processor: { type: "Sequence", processors: [{ type: "ByteLevel" }, template] } }],
      ["truncation", { ...file, truncation: { direction: "Right", max_length: 4, strategy: "LongestFirst", stride: 0 } }],
      ["padding", { ...file, padding: { strategy: "BatchLongest", direction: "Right" } }],
      ["NFC", { ...file, normalizer: { type: "NFC" } }],
      ["dropout", { ...file, model: { ...file.model, dropout: 0.1 } }],
    ] as const) {
      await writeFile(path, JSON.stringify(changed));
      await rejects("data", new RegExp(`tokenizer\\.json.*${name}`, "s"), Tokenizer.load(path));
    }
    await writeFile(path, JSON.stringify({ ...file, post_processor: { type: "ByteLevel" }, model: { ...file.model, dropout: 0 } }));
    assert.deepEqual((await Tokenizer.load(path)).encode(TEXT), tokenizer.encode(TEXT));
  });
});

test("what is no id does not pass for one", async () => {
  const tokenizer = await Tokenizer.train(TEXT, { vocabSize: 270 });
  const decode = (ids: unknown): unknown => untyped(tokenizer.decode, tokenizer, ids);
  const rows = new data.TensorDataset(zeros([3, 2]), zeros([3]));
  for (const bad of [-1, 1.5, NaN, Infinity, 2 ** 32, "3", null, undefined, 3n, true, [3]]) {
    const code = typeof bad === "number" ? "value" : "argument";
    fails(code, /decode: ids\[0\]/, () => decode([bad]));
    fails(code, /decode: ids\[1\]/, () => decode([3, bad]));
    fails(code, /show: id/, () => untyped(tokenizer.show, tokenizer, bad));
    fails(code, /bytes: id/, () => untyped(tokenizer.bytes, tokenizer, bad));
    fails(code, /rows: indices\[1\]/, () => untyped(rows.rows, rows, [0, bad]));
  }
  for (const bad of [-1, 1.5, NaN, Infinity, 2 ** 32]) {
    fails("value", /tensor: element 1/, () => tensor([3, bad], { dtype: "u32" }));
  }
  for (const bad of [Int32Array.of(3), Float32Array.of(3), BigUint64Array.of(3n), new Uint8Array(4), "3", 3, null, new Set([3])]) {
    fails("argument", /decode: ids/, () => decode(bad));
  }
  const hole: number[] = [3];
  hole.length = 2;
  fails("argument", /decode: ids\[1\]/, () => decode(hole));
  // A number that no token has stands for no text: a model may have rows to spare.
  assert.equal(tokenizer.decode([999, 0xffffffff]), "");
});

test("ids of another dtype, or outside the table, are no rows of it", async () => {
  const table = arange(6).reshape(3, 2);
  const layer = new nn.Embedding(3, 2, { weight: table });
  for (const ids of [tensor([[0, 1]]), tensor([[0, 1]], { dtype: "i32" })]) {
    fails("dtype", /embedding/, () => layer.forward(ids));
    fails("dtype", /embedding/, () => functional.embedding(ids, table));
  }
  // -7 of i32 is no row of any table, and does not become row 0.
  const cast = tensor([-7, 2], { dtype: "i32" }).cast("u32");
  assert.deepEqual([...(await cast.read("u32"))], [4294967289, 2]);
  close(await functional.embedding(cast, table).read(), [NaN, NaN, 4, 5]);
  const model = new GPT("gpt-nano");
  fails("dtype", /embedding/, () => model.forward(tensor([[1, 2]])));
  const [beyond, one] = [[[model.config.vocabSize]], [[1]]].map((ids) => tensor(ids, { dtype: "u32" }));
  assert.ok(beyond !== undefined && one !== undefined);
  assert.ok(Number.isNaN(model.loss(beyond, one).item()));
});

test("training a tokenizer: bad sizes, aborts, callbacks that throw", async () => {
  await rejects("data", /257/, Tokenizer.train(TEXT, { vocabSize: 100 }));
  await rejects("value", /vocabSize is 1\.5/, Tokenizer.train(TEXT, { vocabSize: 1.5 }));
  const reason = new Error("enough");
  await rejects("aborted", /Tokenizer\.train/, Tokenizer.train(TEXT, { signal: AbortSignal.abort(reason) }));
  const controller = new AbortController();
  const running = Tokenizer.train(Array.from({ length: 300 }, (_, i) => `${TEXT} number ${i * 7919}`), { vocabSize: 4000, signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(running, (e) => e instanceof StrataError && e.code === "aborted" && e.cause === reason);
  const cause = new Error("no");
  const thrown = Tokenizer.train(TEXT, {
    vocabSize: 300,
    onProgress: () => {
      throw cause;
    },
  });
  await assert.rejects(thrown, (e) => e instanceof StrataError && e.code === "callback" && e.cause === cause);
});

test("stories: batches are a function of seed and step", async () => {
  const stages = new Set<string>();
  const stories = await data.prepare({ vocabSize: 512, context: 32, seed: 3, onProgress: ({ stage }) => stages.add(stage) });
  assert.ok(stages.size > 0);
  assert.equal(stories.isStories, true);
  assert.equal(stories.trainTokens, null);
  assert.equal(stories.context, 32);
  assert.equal(stories.source, "stories");
  assert.ok(stories.notes.every((note) => note.length > 10));
  assert.deepEqual([...stories.prompt()], [stories.tokenizer.endOfText]);
  const batch = stories.train(7, 4);
  assert.deepEqual([batch.batch, batch.context, batch.inputs.length], [4, 32, 128]);
  assert.deepEqual(batch.inputs, stories.train(7, 4).inputs);
  assert.notDeepEqual(batch.inputs, stories.train(8, 4).inputs);
  // What comes next is the next input, where it is scored.
  for (let i = 0; i + 1 < 32; i++) {
    const target = batch.targets[i];
    assert.ok(target === data.IGNORE || target === batch.inputs[i + 1]);
  }
  assert.ok(batch.floor !== null && batch.floor > 0.1 && batch.floor < 3);
  assert.equal(batch.scored, batch.targets.filter((t) => t !== data.IGNORE).length);
  assert.ok(batch.bytes > batch.scored);
  const ids = batch.ids();
  assert.deepEqual([[...ids.shape], ids.dtype], [[4, 32], "u32"]);
  assert.deepEqual(await ids.read("u32"), batch.inputs);
  assert.deepEqual(await batch.targetIds().read("u32"), batch.targets);
  assert.equal(stories.validationBatches(100), 6);
  assert.equal(stories.validation(0, 2).batch, 2);
  fails("value", /batchSize is 0/, () => stories.train(0, 0));
  fails("value", /step is -1/, () => stories.train(-1, 4));
  fails("shape", /3 inputs and 4 targets for 2 rows of 2/, () => new data.Batch({ inputs: new Uint32Array(3), targets: new Uint32Array(4), batch: 2, context: 2 }));
});

test("a text of one's own, with a tokenizer of one's own", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "novel.txt");
    await writeFile(path, TEXT);
    const chars = await data.prepare({ source: path, tokenizer: "char", context: 16 });
    assert.equal(chars.tokenizer.kind, "char");
    assert.ok((chars.trainTokens ?? 0) > 1000);
    assert.equal(chars.source, path);
    assert.equal(chars.train(0, 2).floor, null);
    const tokenizer = await Tokenizer.train(TEXT, { vocabSize: 270 });
    const given = await data.prepare({ source: path, tokenizer, context: 16 });
    assert.deepEqual(given.tokenizer.merges(), tokenizer.merges());
    await rejects("file", /none\.txt/, data.prepare({ source: join(folder, "none.txt") }));
  });
});

test("Strata's own book is a text, too", async () => {
  const book = await data.prepare({ source: "book", vocabSize: 300, context: 16 });
  assert.equal(book.source, "book");
  assert.equal(book.isStories, false);
  assert.ok((book.trainTokens ?? 0) > 10_000);
  // Every page begins where another one ended.
  assert.deepEqual([...book.prompt()], [book.tokenizer.endOfText]);
});

test("prepare takes vocabulary and context from a model, and checks the rest", async () => {
  const model = new GPT("gpt-nano");
  const stories = await data.prepare({ model });
  assert.equal(stories.context, 64);
  assert.ok(stories.tokenizer.vocabSize <= 512);
  await rejects("argument", /tokenizer is "words"; it must be one of bpe, char/, data.prepare({ tokenizer: JSON.parse('"words"') }));
  await rejects("value", /context is 0/, data.prepare({ context: 0 }));
  await rejects("value", /seed/, data.prepare({ seed: -3 }));
  await rejects("aborted", /data\.prepare/, data.prepare({ model, signal: AbortSignal.abort() }));
  await rejects("callback", /onProgress threw: boo/, data.prepare({
    model,
    onProgress: () => {
      throw new Error("boo");
    },
  }));
});

test("stories are told with their exact probability", () => {
  const { stories } = data;
  const story = stories.tell(1, 0);
  assert.deepEqual(stories.tell(1, 0), story);
  assert.notEqual(stories.tell(1, 1).text, story.text);
  assert.notEqual(stories.tell(1, 0, { heldOut: true }).text, story.text);
  const sum = story.decisions.reduce((all, { weight, total }) => all + Math.log(weight / total), 0);
  assert.ok(Math.abs(sum - story.logProb) < 1e-9);
  assert.ok(Math.abs(stories.logProb(story.text) - story.logProb) < 1e-9);
  assert.ok(stories.entropy > 10 && stories.entropy < 500);
  fails("data", /not one of the embedded stories/, () => stories.logProb("Once upon a midnight dreary"));
});

test("TensorDataset and batches: every row once, in order or shuffled", async () => {
  const x = arange(20).reshape(10, 2);
  const y = tensor(Uint32Array.from({ length: 10 }, (_, i) => i));
  const rows = new data.TensorDataset(x, y);
  assert.equal(rows.length, 10);
  const seen: number[] = [];
  const sizes: number[] = [];
  for (const [input, target] of data.batches(rows, { batchSize: 4 })) {
    sizes.push(target.numel);
    assert.equal(target.dtype, "u32");
    const [a, b] = [await input.read(), await target.read("u32")];
    b.forEach((row, i) => assert.deepEqual([a[2 * i], a[2 * i + 1]], [2 * row, 2 * row + 1]));
    seen.push(...b);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(sizes, [4, 4, 2]);
  const order = (seed: number): number[] => [...data.batches(rows, { batchSize: 3, shuffle: true, seed })].flatMap(([, t]) => [...t.view("u32")]);
  assert.deepEqual([...order(1)].sort((a, b) => a - b), seen);
  assert.notDeepEqual(order(1), seen);
  assert.notDeepEqual(order(1), order(2));
  assert.deepEqual(order(1), order(1));
  assert.equal([...data.batches(rows, { batchSize: 4, dropLast: true })].length, 2);
  const [pick] = rows.rows([9, 0]);
  assert.deepEqual(pick.toArray(), [[18, 19], [0, 1]]);
  fails("index", /no row 10 among 10/, () => rows.rows([10]));
  fails("shape", /\[10, 2\] and \[9\]/, () => new data.TensorDataset(x, zeros([9])));
  fails("shape", /at least 1/, () => new data.TensorDataset(zeros([0, 2]), zeros([0])));
  fails("argument", /TensorDataset takes a Tensor/, () => new data.TensorDataset(JSON.parse("1"), y));
  fails("value", /batchSize is 0/, () => [...data.batches(rows, { batchSize: 0 })]);
  // What is not contiguous is read as it looks.
  const turned = new data.TensorDataset(x.T, tensor([0, 1]));
  assert.deepEqual(turned.rows([1])[0].toArray(), [[1, 3, 5, 7, 9, 11, 13, 15, 17, 19]]);
});
