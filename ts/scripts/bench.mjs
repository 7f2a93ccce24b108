// Builds what is out of date, measures what TypeScript costs beyond Rust, and records it.
//
//   npm run bench [-- flags of bench/overhead.ts]        --record FILE, or --no-record
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, main } from "./build.mjs";
import { circumstances, record, resultFile } from "./record.mjs";

const script = fileURLToPath(new URL("../bench/overhead.ts", import.meta.url));

function run(args) {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const child = spawn(process.execPath, ["--expose-gc", "--import", tsx, script, ...args], { stdio: "inherit" });
  return new Promise((done, fail) => child.on("error", fail).on("close", (code) => done(code ?? 1)));
}

await main(async () => {
  const args = process.argv.slice(2);
  const keep = !args.includes("--no-record");
  const at = args.indexOf("--record");
  const file = at < 0 ? resultFile("typescript-overhead.json") : resolve(args[at + 1] ?? "");
  const own = args.filter((arg, i) => arg !== "--no-record" && (at < 0 || (i !== at && i !== at + 1)));
  await build();
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-"));
  try {
    const out = join(folder, "out.json");
    const code = await run([...own, "--out", out]);
    if (code === 0 && keep) {
      record(file, { what: "what TypeScript costs beyond Rust, in one process", ...circumstances(), ...JSON.parse(readFileSync(out, "utf8")) });
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
