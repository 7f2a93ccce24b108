// No two files of the package need each other to load: which of them comes first would be an accident.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const source = fileURLToPath(new URL("../../packages/strata/src/", import.meta.url));
const files = readdirSync(source, { recursive: true }).filter((name) => name.endsWith(".ts"));

/** The files whose values a file takes; what only types take is gone when it runs. */
function taken(name) {
  const text = readFileSync(join(source, name), "utf8");
  const found = [];
  ts.forEachChild(ts.createSourceFile(name, text, ts.ScriptTarget.Latest), (node) => {
    const types = ts.isImportDeclaration(node) ? node.importClause?.isTypeOnly : node.isTypeOnly;
    const from = node.moduleSpecifier?.text;
    if (types || !from?.startsWith(".")) return;
    found.push(relative(source, join(source, dirname(name), from.replace(/\.js$/, ".ts"))));
  });
  return found;
}

test("circles: no file needs one that needs it", () => {
  const imports = new Map(files.map((name) => [name, taken(name)]));
  const done = new Set();
  const visit = (name, path) => {
    const at = path.indexOf(name);
    assert.equal(at, -1, [...path.slice(at), name].join(" needs "));
    if (done.has(name)) return;
    for (const next of imports.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of files) visit(name, []);
  assert.ok(done.size > 50);
});
