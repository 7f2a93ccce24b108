// Builds what is out of date, measures what TypeScript costs beyond Rust, and records it.
//
//   npm run bench [-- flags of bench/overhead.ts]        --record FILE, or --no-record
//     --no-build    measures what is built already
//     --note TEXT   what else a reader of the record should know
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, main } from "./build.mjs";
import { circumstances, record, resultFile } from "./record.mjs";

const script = fileURLToPath(new URL("../bench/overhead.ts", import.meta.url));

function run(args) {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const child = spawn(process.execPath, ["--expose-gc", "--import", tsx, script, ...args], { stdio: "inherit" });
  return new Promise((done, fail) => child.on("error", fail).on("close", (code) => done(code ?? 1)));
}

await main(async () => {
  // The last four are the benchmark's own.
  const { values, tokens } = parseArgs({
    options: {
      record: { type: "string", default: resultFile("ts-overhead.json") },
      "no-record": { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      note: { type: "string" },
      pairs: { type: "string" },
      preset: { type: "string" },
      batch: { type: "string" },
      context: { type: "string" },
    },
    tokens: true,
  });
  const own = tokens.flatMap(({ name, value }) => (["pairs", "preset", "batch", "context"].includes(name) ? [`--${name}`, value] : []));
  if (!values["no-build"]) await build();
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-"));
  try {
    const out = join(folder, "out.json");
    const code = await run([...own, "--out", out]);
    if (code === 0 && !values["no-record"]) {
      const note = values.note === undefined ? {} : { note: values.note };
      const measured = JSON.parse(readFileSync(out, "utf8"));
      record(resolve(values.record), { what: "what TypeScript costs beyond Rust, in one process", ...circumstances(), ...note, ...measured });
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
