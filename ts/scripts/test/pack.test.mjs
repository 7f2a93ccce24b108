// What is published installs and runs where there is nothing else of ours; without its engine it
// says what to do.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runNpm } from "../setup.mjs";

const workspace = fileURLToPath(new URL("../..", import.meta.url));
const { platformName } = await import(new URL("../../packages/strata/dist/platform.js", import.meta.url).href);
const name = platformName();
const folder = mkdtempSync(join(tmpdir(), "strata-pack-test-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs a program of the folder, as a reader would: without anything of this clone in its way. */
function run(program) {
  writeFileSync(join(folder, "app", "main.mjs"), program);
  const env = { ...process.env };
  for (const key of ["STRATA_ADDON", "NODE_OPTIONS", "NODE_PATH", "NODE_TEST_CONTEXT"]) delete env[key];
  const { stdout, stderr, status } = spawnSync(process.execPath, ["main.mjs"], { cwd: join(folder, "app"), env, encoding: "utf8" });
  return { stdout, stderr, status };
}

test("pack: the tarballs install into an empty folder and work there", async () => {
  const addon = join(workspace, "packages", "strata", "native", `strata.${name}.node`);
  const tarballs = execFileSync(process.execPath, ["scripts/pack.mjs", "--addon", addon, "--out", folder], { cwd: workspace, encoding: "utf8", stdio: "pipe" }).trim().split("\n");
  assert.equal(tarballs.length, 2);
  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{ "private": true, "type": "module" }');
  // No registry and no cache: what is not in the tarballs is not there. The engines of other
  // platforms are not, and are optional.
  const here = ["--offline", "--cache", join(folder, "cache"), "--omit=dev", "--no-audit", "--no-fund"];
  await runNpm(["install", ...here, ...tarballs], app);

  const installed = JSON.parse(readFileSync(join(app, "node_modules", "strata-ml", "package.json"), "utf8"));
  assert.equal(installed.optionalDependencies[`strata-ml-${name}`], installed.version);
  const { stdout, stderr, status } = run(`
    import { tensor } from "strata-ml";
    const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
    x.matmul(x).sum().backward();
    console.log(x.grad.toArray().join(";"));
  `);
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim(), "7,11;9,13");
});

test("pack: without its engine the package says what to do", () => {
  rmSync(join(folder, "app", "node_modules", `strata-ml-${name}`), { recursive: true });
  const { stdout, stderr } = run(`
    const error = await import("strata-ml").catch((error) => error);
    console.log(error.name, error.code, "|", error.message);
  `);
  assert.match(stdout, /^StrataError addon \| strata-ml: there is no engine for this machine/, stderr);
  assert.match(stdout, /npm install --include=optional/);
  assert.match(stdout, /npm run build/);
});
