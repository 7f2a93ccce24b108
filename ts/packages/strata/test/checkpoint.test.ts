/** Checkpoints: the same folders as Rust's, read back to the same bits, refused when damaged. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { data, GPT, loadTensors, nn, saveTensors, StrataError, tensor, zeros } from "strata-ml";
import type { GptFitOptions, Tensor } from "strata-ml";
import { fails, rejects } from "./check.ts";

const SHAPE = { vocabSize: 300, nPositions: 32, nEmbd: 32, nLayer: 2, nHead: 2 };
const FAST: GptFitOptions = { evalBatches: 1, batchSize: 2, dropout: 0.1, lr: 0.01, schedule: "constant" };

let shared: Promise<data.Dataset> | undefined;
const stories = (): Promise<data.Dataset> => (shared ??= data.prepare({ vocabSize: 300, context: 32, seed: 1 }));
const ids = (): Tensor => tensor(Uint32Array.from({ length: 20 }, (_, i) => (i * 31) % 300), { shape: [2, 10] });

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "strata-checkpoint-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("save and load: the same logits, tokenizer and shape", async () => {
  await withFolder(async (folder) => {
    const model = new GPT(SHAPE, { seed: 4 });
    const { tokenizer } = await stories();
    const path = join(folder, "model");
    await rejects("argument", /save: give a tokenizer/, model.save(path));
    await model.save(path, tokenizer);
    assert.deepEqual((await readdir(path)).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    const { model: again, trainer, about, tokenizer: read } = await GPT.load(path);
    assert.deepEqual(await again.forward(ids()).read(), await model.forward(ids()).read());
    assert.deepEqual(again.config, model.config);
    assert.deepEqual(read.encode("Mara found"), tokenizer.encode("Mara found"));
    assert.equal(again.tokenizer, read);
    assert.deepEqual([trainer, again.trainer, about, again.loaded], [null, null, "", true]);
    // What transformers would read.
    const config: unknown = JSON.parse(await readFile(join(path, "config.json"), "utf8"));
    assert.ok(typeof config === "object" && config !== null && "n_embd" in config && config.n_embd === 32);
    const tensors = await loadTensors(join(path, "model.safetensors"));
    assert.deepEqual(Object.keys(tensors).sort(), model.namedParameters().map(([name]) => name).sort());
    new GPT(SHAPE).loadStateDict(tensors);
  });
});

test("a run that was saved and loaded goes on to the same bits", async () => {
  await withFolder(async (folder) => {
    const text = await stories();
    const straight = new GPT(SHAPE, { seed: 4 });
    const whole = await straight.fit(text, { ...FAST, steps: 10 });
    const path = join(folder, "run");
    const model = new GPT(SHAPE, { seed: 4 });
    const saved: string[] = [];
    const half = await model.fit(text, {
      ...FAST,
      steps: 10,
      checkpoint: path,
      // None in between, however slow the machine.
      saveEvery: { steps: 500 },
      callbacks: { onStep: ({ step }) => step < 5, onSave: ({ step, folder }) => void saved.push(`${step} ${folder}`) },
    });
    assert.deepEqual(saved, [`5 ${path}`]);
    assert.deepEqual((await readdir(path)).sort(), ["config.json", "model.safetensors", "optimizer.safetensors", "tokenizer.json", "trainer.json"]);
    const opened = await GPT.load(path);
    assert.equal(opened.about, "stories");
    assert.equal(opened.trainer?.step, 5);
    assert.equal(opened.trainer.config.dropout.toFixed(6), "0.100000");
    const { m } = opened.trainer.moments("transformer.wpe.weight");
    assert.deepEqual(await m.read(), await model.trainer?.moments("transformer.wpe.weight").m.read());
    // The text of a run is prepared again with the run's own tokenizer.
    const again = await data.prepare({ model: opened.model, tokenizer: opened.tokenizer, seed: 1 });
    const rest = await opened.model.fit(again, { resume: true, checkpoint: path });
    assert.deepEqual([...half.loss, ...rest.loss], whole.loss);
    assert.deepEqual([rest.steps, rest.tokens], [10, whole.tokens]);
    for (const [name, p] of straight.namedParameters()) {
      assert.deepEqual(await opened.model.arena.parameter(name).read(), await p.read(), name);
    }
    assert.equal((await GPT.load(path)).trainer?.step, 10);
    const moments = await loadTensors(join(path, "optimizer.safetensors"));
    assert.deepEqual(await moments["m.transformer.ln_f.weight"]?.read(), await straight.trainer?.moments("transformer.ln_f.weight").m.read());
  });
});

test("an aborted run is saved first; another run's folder is not written over", async () => {
  await withFolder(async (folder) => {
    const text = await stories();
    const path = join(folder, "run");
    const model = new GPT(SHAPE, { seed: 4 });
    const controller = new AbortController();
    const callbacks = { onStep: ({ step }: { step: number }): void => (step === 3 ? controller.abort() : undefined) };
    await rejects("aborted", /fit: aborted after step 3/, model.fit(text, { ...FAST, steps: 99, checkpoint: path, signal: controller.signal, callbacks }));
    assert.equal((await GPT.load(path)).trainer?.step, 3);
    const other = new GPT(SHAPE, { seed: 5 });
    await rejects("checkpoint", /holds another run's checkpoint/, other.fit(text, { ...FAST, steps: 1, checkpoint: path }));
    assert.equal((await GPT.load(path)).trainer?.step, 3);
    await other.fit(text, { ...FAST, steps: 1, checkpoint: path, overwrite: true });
    assert.equal((await GPT.load(path)).trainer?.step, 1);
    // Nor is a file of somebody else's that happens to have a checkpoint's name.
    const theirs = join(folder, "theirs");
    await mkdir(theirs);
    await writeFile(join(theirs, "config.json"), "{}");
    await rejects("checkpoint", /theirs holds/, other.fit(text, { ...FAST, steps: 1, checkpoint: theirs }));
    assert.equal(await readFile(join(theirs, "config.json"), "utf8"), "{}");
    // A trainer of one's own saves the same kind of folder.
    await other.trainer?.save(join(folder, "own"), text.tokenizer, "stories");
    assert.equal((await GPT.load(join(folder, "own"))).trainer?.step, 1);
  });
});

test("a folder that is no checkpoint is refused, and named", async () => {
  await withFolder(async (folder) => {
    const gone = join(folder, "gone");
    await rejects("checkpoint", /gone: there is no such folder/, GPT.load(gone));
    const empty = join(folder, "empty");
    await mkdir(empty);
    await assert.rejects(GPT.load(empty), (e) => e instanceof StrataError && (e.code === "file" || e.code === "checkpoint") && /config\.json/.test(e.message));
    const file = join(folder, "file");
    await writeFile(file, "text");
    await rejects("checkpoint", /file: there is no such folder/, GPT.load(file));
  });
});

test("a model's file may be in 16 bits", async () => {
  await withFolder(async (folder) => {
    const text = await stories();
    const model = new GPT(SHAPE, { seed: 4 });
    const path = (dtype: string): string => join(folder, dtype);
    for (const dtype of ["f32", "bf16", "f16"] as const) await model.save(path(dtype), text.tokenizer, { dtype });
    const bytes = async (dtype: string): Promise<number> => (await stat(join(path(dtype), "model.safetensors"))).size;
    assert.ok((await bytes("bf16")) < 0.6 * (await bytes("f32")));
    for (const dtype of ["bf16", "f16"] as const) {
      const { model: loaded } = await GPT.load(path(dtype));
      for (const [name, weight] of Object.entries(model.stateDict())) {
        const want = await weight.cast(dtype).cast("f32").read();
        assert.deepEqual(await loaded.stateDict()[name]?.read(), want, `${name} in ${dtype}`);
      }
    }
    await rejects("value", /i32.*f32, bf16 or f16/, model.save(path("i32"), text.tokenizer, { dtype: JSON.parse('"i32"') }));
    await rejects("dtype", /fp8 is no dtype/, model.save(path("fp8"), text.tokenizer, { dtype: JSON.parse('"fp8"') }));
  });
});

test("damaged files are refused, and named", async () => {
  await withFolder(async (folder) => {
    const text = await stories();
    const path = join(folder, "model");
    const model = new GPT(SHAPE, { seed: 4 });
    const fresh = async (): Promise<void> => {
      await rm(path, { recursive: true, force: true });
      await model.save(path, text.tokenizer);
    };
    await fresh();
    await truncate(join(path, "model.safetensors"), 1000);
    await rejects("checkpoint", /model\.safetensors/, GPT.load(path));
    await fresh();
    await writeFile(join(path, "config.json"), "{");
    await rejects("checkpoint", /config\.json/, GPT.load(path));
    await fresh();
    await rm(join(path, "tokenizer.json"));
    await assert.rejects(GPT.load(path), (e) => e instanceof StrataError && /tokenizer\.json/.test(e.message));
    await fresh();
    const run = join(folder, "run");
    await model.fit(text, { ...FAST, steps: 1, checkpoint: run });
    await writeFile(join(run, "optimizer.safetensors"), "noise");
    await rejects("checkpoint", /optimizer\.safetensors.*damaged/s, GPT.load(run));
    await writeFile(join(run, "trainer.json"), "[]");
    await rejects("checkpoint", /trainer\.json/, GPT.load(run));
  });
});

test("a model cannot be saved where a file is in the way, nor with another's tokenizer", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFile(path, "text");
    const text = await stories();
    const model = new GPT(SHAPE);
    await rejects("file", /file/, model.save(join(path, "deeper"), text.tokenizer));
    const small = new GPT({ ...SHAPE, vocabSize: 100 });
    await rejects("checkpoint", /300 tokens/, small.save(join(folder, "small"), text.tokenizer));
    await assert.rejects(readdir(join(folder, "small")));
  });
});

test("any module's parameters go through a file", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "net.safetensors");
    const [a, b] = [new nn.TransformerBlock(8, 2, { seed: 1 }), new nn.TransformerBlock(8, 2, { seed: 2 })];
    await saveTensors(path, a.stateDict());
    b.loadStateDict(await loadTensors(path));
    const x = zeros([1, 2, 8]).add(0.5);
    assert.deepEqual(await b.forward(x).read(), await a.forward(x).read());
    await truncate(path, 100);
    await rejects("checkpoint", /net\.safetensors/, loadTensors(path));
    await rejects("file", /none\.safetensors/, loadTensors(join(folder, "none.safetensors")));
    await rejects("file", /no.such/, saveTensors(join(folder, "no", "such", "x"), { x }));
    await rejects("dtype", /saveTensors/, saveTensors(path, { x: zeros([1], { dtype: "u32" }) }));
    const numbers = tensor([1.5, -0.007, 1e-3]);
    const halves = { a: numbers.cast("bf16"), b: numbers.cast("f16"), c: numbers };
    await saveTensors(path, halves);
    const again = await loadTensors(path);
    for (const name of ["a", "b", "c"] as const) {
      assert.deepEqual(await again[name]?.read(), await halves[name].cast("f32").read(), name);
    }
    fails("argument", /Embedding|weight|Tensor/, () => new nn.Embedding(2, 2, { weight: JSON.parse("3") }));
  });
});
