// What the READMEs show in TypeScript runs as it is pasted: only long runs are made short.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const workspace = fileURLToPath(new URL("../..", import.meta.url));
// Where "strata-ml" is found, and git does not look.
const folder = mkdtempSync(join(workspace, "node_modules", ".readme-"));
after(() => rmSync(folder, { recursive: true }));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

for (const readme of ["../README.md", "packages/strata/README.md"]) {
  const path = join(workspace, readme);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  [...text.matchAll(/^```ts\n(.*?)^```$/gms)].forEach(([, code], i) => {
    test(`readme: example ${i + 1} of ${readme}`, () => {
      const file = join(folder, `example${i}.mts`);
      writeFileSync(file, code.replaceAll("gpt-1m", "gpt-nano").replaceAll("gpt-12m", "gpt-nano").replaceAll(/steps: \d+/g, "steps: 2"));
      const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", tsx, file], { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, `${code}\n${stdout}\n${stderr}`);
      assert.notEqual(stdout.trim(), "");
    });
  });
}
