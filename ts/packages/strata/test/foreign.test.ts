/** Checkpoints of other programs, models of no numbers, and texts that change under a run. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { data, GPT, loadTensors, StrataError } from "strata-ml";
import { rejects } from "./check.ts";

const SHAPE = { vocabSize: 300, nPositions: 16, nEmbd: 8, nLayer: 1, nHead: 2 };
const WTE = "transformer.wte.weight";
const LINE = "one two three four five six seven. ";

/** A tensor as a file has it. */
interface Raw {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

const floats = (shape: number[], values: Float32Array): Raw => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

async function write(path: string, file: Map<string, Raw>): Promise<void> {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of file) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, ...[...file.values()].map(({ bytes }) => bytes)]));
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "strata-foreign-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function text(folder: string, words = LINE): Promise<data.Dataset> {
  const source = join(folder, "text.txt");
  await writeFile(source, words.repeat(20));
  return data.prepare({ source, vocabSize: 280, context: 8, seed: 1 });
}

/** A saved model and its tensors. */
async function saved(folder: string): Promise<[model: GPT, file: Map<string, Raw>]> {
  const model = new GPT(SHAPE, { seed: 4 });
  await model.save(folder, (await text(folder)).tokenizer);
  const file = new Map<string, Raw>();
  for (const [name, p] of model.namedParameters()) file.set(name, floats([...p.shape], await p.read()));
  return [model, file];
}

test("a parameter of integers, and a head of its own, are refused by name", async () => {
  await withFolder(async (folder) => {
    const [, file] = await saved(folder);
    const path = join(folder, "model.safetensors");
    for (const [dtype, width] of [["U8", 1], ["BOOL", 1], ["I32", 4], ["I64", 8], ["F64", 8]] as const) {
      const bytes = new Uint8Array(300 * 8 * width).fill(1);
      await write(path, new Map([...file, [WTE, { dtype, shape: [300, 8], bytes }]]));
      await rejects("checkpoint", new RegExp(`wte\\.weight is ${dtype}`), GPT.load(folder));
    }
    await write(path, new Map([...file, ["lm_head.weight", floats([3, 3], new Float32Array(9))]]));
    await rejects("checkpoint", /lm_head\.weight is not .*\[3, 3\]/, GPT.load(folder));
    await write(path, new Map([...file, ["lm_head.weight", floats([300, 8], new Float32Array(2400))]]));
    await rejects("checkpoint", /lm_head\.weight is not .*tie_word_embeddings/, GPT.load(folder));
  });
});

test("masks of any dtype, and the head that is the table, may stand beside the weights", async () => {
  await withFolder(async (folder) => {
    const [model, file] = await saved(folder);
    const path = join(folder, "model.safetensors");
    const table = file.get(WTE);
    assert.ok(table !== undefined);
    for (const [dtype, width] of [["U8", 1], ["BOOL", 1], ["I64", 8], ["F64", 8]] as const) {
      const mask = { dtype, shape: [1, 1, 16, 16], bytes: new Uint8Array(256 * width) };
      const more: [string, Raw][] = [["transformer.h.0.attn.bias", mask], ["lm_head.weight", table]];
      await write(path, new Map([...file, ...more]));
      const { model: loaded } = await GPT.load(folder);
      for (const [name, p] of loaded.namedParameters()) {
        assert.deepEqual(await p.read(), await model.arena.parameter(name).read(), name);
      }
      const found = (await loadTensors(path))["transformer.h.0.attn.bias"];
      assert.deepEqual(found?.shape, [1, 1, 16, 16]);
    }
    const bytes = Uint8Array.of(0, 7, 255);
    await write(path, new Map([["x", { dtype: "U8", shape: [3], bytes }]]));
    assert.deepEqual([...((await (await loadTensors(path))["x"]?.read()) ?? [])], [0, 7, 255]);
    const large = new Uint8Array(BigInt64Array.of(16_777_217n).buffer);
    await write(path, new Map([["x", { dtype: "I64", shape: [1], bytes: large }]]));
    await rejects("checkpoint", /tensor x is I64/, loadTensors(path));
  });
});

test("shards are read as one model, and a missing one is named", async () => {
  await withFolder(async (folder) => {
    const [model, file] = await saved(folder);
    const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    const half = [...file].map(([name], i) => [name, names[i % 2 === 0 ? 0 : 1]] as const);
    for (const shard of names) {
      await write(join(folder, shard), new Map([...file].filter((_, i) => half[i]?.[1] === shard)));
    }
    const index = join(folder, "model.safetensors.index.json");
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(half) }));
    await rm(join(folder, "model.safetensors"));
    const { model: loaded, trainer } = await GPT.load(folder);
    assert.equal(trainer, null);
    for (const [name, p] of loaded.namedParameters()) {
      assert.deepEqual(await p.read(), await model.arena.parameter(name).read(), name);
    }
    await rm(join(folder, names[1]));
    await rejects("checkpoint", /model-00002-of-00002\.safetensors is missing/, GPT.load(folder));
  });
});

test("a model of no numbers writes nothing and is not scored", async () => {
  await withFolder(async (folder) => {
    const words = await text(folder);
    const model = new GPT(SHAPE, { seed: 4 });
    model.arena.parameter(WTE).fill(NaN);
    const writing = async (): Promise<void> => {
      for await (const piece of model.generate("one", { tokenizer: words.tokenizer, maxTokens: 5 })) assert.fail(piece);
    };
    await rejects("non-finite", /wte\.weight/, writing());
    const { trainer } = await fitted(new GPT(SHAPE, { seed: 4 }), words, folder);
    trainer.arena.parameter(WTE).fill(Infinity);
    assert.ok(trainer.trainer !== null);
    await rejects("non-finite", /wte\.weight/, trainer.trainer.evaluate(words));
  });
});

async function fitted(model: GPT, words: data.Dataset, folder: string): Promise<{ trainer: GPT; run: string }> {
  const run = join(folder, "run");
  const callbacks = { onStep: (): boolean => false };
  await model.fit(words, { steps: 9, batchSize: 1, evalBatches: 1, checkpoint: run, callbacks });
  return { trainer: model, run };
}

/** What the process is warned of while `body` runs. */
async function warnings(body: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const hear = (warning: Error): void => void heard.push(warning.message);
  process.on("warning", hear);
  try {
    await body();
    await new Promise((done) => setImmediate(done));
  } finally {
    process.off("warning", hear);
  }
  return heard.filter((message) => message.includes("text has changed"));
}

test("a text that was edited is said when the run goes on", async () => {
  await withFolder(async (folder) => {
    const { run } = await fitted(new GPT(SHAPE, { seed: 4 }), await text(folder), folder);
    const file: unknown = JSON.parse(await readFile(join(run, "trainer.json"), "utf8"));
    assert.ok(typeof file === "object" && file !== null && "data_sha256" in file);
    const on = async (words: string): Promise<string[]> => {
      await text(folder, words);
      const { model, tokenizer } = await GPT.load(run);
      const again = await data.prepare({ source: join(folder, "text.txt"), model, tokenizer, context: 8, seed: 1 });
      const callbacks = { onStep: (): boolean => false };
      return warnings(() => model.fit(again, { resume: true, checkpoint: run, callbacks }));
    };
    assert.deepEqual(await on(LINE), []);
    assert.equal((await on(LINE.replace("one", "six"))).length, 1);
    assert.deepEqual(await on(LINE.replace("one", "six")), []);
  });
});

test("no message of the library's names a flag of the command's", async () => {
  await withFolder(async (folder) => {
    const gone = (error: unknown): boolean => error instanceof StrataError && !/ --[a-z]/.test(error.message);
    await assert.rejects(data.prepare({ source: join(folder, "nowhere.txt") }), gone);
    await assert.rejects(data.Tokenizer.load(join(folder, "tokenizer.json")), gone);
    await writeFile(join(folder, "short.txt"), "too short");
    await assert.rejects(data.prepare({ source: join(folder, "short.txt"), vocabSize: 260, context: 64 }), gone);
    const words = await data.prepare({ source: "stories", tokenizer: "char", context: 8 });
    assert.throws(() => words.tokenizer.encode("\u2603"), gone);
  });
});
