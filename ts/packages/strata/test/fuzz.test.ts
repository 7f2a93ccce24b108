/** A short run of the fuzzer, of calls that are always the same; `npm run fuzz` makes others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { env, versions } from "node:process";

const CALLS = 8000;

test("everything that is exported, called with wrong arguments", async (context) => {
  if ("bun" in versions || "deno" in versions) {
    console.log("SKIPPED: the fuzzer runs on Node alone: it needs its flags and its child processes");
    return context.skip();
  }
  // TypeScript's own program, which the other runtimes need not load.
  const { fuzz, summary } = await import("./fuzz/parent.ts");
  const lines: string[] = [];
  const seed = 11;
  env["XDG_RUNTIME_DIR"] ??= "/tmp";
  const report = await fuzz({ seed, calls: CALLS, say: (line) => lines.push(line) });
  assert.deepEqual(lines, [], summary(seed, report));
  assert.deepEqual(report.missing, [], "classes that the fuzzer has no instance of: add one to test/fuzz/pool.ts");
  assert.equal(report.calls, CALLS);
  assert.ok(report.functions > 0.9 * report.all, `${report.functions} of ${report.all} functions were called`);
});
