// Builds what is out of date and runs a chapter's demo.
//
//   npm run demo                    lists the demos
//   npm run demo -- 03 [flags]      runs one; flags and the exit code are its own
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, main } from "./build.mjs";

const folder = fileURLToPath(new URL("../demos", import.meta.url));

function demos() {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.filter((file) => /^\d\d-.*\.ts$/.test(file)).sort();
}

/** The first line of a demo's opening comment. */
function about(file) {
  const text = readFileSync(join(folder, file), "utf8");
  const line = /^\s*(?:\/\*\*|\/\/|\*)?\s*(?:\*\s*)?([^\s*/].*?)\s*(?:\*\/)?\s*$/m.exec(text);
  return line?.[1] ?? "";
}

function list(to) {
  to("npm run demo -- NN [flags]\n");
  for (const file of demos()) to(`  ${about(file)}`);
}

function run(file, flags) {
  const tsx = createRequire(import.meta.url).resolve("tsx");
  const args = ["--import", pathToFileURL(tsx).href, join(folder, file), ...flags];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  // The terminal sends Ctrl-C to both; the demo decides when it has finished.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 1));
  });
}

await main(async () => {
  const [number, ...flags] = process.argv.slice(2);
  if (number === undefined || number === "--help" || number === "-h") return list(console.log);
  const file = demos().find(
    (name) => /^\d{1,2}$/.test(number) && name.startsWith(`${number.padStart(2, "0")}-`),
  );
  if (file === undefined) {
    console.error(`there is no demo ${number}`);
    list(console.error);
    return 2;
  }
  await build();
  return run(file, flags);
});
