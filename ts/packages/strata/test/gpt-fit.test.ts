/** fit of a GPT by Rust's loop: learning, callbacks, stopping, being busy, going on, what it refuses. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { data, functional as F, GPT, optim, Trainer } from "strata-ml";
import type { GptStep } from "strata-ml";
import { expects, fails, finite, rejects } from "./check.ts";

let shared: Promise<data.Dataset> | undefined;
const stories = (): Promise<data.Dataset> => (shared ??= data.prepare({ vocabSize: 300, context: 32, seed: 1 }));
const tiny = (seed = 1): GPT => new GPT({ vocabSize: 300, nPositions: 32, nEmbd: 32, nLayer: 1, nHead: 2 }, { seed });

test("a GPT learns in 20 steps, and the event loop stays free", async () => {
  const text = await data.prepare({ vocabSize: 512, context: 64 });
  const model = new GPT("gpt-nano", { seed: 1 });
  const steps: GptStep[] = [];
  const others: string[] = [];
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 1);
  const result = await model.fit(text, {
    steps: 20,
    evalBatches: 2,
    callbacks: {
      onStep: (at) => void steps.push(at),
      onEvaluate: ({ step, loss, floor }) => {
        assert.ok(loss > 3 && floor !== null && floor > 0.2);
        others.push(`evaluated ${step}`);
      },
      onSample: ({ step, text }) => {
        assert.ok(text.length > 0);
        others.push(`sample ${step}`);
      },
    },
  });
  clearInterval(timer);
  assert.ok(ticks >= 5, `${ticks} ticks`);
  assert.deepEqual(steps.map(({ step }) => step), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.deepEqual(result.loss, steps.map(({ loss }) => loss));
  assert.ok((result.loss[19] ?? 9) < (result.loss[0] ?? 0) - 0.8, `${result.loss[0]} to ${result.loss[19]}`);
  assert.ok(steps.every(({ norm, lr, tokensPerSecond }) => norm > 0 && lr > 0 && tokensPerSecond > 0));
  assert.equal(steps.at(-1)?.fraction, 1);
  // A slow machine writes samples in between, too: those go by the clock.
  const told = others.filter((what) => what.startsWith("evaluated") || what === "sample 20");
  assert.deepEqual(told, ["evaluated 10", "evaluated 20", "sample 20"]);
  assert.ok(result.validation !== null && result.validation > 3 && result.floor !== null && result.seconds > 0);
  assert.deepEqual([result.steps, result.stopped], [20, false]);
  assert.equal(model.tokenizer?.vocabSize, text.tokenizer.vocabSize);
  assert.equal(model.about, "stories");
  const { trainer } = model;
  assert.ok(trainer !== null);
  assert.equal(trainer.step, 20);
  assert.equal(trainer.tokens, result.tokens);
  assert.equal(trainer.validation, result.validation);
  assert.equal(trainer.lr, steps.at(-1)?.lr);
  const { m, v } = trainer.moments("transformer.h.0.mlp.c_fc.weight");
  assert.deepEqual([...m.shape], [64, 256]);
  assert.ok(v.min().item() >= 0 && v.max().item() > 0);
});

test("a run's callbacks are awaited: weights can be looked at in them", async () => {
  const [model, text] = [tiny(), await stories()];
  let inside = 0;
  const seen: number[] = [];
  await model.fit(text, {
    steps: 3,
    evalBatches: 1,
    batchSize: 2,
    callbacks: {
      onStep: async ({ step }) => {
        assert.equal(inside++, 0, "one at a time");
        const before = await model.wte.weight.read();
        await sleep(15);
        assert.deepEqual(await model.wte.weight.read(), before, "nobody trains meanwhile");
        assert.equal(model.forward(text.train(0, 1).ids()).shape[2], 300);
        seen.push(step);
        inside -= 1;
      },
    },
  });
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a run that is stopped: by false, by a throw, by an abort in mid-step", async () => {
  const [model, text] = [tiny(), await stories()];
  const fast = { steps: 1000, evalBatches: 1, batchSize: 2 };
  const short = await model.fit(text, { ...fast, callbacks: { onStep: ({ step }) => step < 3 } });
  assert.deepEqual([short.steps, short.stopped, short.loss.length], [3, true, 3]);
  const cause = new Error("no more");
  let heard = 0;
  const onStep = async (): Promise<void> => {
    heard += 1;
    await sleep(1);
    throw cause;
  };
  await assert.rejects(model.fit(text, { ...fast, callbacks: { onStep } }), expects("callback", cause));
  assert.equal(heard, 1);
  const reason = new Error("tired");
  await assert.rejects(model.fit(text, { ...fast, signal: AbortSignal.abort(reason) }), expects("aborted", reason));
  const controller = new AbortController();
  let steps = 0;
  const running = model.fit(text, { ...fast, signal: controller.signal, callbacks: { onStep: () => void (steps += 1) } });
  // Nobody waits for a callback now: some step is in progress.
  setTimeout(() => controller.abort(reason), 15);
  await assert.rejects(running, expects("aborted", reason));
  assert.ok(steps > 0 && steps < 1000);
  assert.equal(model.trainer?.step, steps, "it stopped after a whole step");
  assert.ok(await finite(model));
  const later = await model.fit(text, { ...fast, steps: 2 });
  assert.equal(later.steps, 2);
});

test("while a run trains the model, it is busy", async () => {
  const [model, text] = [tiny(), await stories()];
  const batch = text.train(0, 1);
  const ids = batch.ids();
  const running = model.fit(text, { steps: 30, evalBatches: 1, batchSize: 2 });
  await rejects("busy", /being trained already/, model.fit(text, { steps: 1 }));
  fails("busy", /forward: the model is being trained/, () => model.forward(ids));
  await rejects("busy", /generate/, model.generate("x", { tokenizer: text.tokenizer }).next());
  await rejects("busy", /save/, model.save("nowhere", text.tokenizer));
  await running;
  model.forward(ids);
});

test("a run is resumed to the same bits, and given a new length", async () => {
  const text = await stories();
  const fast = { evalBatches: 1, batchSize: 2, dropout: 0.1, lr: 0.01, schedule: "constant" } as const;
  const straight = tiny();
  const want = await straight.fit(text, { ...fast, steps: 8 });
  const model = tiny();
  const first = await model.fit(text, { ...fast, steps: 8, callbacks: { onStep: ({ step }) => step < 4 } });
  const rest = await model.fit(text, { resume: true });
  assert.deepEqual([...first.loss, ...rest.loss], want.loss);
  assert.deepEqual(await model.wte.weight.read(), await straight.wte.weight.read());
  await rejects("argument", /come to its end after 8 steps/, model.fit(text, { resume: true }));
  assert.equal((await model.fit(text, { resume: true, steps: 10 })).steps, 10);
  await rejects("argument", /lr is settled/, model.fit(text, { resume: true, lr: 1, steps: 20 }));
  await rejects("argument", /accumulate is settled/, model.fit(text, { resume: true, accumulate: 2, steps: 20 }));
  await rejects("argument", /labelSmoothing is settled/, model.fit(text, { resume: true, labelSmoothing: 0, steps: 20 }));
  await rejects("argument", /no run to resume/, tiny().fit(text, { resume: true }));
});

test("a run whose steps have several batches is one of large batches, and is resumed to the same bits", async () => {
  const text = await stories();
  const fast = { evalBatches: 1, lr: 1e-3, schedule: "constant" } as const;
  const [parts, whole] = [tiny(), tiny()];
  const got = await parts.fit(text, { ...fast, steps: 3, batchSize: 2, accumulate: 3 });
  const want = await whole.fit(text, { ...fast, steps: 3, batchSize: 6 });
  assert.deepEqual([parts.trainer?.config.accumulate, got.tokens], [3, want.tokens]);
  got.loss.forEach((loss, i) => assert.ok(Math.abs(loss - (want.loss[i] ?? NaN)) < 1e-4, `${got.loss} ${want.loss}`));
  const going = { ...fast, steps: 6, batchSize: 2, accumulate: 2, dropout: 0.1, labelSmoothing: 0.1 } as const;
  const straight = tiny();
  const all = await straight.fit(text, going);
  const model = tiny();
  const first = await model.fit(text, { ...going, callbacks: { onStep: ({ step }) => step < 3 } });
  const rest = await model.fit(text, { resume: true });
  assert.deepEqual([...first.loss, ...rest.loss], all.loss);
  assert.deepEqual(await model.wte.weight.read(), await straight.wte.weight.read());
});

test("a step of several batches takes a list of them", async () => {
  const text = await stories();
  const small = Trainer.create(tiny(), { steps: 9, batchSize: 2, context: 32, accumulate: 2 });
  const large = Trainer.create(tiny(), { steps: 9, batchSize: 4, context: 32 });
  const [a, b] = [text.train(0, 2), text.train(1, 2)];
  const want = await large.trainOn(text.train(0, 4), 1e-3);
  const got = await small.trainOn([a, b], 1e-3);
  assert.ok(Math.abs(got.loss - want.loss) < 1e-4 && Math.abs(got.norm - want.norm) < 1e-3 * want.norm);
  assert.equal(small.tokens, large.tokens);
  assert.equal(small.trainOnNow([b, a]).step, 2);
  await rejects("shape", /batches given: 1; a step of this run takes 2/, small.trainOn(a));
  await rejects("shape", /batches given: 3; /, small.trainOn([a, b, a]));
  await rejects("shape", /batches given: 0; /, small.trainOn([]));
  await rejects("shape", /\[4, 32\] for a run whose batches have shape \[2, 32\]/, small.trainOn([a, text.train(0, 4)]));
  await rejects("argument", /trainOn takes a Batch, got/, small.trainOn([a, JSON.parse("{}")]));
  large.trainOnNow([text.train(0, 4)]);
});

test("labels are smoothed in training, not in an evaluation", async () => {
  const [model, text] = [tiny(), await stories()];
  await model.fit(text, { steps: 30, evalBatches: 1, batchSize: 4, lr: 3e-3, labelSmoothing: 0.2 });
  const { trainer } = model;
  assert.ok(trainer !== null && Math.abs(trainer.config.labelSmoothing - 0.2) < 1e-6);
  const batch = text.train(99, 4);
  const plain = F.crossEntropy(model.forward(batch.ids()), batch.targetIds()).item();
  const { loss } = trainer.trainOnNow(batch, 0);
  assert.ok(loss > plain + 0.1, `${loss} ${plain}`);
});

test("a loss that is no number ends a run, and names the tensor", async () => {
  const [model, text] = [tiny(), await stories()];
  model.lnF.weight.fill(NaN);
  await rejects("non-finite", /transformer\.ln_f\.weight/, model.fit(text, { steps: 3, evalBatches: 1, batchSize: 2 }));
});

test("options of a GPT's run are checked by name", async () => {
  const [model, text] = [tiny(), await stories()];
  for (const [options, code, message] of [
    [{ steps: 0 }, "value", /steps is 0/],
    [{ steps: 1, minutes: 1 }, "argument", /steps or minutes, not both/],
    [{ minutes: -1 }, "value", /minutes is -1/],
    [{ lr: 0 }, "value", /lr is 0/],
    [{ batchSize: 1.5 }, "value", /batchSize is 1\.5/],
    [{ dropout: 1 }, "value", /dropout is 1/],
    [{ accumulate: 0 }, "value", /accumulate is 0/],
    [{ accumulate: 1.5 }, "value", /accumulate is 1\.5/],
    [{ batchSize: 3, accumulate: 21_846 }, "value", /accumulate is 21846.*21845/],
    [{ labelSmoothing: 1.1 }, "value", /labelSmoothing is 1\.1/],
    [{ labelSmoothing: NaN }, "value", /labelSmoothing is NaN/],
    [{ schedule: JSON.parse('"linear"') }, "argument", /schedule is "linear"/],
    [{ clip: -1 }, "value", /clip is -1/],
    [{ seed: -1 }, "value", /seed/],
  ] as const) {
    await rejects(code, message, model.fit(text, options));
  }
  const small = new GPT({ vocabSize: 200, nPositions: 16, nEmbd: 8, nLayer: 1, nHead: 1 });
  await rejects("data", /rows of 32 tokens, but the model has 16 positions/, small.fit(text));
  const narrow = new GPT({ vocabSize: 200, nPositions: 32, nEmbd: 8, nLayer: 1, nHead: 1 });
  await rejects("data", /300 tokens, the model's table has 200 rows/, narrow.fit(text));
  // @ts-expect-error Pairs need a loss and an optimizer.
  await rejects("argument", /Dataset is trained on by Rust's loop/, model.fit([], {}));
  assert.equal(model.trainer, null);
});

test("a GPT is a module: it can be fitted as any other", async () => {
  const [model, text] = [tiny(), await stories()];
  const batches = Array.from({ length: 5 }, (_, i) => text.train(i, 2));
  const pairs = batches.map((batch): data.Pair => [batch.ids(), batch.targetIds()]);
  const history = await model.fit(pairs, { loss: F.crossEntropy, optimizer: new optim.AdamW(model, { lr: 3e-3 }), epochs: 3 });
  assert.equal(history.steps, 15);
  assert.ok((history.loss.at(-1) ?? 9) < (history.loss[0] ?? 0));
});
