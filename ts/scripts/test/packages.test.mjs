// What comes from npm: its licences, its source, and what runs when it is installed. The lock files say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const repository = join(dirname(fileURLToPath(import.meta.url)), "../../..");
/** Licences that occur. A new one is a decision, not an accident. */
const LICENCES = new Set(["MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0"]);
/** Folders with a lock file, and the packages in each that run something when they are installed. */
const LOCKS = {
  ts: ["esbuild"],
  "ts/runtimes": ["bun", "deno"],
  "book/test": [],
  "bench/tfjs": ["core-js"],
};

/** Whether a licence, as npm writes it, leaves us one that we know. */
const known = (licence) =>
  licence?.replaceAll(/[()]/g, "").split(" OR ").some((choice) => choice.split(" AND ").every((name) => LICENCES.has(name.trim()))) ?? false;

/** What is wrong with a lock file. */
function complaints({ lockfileVersion, packages }, scripts) {
  const wrong = lockfileVersion === 3 ? [] : ["its version is not 3"];
  const running = [];
  for (const [path, entry] of Object.entries(packages)) {
    const name = path.split("node_modules/").at(-1);
    // Ours: the folder itself, and links to the packages in it.
    if (!path.includes("node_modules/") || entry.link) {
      if (entry.link && !/^packages\/[\w-]+$/.test(entry.resolved)) wrong.push(`${name} is a link to ${entry.resolved}`);
      continue;
    }
    if (!known(entry.license)) wrong.push(`${name} has the licence ${entry.license}`);
    if (!entry.integrity?.startsWith("sha512-")) wrong.push(`${name} has no checksum`);
    // Our lock files name no addresses: a package comes from the registry that npm is set to.
    if (entry.resolved !== undefined) wrong.push(`${name} comes from ${entry.resolved}`);
    if (!/^\d+\.\d+\.\d+/.test(entry.version ?? "")) wrong.push(`${name} has the version ${entry.version}`);
    if (entry.hasInstallScript) running.push(name);
  }
  const other = [...running.filter((name) => !scripts.includes(name)), ...scripts.filter((name) => !running.includes(name))];
  if (other.length) wrong.push(`what runs at installing has changed: ${other.join(", ")}`);
  return wrong;
}

for (const [folder, scripts] of Object.entries(LOCKS)) {
  test(`packages of ${folder} have known licences, sources and checksums`, () => {
    const lock = JSON.parse(readFileSync(join(repository, folder, "package-lock.json"), "utf8"));
    assert.ok(Object.keys(lock.packages).length > 1);
    assert.deepEqual(complaints(lock, scripts), []);
  });
}

test("a package of another kind is found", () => {
  const good = { version: "1.0.0", license: "MIT", integrity: "sha512-x" };
  const said = (entry) => complaints({ lockfileVersion: 3, packages: { "": {}, "node_modules/a": { ...good, ...entry } } }, []);
  assert.deepEqual(said({}), []);
  assert.deepEqual(said({ license: "(GPL-3.0 OR MIT)" }), []);
  for (const bad of [
    { license: "GPL-3.0" },
    { license: "MIT AND GPL-3.0" },
    { license: undefined },
    { integrity: undefined },
    { integrity: "sha1-x" },
    { resolved: "git+ssh://git@example.org/a.git#1" },
    { resolved: "https://example.org/a.tgz" },
    { version: "file:../a" },
    { hasInstallScript: true },
  ])
    assert.equal(said(bad).length, 1, JSON.stringify(bad));
  assert.equal(complaints({ lockfileVersion: 3, packages: { "node_modules/a": { resolved: "../../elsewhere", link: true } } }, []).length, 1);
});
