/** Where a path is wanted: strings that are one, and plain files at their ends. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chdir, cwd, platform } from "node:process";
import { test } from "node:test";
import { data, GPT, loadTensors, ones, saveTensors, StrataError, Trainer } from "strata-ml";
import { rejects } from "./check.ts";

const shape = { vocabSize: 32, nPositions: 8, nEmbd: 16, nLayer: 1, nHead: 2 };
const words = data.Tokenizer.characters("the cat sat on the mat");

/** Everything that takes a path, as JavaScript may call it. */
function all(): Record<string, (path: never) => Promise<unknown>> {
  const model = new GPT(shape, { seed: 1 });
  const trainer = Trainer.create(model, { batchSize: 1, context: 4, steps: 2 });
  return {
    saveTensors: (path) => saveTensors(path, { a: ones([2]) }),
    loadTensors: (path) => loadTensors(path),
    "Tokenizer.load": (path) => data.Tokenizer.load(path),
    "Tokenizer.save": (path) => words.save(path),
    "data.prepare": (source) => data.prepare({ source, tokenizer: words, context: 4 }),
    load: (path) => GPT.load(path),
    save: (path) => model.save(path, words),
    "trainer's save": (path) => trainer.save(path, words),
  };
}

/** Runs a body in an empty folder, and says what it left there. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<string[]> {
  const [folder, before] = [mkdtempSync(join(tmpdir(), "strata-paths-")), cwd()];
  try {
    chdir(folder);
    await body(folder);
    return readdirSync(folder);
  } finally {
    chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
}

test("what is no path is refused, and leaves no file of its name", async () => {
  const left = await inFolder(async () => {
    const bad: unknown[] = [ones([2]), 5, null, {}, [], ["a"], Symbol("s"), new String("a"), new URL("file:///a"), Buffer.from("a"), "", "a\0b", "\ud800", () => "a"];
    for (const [name, call] of Object.entries(all())) {
      for (const path of bad) {
        await assert.rejects(call(path as never), (error) => error instanceof StrataError && error.code === "argument", name);
      }
      if (name !== "data.prepare") await rejects("argument", /is undefined; it must be a path/, call(undefined as never));
    }
    await rejects("argument", /saveTensors takes tensors by name, .*got a Tensor/, saveTensors("a", ones([2]) as never));
    await rejects("argument", /saveTensors takes tensors by name/, saveTensors("a", [ones([2])] as never));
    await rejects("argument", /saveTensors takes a Tensor/, saveTensors("a", { a: 5 } as never));
  });
  assert.deepEqual(left, []);
});

test("folders and files in each other's place, and places that cannot be written", async () => {
  await inFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    mkdirSync(at("folder"));
    writeFileSync(at("file"), "text");
    for (const [name, call] of Object.entries(all())) {
      const reads = ["loadTensors", "Tokenizer.load", "load", "data.prepare"].includes(name);
      const wants = ["load", "save", "trainer's save"].includes(name) ? "file" : "folder";
      // A folder of texts is a text, too; this one has none.
      const places = [at(wants), at("file/inside"), ...(reads ? [at("nothing")] : [])];
      for (const place of places) {
        await assert.rejects(call(place as never), (error) => {
          assert.ok(error instanceof StrataError, `${name}: ${String(error)}`);
          assert.ok(error.message.includes(folder), `${name} names ${place}: ${error.message}`);
          return true;
        });
      }
    }
  });
});

test("pipes and devices in place of files are refused at once", async () => {
  if (platform === "win32") return console.log("SKIPPED: Windows has no named pipes in folders");
  await inFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const calls = all();
    for (const name of ["loadTensors", "Tokenizer.load", "data.prepare"]) {
      for (const place of [pipe, "/dev/zero"]) {
        await assert.rejects(
          calls[name]?.(place as never) ?? Promise.resolve(),
          (error) => error instanceof StrataError && error.message.includes(place),
          `${name} of ${place}`,
        );
      }
    }
  });
});
