/** Finding the engine: what is looked for, and what is said where it is not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { arch, env, execPath, platform } from "node:process";
import { after, test } from "node:test";

const root = dirname(createRequire(import.meta.url).resolve("strata-ml/package.json"));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "strata-load-")));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The package as npm installs it, without an engine. */
const installed = join(folder, "node_modules", "strata-ml");
mkdirSync(installed, { recursive: true });
for (const part of ["dist", "package.json"])
  cpSync(join(root, part), join(installed, part), { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');

const program = `
try {
  const { zeros } = await import("strata-ml");
  console.log("sum", zeros([2]).add(1).sum().item());
} catch (error) {
  console.log(error.name, error.code, error.op, error.message);
}
`;
writeFileSync(join(folder, "main.mjs"), program);

/** What a program says that imports the package, on this same runtime. */
function run(addon?: string): string {
  const { STRATA_ADDON: _, ...rest } = env;
  const isDeno = Reflect.has(globalThis, "Deno");
  const args = [...(isDeno ? ["run", "-A", "--node-modules-dir=manual"] : []), join(folder, "main.mjs")];
  const child = spawnSync(execPath, args, {
    cwd: folder,
    encoding: "utf8",
    env: addon === undefined ? rest : { ...rest, STRATA_ADDON: addon },
  });
  return child.stdout + child.stderr;
}

/** This machine's own build, under the name that the loader gives it. */
const name = /strata\.(\S+)\.node/.exec(run())?.[1] ?? "unknown";
const built = join(root, "native", `strata.${name}.node`);

test("no engine at all: what was looked for, where, and what to do", () => {
  assert.ok(name.startsWith(`${platform}-${arch}`), name);
  const said = run();
  assert.match(said, /^StrataError addon load strata-ml: there is no engine for this machine/);
  assert.ok(said.includes(`(${name})`) && said.includes(`package strata-ml-${name}`), said);
  assert.ok(said.includes(join(installed, "native", `strata.${name}.node`)), said);
  assert.match(said, /--include=optional.*npm run build/);
});

test("STRATA_ADDON names the file", () => {
  assert.match(run(built), /^sum 2/);
  assert.match(
    run(join(folder, "nothing.node")),
    /^StrataError addon load strata-ml: STRATA_ADDON names .*nothing\.node, and there is no such file/,
  );
  const broken = join(folder, "broken.node");
  writeFileSync(broken, "not a library");
  assert.match(
    run(broken),
    /^StrataError addon load strata-ml: STRATA_ADDON=.*broken\.node is there but does not load on /,
  );
});

test("the platform's package is found", () => {
  const own = join(folder, "node_modules", `strata-ml-${name}`);
  mkdirSync(own);
  const file = `strata.${name}.node`;
  symlinkSync(built, join(own, file));
  writeFileSync(
    join(own, "package.json"),
    JSON.stringify({ name: `strata-ml-${name}`, version: "0.0.0", main: file }),
  );
  assert.match(run(), /^sum 2/);
  rmSync(own, { recursive: true });
});

test("a local build is found, and must be of the same version", () => {
  mkdirSync(join(installed, "native"));
  symlinkSync(built, join(installed, "native", `strata.${name}.node`));
  assert.match(run(), /^sum 2/);
  writeFileSync(
    join(installed, "package.json"),
    JSON.stringify({ name: "strata-ml", version: "9.9.9", type: "module", exports: "./dist/index.js" }),
  );
  assert.match(
    run(),
    /^StrataError addon load strata-ml is version 9\.9\.9, its engine \d+\.\d+\.\d+: install both anew/,
  );
});
