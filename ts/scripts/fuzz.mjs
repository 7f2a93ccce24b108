// Builds what is out of date and calls everything that the package exports with arguments right and
// wrong, in child processes.
//
//   npm run fuzz [-- flags of packages/strata/test/fuzz/main.ts]
//     --no-build    takes what is built already
//
// Ends with 1 if there was a finding.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, main } from "./build.mjs";

const script = fileURLToPath(new URL("../packages/strata/test/fuzz/main.ts", import.meta.url));

// Mesa complains on every start where no session has set this; any folder will do.
if (process.platform === "linux") process.env["XDG_RUNTIME_DIR"] ??= tmpdir();

await main(async () => {
  const flags = process.argv.slice(2);
  if (!flags.includes("--no-build")) await build();
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const args = ["--import", tsx, script, ...flags.filter((flag) => flag !== "--no-build")];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  return new Promise((done, fail) => child.on("error", fail).on("close", (code) => done(code ?? 1)));
});
