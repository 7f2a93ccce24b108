// Tests everything in TypeScript: builds, typechecks, looks for missing docs, runs the suite on
// Node and, where they are, on Bun and Deno.
//
//   npm test [-- NAME]      only tests with NAME in their names
//
// Each part ends with a line in cargo's form, which `cargo strata test` adds up.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, main } from "./build.mjs";
import { passSkips, resultLine, tally } from "./result.mjs";
import { setup } from "./setup.mjs";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const filter = process.argv[2];

// Mesa complains on every start where no session has set this; any folder will do.
if (process.platform === "linux") process.env["XDG_RUNTIME_DIR"] ??= tmpdir();

/** Prints a line; a skip only the first time. */
function say(line) {
  if (/^\s*SKIPPED: /.test(line)) passSkips(line);
  else console.log(line);
}

/** One check that is a test by itself; `complaints` says what is wrong, empty if nothing. */
function judged(name, counts, complaints, passed = 1) {
  say(`\n${name}`);
  complaints.slice(0, 50).forEach(say);
  if (complaints.length > 50) say(`… and ${complaints.length - 50} more`);
  counts.failed = complaints.length;
  counts.passed = Math.max(0, passed - complaints.length);
  say(resultLine(counts));
  return counts.failed === 0;
}

function filesIn(folder, ending) {
  const path = join(workspace, folder);
  const names = existsSync(path) ? readdirSync(path) : [];
  return names.filter((name) => name.endsWith(ending)).sort().map((name) => `${folder}/${name}`);
}

/** The suite and the scripts' own tests on Node, whose reporter prints the count. */
async function onNode(files) {
  say(`\nsuite on Node ${process.versions.node}`);
  const args = [
    "--import",
    pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href,
    "--test",
    `--test-reporter=${pathToFileURL(join(workspace, "scripts", "reporter.mjs")).href}`,
    "--test-reporter-destination=stdout",
    // A regular expression to Node.
    ...(filter === undefined ? [] : [`--test-name-pattern=${filter.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}`]),
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: workspace, stdio: ["ignore", "pipe", "inherit"] });
  let rest = "";
  let counted = false;
  const line = (text) => {
    counted ||= text.startsWith("test result: ");
    say(text);
  };
  child.stdout.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    lines.forEach(line);
  });
  const code = await new Promise((done, fail) => child.on("error", fail).on("close", done));
  if (rest !== "") line(rest);
  // Its runner itself broke off.
  if (!counted) say(resultLine({ ...tally(), failed: 1 }));
  return code === 0 && counted;
}

/** Builds; a build that fails is a failed test. */
async function built() {
  const counts = tally();
  try {
    await setup();
    await build();
    return true;
  } catch (error) {
    judged("build", counts, [error.message]);
    return false;
  }
}

await main(async () => {
  if (!(await built())) return 1;
  let good = true;
  // With a name, cargo runs what has it in its name, and so do we.
  const wanted = (name) => filter === undefined || name.includes(filter);
  if (wanted("types")) {
    const counts = tally();
    const { types } = await import("./types.mjs");
    const { files, errors, claims, broken } = types();
    good = judged(`types of ${files} files: tests, demos, benchmarks`, { ...counts }, errors) && good;
    good = judged(`type tests: ${claims} claims`, { ...counts }, broken, claims) && good;
  }
  if (wanted("docs")) {
    const counts = tally();
    const { docs } = await import("./docs.mjs");
    const { names, offenders } = docs();
    good = judged(`docs of ${names} names`, counts, offenders) && good;
  }
  const suite = filesIn("packages/strata/test", ".test.ts");
  good = (await onNode([...suite, ...filesIn("scripts/test", ".test.mjs")])) && good;
  if (wanted("notebook")) {
    say("\nnotebook");
    // Its runner prints the count.
    const args = [join(workspace, "scripts", "notebook.mjs"), "--built"];
    const child = spawn(process.execPath, args, { cwd: workspace, stdio: "inherit", env: { ...process.env, STRATA_QUICK: "1" } });
    good = (await new Promise((done, fail) => child.on("error", fail).on("close", done))) === 0 && good;
  }
  const { otherRuntimes } = await import("./runtimes.mjs");
  good = (await otherRuntimes(suite, filter, say)) && good;
  return good ? 0 : 1;
});
