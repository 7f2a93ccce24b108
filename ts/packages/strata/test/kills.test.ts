/** A process that is killed while it saves, or whose disk refuses, leaves a checkpoint that opens. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath, platform } from "node:process";
import { test } from "node:test";
import { data, GPT, StrataError } from "strata-ml";
import type { GptFitOptions } from "strata-ml";
import { rejects } from "./check.ts";

const RUN: GptFitOptions = { batchSize: 1, steps: 2, saveEvery: { steps: 1 }, evalBatches: 1, schedule: "constant", lr: 1e-3 };
const SHAPE = { vocabSize: 20, nPositions: 8, nEmbd: 8, nLayer: 1, nHead: 1 };
const TEXT = "the cat sat on the mat and the dog on the log. ";

/** A run of two steps, saved after each, in a process of its own. */
const PROGRAM = `
  const { data, GPT } = await import(${JSON.stringify(import.meta.resolve("strata-ml"))});
  const [text, folder] = process.argv.slice(-2);
  const about = { source: text, tokenizer: data.Tokenizer.characters(${JSON.stringify(TEXT)}), context: 8 };
  const model = new GPT(${JSON.stringify(SHAPE)}, { seed: 1 });
  const callbacks = { onUnsaved: ({ error }) => console.log("unsaved: " + error) };
  try {
    await model.fit(await data.prepare(about), { ...${JSON.stringify(RUN)}, checkpoint: folder, overwrite: true, callbacks });
    console.log("whole");
  } catch (error) {
    console.log(error.name + " " + error.code + ": " + error.message);
  }
`;

interface Ground {
  readonly text: string;
  readonly folder: string;
  readonly run: (faults?: string) => ReturnType<typeof spawnSync>;
}

async function onGround(body: (ground: Ground) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "strata-kills-"));
  const [text, folder] = [join(root, "text.txt"), join(root, "run")];
  writeFileSync(text, TEXT.repeat(8));
  const program = join(root, "main.mjs");
  writeFileSync(program, PROGRAM);
  const args = [...(Reflect.has(globalThis, "Deno") ? ["run", "-A"] : []), program, text, folder];
  const { STRATA_FAULTS: _, NODE_TEST_CONTEXT: __, ...plain } = env;
  const run: Ground["run"] = (faults) =>
    spawnSync(execPath, args, { encoding: "utf8", env: faults === undefined ? plain : { ...plain, STRATA_FAULTS: faults } });
  try {
    await body({ text, folder, run });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The step of the checkpoint in a folder; opening it checks every checksum. */
async function step(folder: string): Promise<number | undefined> {
  return (await GPT.load(folder)).trainer?.step;
}

test("a process that is killed while it saves leaves the save before or the one after", async (t) => {
  if (platform === "win32") return t.skip("no kill -9 on Windows");
  await onGround(async ({ folder, run }) => {
    const whole = run();
    assert.match(String(whole.stdout), /whole/, String(whole.stderr));
    assert.equal(await step(folder), 2);
    const seen = new Set<number | undefined>();
    let killed = 0;
    // A few calls of the first save, then every third; with STRATA_KILLS=all each of them.
    const all = env["STRATA_KILLS"] === "all";
    for (let call = 1; ; call += call < 6 || all ? 1 : 3) {
      const child = run(`kill@${call}`);
      // The folder had step 2; a run that is killed leaves that, or its own step 1 or 2.
      seen.add(await step(folder));
      if (child.signal === null) break;
      assert.equal(child.signal, "SIGKILL");
      killed += 1;
    }
    assert.ok(killed > 8, `${killed}`);
    assert.deepEqual([...seen].sort(), [1, 2]);
    assert.match(String(run().stdout), /whole/);
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".")), []);
  });
});

test("a disk that refuses is told of, and the run goes on", async () => {
  await onGround(async ({ folder, run }) => {
    // The sixth call lies in the first save, the last save has all that come from the fortieth on.
    const once = String(run("enospc@12").stdout);
    assert.match(once, /unsaved: .*run/);
    assert.match(once, /whole/);
    assert.equal(await step(folder), 2);
    const always = String(run("eio@40+").stdout);
    assert.match(always, /StrataError file: .*run/);
    assert.ok([1, 2].includes((await step(folder)) ?? 0));
  });
});

test("two runs cannot have one folder, in one process or in two", async () => {
  await onGround(async ({ text, folder, run }) => {
    const tokenizer = data.Tokenizer.characters(TEXT);
    const rows = await data.prepare({ source: text, tokenizer, context: 8 });
    const [one, other] = [new GPT(SHAPE, { seed: 1 }), new GPT(SHAPE, { seed: 2 })];
    let tried = false;
    const onStep = async (): Promise<void> => {
      if (tried) return;
      tried = true;
      await rejects("file", /is in use by another run of this process/, other.fit(rows, { ...RUN, checkpoint: folder, overwrite: true }));
      assert.match(String(run().stdout), /StrataError file: .*is in use by process \d+/);
    };
    await one.fit(rows, { ...RUN, checkpoint: folder, callbacks: { onStep } });
    assert.ok(tried);
    assert.equal(await step(folder), 2);
    // A model alone must not stand beside another run's optimizer.
    await rejects("checkpoint", /another folder/, other.save(folder, tokenizer));
  });
});

test("saveEvery is checked", async () => {
  await onGround(async ({ text }) => {
    const tokenizer = data.Tokenizer.characters(TEXT);
    const rows = await data.prepare({ source: text, tokenizer, context: 8 });
    const wrong: unknown[] = [{}, { steps: 0 }, { steps: 1.5 }, { seconds: 0 }, { seconds: Infinity }, { seconds: NaN }, 5, "5", null, { steps: 1, seconds: 1 }];
    for (const saveEvery of wrong) {
      const options = { ...RUN, saveEvery } as GptFitOptions;
      const failed = new GPT(SHAPE).fit(rows, options);
      await assert.rejects(failed, (e) => e instanceof StrataError && ["argument", "value"].includes(e.code) && /saveEvery/.test(e.message));
    }
  });
});
