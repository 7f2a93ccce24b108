/** The GPT composed here is the GPT in Rust: logits, loss, gradients and training steps, bit for bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { data, Device, GPT, GptArena, memory, nn, optim, tensor, Trainer } from "strata-ml";
import type { Tensor } from "strata-ml";
import { close, fails, rejects } from "./check.ts";
import { elsewhere } from "./devices.ts";

const SHAPE = { vocabSize: 300, nPositions: 16, nEmbd: 32, nLayer: 2, nHead: 4 };
const IDS = Uint32Array.from({ length: 24 }, (_, i) => (i * 37) % 300);
const NEXT = Uint32Array.from(IDS, (id, i) => (i % 7 === 6 ? data.IGNORE : (id + 37) % 300));

const ids = (device?: Device): Tensor => tensor(IDS, { shape: [2, 12], device });
const targets = (device?: Device): Tensor => tensor(NEXT, { shape: [2, 12], device });

/** Every gradient of a model, by name. */
async function gradients(model: GPT): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const [name, p] of model.namedParameters()) all.set(name, (await p.grad?.read()) ?? new Float32Array());
  return all;
}

test("presets have the sizes that the book says; parameters have GPT-2's names", () => {
  const model = new GPT("gpt-nano");
  assert.equal(model.numParameters, 136_960);
  assert.equal(new GPT("gpt-1m").numParameters, 1_071_872);
  assert.deepEqual(model.config, { vocabSize: 512, nPositions: 64, nEmbd: 64, nLayer: 2, nHead: 2, layerNormEpsilon: model.config.layerNormEpsilon });
  const names = model.namedParameters().map(([name]) => name);
  assert.deepEqual(names, model.arena.infos.map(({ name }) => name));
  for (const name of ["transformer.wte.weight", "transformer.h.1.attn.c_attn.weight", "transformer.h.0.mlp.c_proj.bias", "transformer.ln_f.weight"]) {
    assert.ok(names.includes(name), name);
  }
  for (const [name, p] of model.namedParameters()) {
    assert.equal(p, model.arena.parameter(name), "the arena's own tensor");
    assert.ok(p.requiresGrad && p.isLeaf);
  }
  assert.equal(nn.GPT, GPT);
});

test("one seed, one model", async () => {
  const [a, b, c] = [new GPT(SHAPE, { seed: 7 }), new GPT(SHAPE, { seed: 7 }), new GPT(SHAPE, { seed: 8 })];
  assert.deepEqual(await a.wte.weight.read(), await b.wte.weight.read());
  assert.notDeepEqual(await a.wte.weight.read(), await c.wte.weight.read());
});

test("forward, loss and every gradient equal Rust's, bit for bit", async () => {
  const model = new GPT(SHAPE, { seed: 7 });
  const composed = model.forward(ids());
  assert.deepEqual([...composed.shape], [2, 12, 300]);
  assert.deepEqual(await composed.read(), await model.arena.forward(ids()).read());
  model.zeroGrad();
  const loss = model.loss(ids(), targets());
  loss.backward();
  const here = await gradients(model);
  model.zeroGrad();
  assert.ok((await gradients(model)).get("transformer.wte.weight")?.every((g) => g === 0));
  const native = model.arena.loss(ids(), targets());
  native.backward();
  assert.equal(loss.item(), native.item());
  const there = await gradients(model);
  assert.equal(here.size, 28);
  for (const [name, g] of here) {
    assert.ok(g.length > 0 && g.some((x) => x !== 0), `${name} has a gradient`);
    assert.deepEqual(g, there.get(name), name);
  }
});

test("the loss is that of uniform guessing at first, and ignored targets do not count", () => {
  const model = new GPT(SHAPE, { seed: 1 });
  assert.ok(Math.abs(model.loss(ids(), targets()).item() - Math.log(300)) < 0.1);
});

interface Curve {
  readonly losses: number[];
  readonly optimizer: optim.AdamW;
  readonly model: GPT;
}

const LR = (step: number): number => 0.003 * Math.min(1, (step + 1) / 4);
const SETTINGS = { betas: [0.9, 0.95], weightDecay: 0.1, clip: 1 } as const;

/** A training loop as a reader writes it. */
function loop(batches: readonly data.Batch[], make: (model: GPT) => optim.AdamW): Curve {
  const model = new GPT(SHAPE, { seed: 3 });
  const optimizer = make(model);
  const losses = batches.map((batch, step) => {
    optimizer.lr = LR(step);
    optimizer.zeroGrad();
    const loss = model.loss(batch.ids(), batch.targetIds());
    loss.backward();
    optimizer.step();
    return loss.item();
  });
  return { losses, optimizer, model };
}

test("a training loop written here gives Rust's losses, weights and moments", async () => {
  const stories = await data.prepare({ vocabSize: 300, context: 16, seed: 2 });
  const batches = Array.from({ length: 12 }, (_, i) => stories.train(i, 4));
  const model = new GPT(SHAPE, { seed: 3 });
  const trainer = Trainer.create(model, { steps: 12, batchSize: 4, context: 16, ...SETTINGS });
  const losses: number[] = [];
  const norms: number[] = [];
  for (const [step, batch] of batches.entries()) {
    const report = step % 2 === 0 ? await trainer.trainOn(batch, LR(step)) : trainer.trainOnNow(batch, LR(step));
    assert.equal(report.step, step + 1);
    losses.push(report.loss);
    norms.push(report.norm);
  }
  assert.equal(trainer.step, 12);
  assert.equal(trainer.tokens, batches.reduce((sum, batch) => sum + batch.scored, 0));
  assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0) - 0.3, "it learns");

  const arena = loop(batches, (m) => new optim.AdamW(m, SETTINGS));
  assert.deepEqual(arena.losses, losses, "the arena's optimizer: the same bits");
  assert.equal(arena.optimizer.norm, norms.at(-1));
  for (const [name, p] of arena.model.namedParameters()) {
    assert.deepEqual(await p.read(), await model.arena.parameter(name).read(), name);
    const [mine, rusts] = [arena.optimizer.state(p), trainer.moments(name)];
    assert.deepEqual(await mine?.m.read(), await rusts.m.read(), `m of ${name}`);
    assert.deepEqual(await mine?.v.read(), await rusts.v.read(), `v of ${name}`);
  }

  const list = loop(batches, (m) => new optim.AdamW(m.parameters(), SETTINGS));
  close(list.losses, losses, 1e-4, "a list of parameters");
  close([list.optimizer.norm], [norms.at(-1) ?? NaN], 1e-3, "norm");
});

test("a trainer takes its schedule's learning rate, and refuses batches of another shape", async () => {
  const stories = await data.prepare({ vocabSize: 300, context: 16 });
  const model = new GPT(SHAPE, { seed: 3 });
  const trainer = Trainer.create(model, { steps: 100, batchSize: 2, lr: 0.01, schedule: "wsd" });
  assert.equal(trainer.lr, 0);
  const report = await trainer.trainOn(stories.train(0, 2));
  close([report.lr, trainer.lr], [0.002, 0.002], 1e-7, "warm-up");
  await rejects("shape", /\[2, 16\]/, trainer.trainOn(stories.train(0, 3)));
  const first = trainer.trainOn(stories.train(0, 2));
  await rejects("busy", /trainOn: the model is being trained/, trainer.trainOn(stories.train(1, 2)));
  fails("busy", /forward/, () => model.forward(ids()));
  await first;
  await rejects("value", /lr is NaN/, trainer.trainOn(stories.train(0, 2), NaN));
  fails("argument", /no parameter "no_such"/, () => trainer.moments("no_such"));
  const { loss, tokens } = await trainer.evaluate(stories, 2);
  assert.ok(loss > 4 && loss < 6 && tokens > 20);
  assert.deepEqual(trainer.config.length, { steps: 100 });
  assert.deepEqual([trainer.config.batchSize, trainer.config.context, trainer.config.schedule], [2, 16, "wsd"]);
  trainer.length = { steps: 200 };
  assert.deepEqual(trainer.length, { steps: 200 });
});

test("attention: who looks at whom, in every block and head", async () => {
  const model = new GPT(SHAPE, { seed: 7 });
  const all = model.attention(ids());
  assert.equal(all.length, 2);
  for (const weights of all) {
    assert.deepEqual([...weights.shape], [2, 4, 12, 12]);
    const p = await weights.read();
    for (let row = 0; row < 2 * 4 * 12; row++) {
      const place = row % 12;
      const line = p.subarray(row * 12, row * 12 + 12);
      assert.ok(Math.abs(line.reduce((a, b) => a + b, 0) - 1) < 1e-5);
      assert.ok(line.subarray(place + 1).every((x) => x === 0), "nobody sees what comes later");
    }
  }
  const block = model.h[0];
  assert.ok(block !== undefined);
  assert.deepEqual(await block.weights(model.embed(ids())).read(), await all[0]?.read());
});

test("dropout is drawn in training mode only", async () => {
  const model = new GPT(SHAPE, { seed: 7, dropout: 0.3 });
  assert.notDeepEqual(await model.forward(ids()).read(), await model.forward(ids()).read());
  model.eval();
  assert.deepEqual(await model.forward(ids()).read(), await model.arena.forward(ids()).read());
});

test("everything on the way can be looked at: graph, names, hooks", () => {
  const model = new GPT(SHAPE, { seed: 7 });
  const loss = model.loss(ids(), targets());
  const graph = loss.graph();
  const named = graph.nodes.flatMap((node) => (node.name === null ? [] : [node.name]));
  assert.deepEqual([...named].sort(), model.namedParameters().map(([name]) => name).sort());
  assert.equal(graph.nodes.filter((node) => node.op === "attention_qkv").length, 2);
  let heard: readonly number[] = [];
  model.h[1]?.attn.qkv.weight.registerHook((grad) => {
    heard = grad.shape;
  });
  loss.backward();
  assert.deepEqual([...heard], [32, 96]);
});

test("a step leaves nothing behind but what it returns", () => {
  const model = new GPT(SHAPE, { seed: 7 });
  const [x, y] = [ids(), targets()];
  const before = memory.liveTensors();
  const loss = model.loss(x, y);
  assert.equal(memory.liveTensors(), before + 1);
  loss.dispose();
  const logits = model.forward(x);
  assert.equal(memory.liveTensors(), before + 1);
  logits.dispose();
});

test("parameters are set through stateDict, as everywhere", async () => {
  const [a, b] = [new GPT(SHAPE, { seed: 1 }), new GPT(SHAPE, { seed: 2 })];
  b.loadStateDict(a.stateDict());
  assert.deepEqual(await b.arena.forward(ids()).read(), await a.forward(ids()).read());
});

test("to moves the whole arena", async () => {
  const model = new GPT(SHAPE, { seed: 7 });
  const before = await model.forward(ids()).read();
  const old = model.arena;
  await model.to(Device.cpu());
  assert.notEqual(model.arena, old);
  assert.deepEqual(await model.forward(ids()).read(), before);
  assert.deepEqual(await model.arena.forward(ids()).read(), before);
  const other = await elsewhere();
  if (other === undefined) return;
  await model.to(other);
  assert.ok(model.device.same(other));
  close(await model.forward(ids(other)).read(), before, 2e-3, "elsewhere");
  model.loss(ids(other), targets(other)).backward();
  assert.ok((await model.wte.weight.grad?.abs().sum().read())?.[0] !== 0);
});

test("bad input is refused in words", () => {
  const model = new GPT(SHAPE, { seed: 7 });
  fails("argument", /GPT: config is "gpt-9"; it must be one of gpt-12m, gpt-1m, gpt-nano/, () => new GPT(JSON.parse('"gpt-9"')));
  fails("argument", /config is one of/, () => new GPT(JSON.parse("null")));
  fails("value", /GPT: nHead is 0/, () => new GPT({ ...SHAPE, nHead: 0 }));
  fails("value", /GPT: nEmbd is NaN/, () => new GPT({ ...SHAPE, nEmbd: NaN }));
  fails("value", /n_embd \(32\) must be a multiple of n_head \(5\)/, () => new GPT({ ...SHAPE, nHead: 5 }));
  fails("value", /seed/, () => new GPT(SHAPE, { seed: 0.5 }));
  fails("shape", /embedding|gpt/, () => model.forward(tensor(new Uint32Array(17), { shape: [1, 17] })));
  fails("dtype", /embedding/, () => model.forward(tensor([[1, 2]])));
  fails("shape", /crossEntropy/, () => model.loss(ids(), tensor(new Uint32Array(12), { shape: [1, 12] })));
  fails("argument", /no parameter "nothing"/, () => model.arena.parameter("nothing"));
  assert.ok(model.arena instanceof GptArena);
});
