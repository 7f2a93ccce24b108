// The addon has exactly what packages/strata/src/native.ts writes down: a name that only one of
// them knows would be found by a reader, at run time.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const strata = new URL("../../packages/strata/", import.meta.url);
const { platformName } = await import(new URL("dist/platform.js", strata).href);
const addon = createRequire(import.meta.url)(fileURLToPath(new URL(`native/strata.${platformName()}.node`, strata)));

/** Interfaces by name, each with its methods: a name, and how many arguments it takes. */
const interfaces = new Map();
const path = fileURLToPath(new URL("src/native.ts", strata));
ts.forEachChild(ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest), (node) => {
  if (!ts.isInterfaceDeclaration(node)) return;
  const methods = node.members.filter((member) => ts.isMethodSignature(member));
  interfaces.set(node.name.text, methods.map((method) => method.name.text).sort());
});

const isClass = (name) => /^[A-Z]/.test(name);

test("contract: every function of the engine is in the addon, and nothing else", () => {
  const exported = Object.keys(addon).filter((name) => !isClass(name)).sort();
  assert.deepEqual(exported, interfaces.get("Native"));
  for (const name of exported) assert.equal(typeof addon[name], "function", name);
});

test("contract: every class of the engine has its interface's methods, and nothing else", () => {
  const classes = Object.keys(addon).filter(isClass).sort();
  // Records, which the engine makes as plain objects, have no methods; Native is the addon itself.
  const written = [...interfaces].filter(([name, methods]) => name !== "Native" && methods.length > 0);
  assert.deepEqual(classes, written.map(([name]) => name).sort());
  for (const [name, methods] of written) {
    const has = Object.getOwnPropertyNames(addon[name].prototype).filter((method) => method !== "constructor");
    assert.deepEqual(has.sort(), methods, name);
  }
});
