// The suite on JavaScript runtimes other than Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { resultLine, tally } from "./result.mjs";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";

/** A program: what `npm ci` in ts/runtimes brought, else what PATH has; undefined if neither. */
export function find(name) {
  const folders = [join(workspace, "runtimes", "node_modules", ".bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  const names = windows ? [`${name}.exe`, `${name}.cmd`] : [name];
  return folders.flatMap((folder) => names.map((file) => join(folder, file))).find((path) => existsSync(path));
}

/** Runs a program; resolves to what it said and how it ended. */
function run(program, args) {
  // Only a shell runs Windows' command files.
  const shell = program.endsWith(".cmd");
  const quote = (word) => (shell ? `"${word}"` : word);
  const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  delete env["FORCE_COLOR"];
  const child = spawn(quote(program), args.map(quote), { cwd: workspace, stdio: ["ignore", "pipe", "pipe"], shell, env });
  return new Promise((done) => {
    let words = "";
    child.stdout.on("data", (text) => (words += text));
    child.stderr.on("data", (text) => (words += text));
    child.on("error", (error) => done({ words: error.message, ended: "could not be started" }));
    child.on("close", (code, signal) => done({ words, ended: signal ? `was ended by ${signal}` : `ended with code ${code}`, good: code === 0 }));
  });
}

const number = (text, pattern) => Number(pattern.exec(text)?.[1] ?? 0);

const RUNTIMES = [
  {
    name: "Bun",
    program: "bun",
    // Its own limit of 5 s for a test is not Node's.
    args: (files, filter) => ["test", "--timeout", "600000", ...(filter ? ["-t", escape(filter)] : []), ...files.map((file) => `./${file}`)],
    count: (text, counts) => {
      counts.passed = number(text, /^ *(\d+) pass$/m);
      counts.failed = number(text, /^ *(\d+) fail$/m);
      counts.ignored = number(text, /^ *(\d+) skip$/m) + number(text, /^ *(\d+) todo$/m);
      counts.filtered = number(text, /^ *(\d+) filtered out$/m) + number(text, /matched 0 tests\..*\(skipping (\d+) tests/);
    },
    // A failed test's words stand before its line; at the end all are listed once more.
    failures: (text) => text.replaceAll(/^(\((pass|skip|todo)\) .*|bun test .*|\S+\.test\.ts:|SKIPPED: .*)\n/gm, "").replace(/\n\d+ tests failed:[^]*/, ""),
  },
  {
    name: "Deno",
    program: "deno",
    args: (files, filter) => ["test", "-A", "--no-check", ...(filter ? ["--filter", filter] : []), ...files],
    count: (text, counts) => {
      const line = text.split("\n").findLast((line) => /^(ok|FAILED) \| /.test(line)) ?? "";
      counts.passed = number(line, /(\d+) passed/) + number(line, /passed \((\d+) steps?\)/);
      counts.failed = number(line, /(\d+) failed/);
      counts.ignored = number(line, /(\d+) ignored/);
      counts.filtered = number(line, /(\d+) filtered out/);
    },
    failures: (text) => text.replace(/^[^]*\n ERRORS \n/, "").replace(/\n FAILURES \n[^]*/, ""),
  },
];

function escape(text) {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Runs the suite on Bun and Deno where they are; `say` prints a line. Returns whether all is well. */
export async function otherRuntimes(files, filter, say) {
  let good = true;
  for (const { name, program, args, count, failures } of RUNTIMES) {
    const path = find(program);
    if (path === undefined) {
      say(`SKIPPED: ${name} is not installed: the suite was not run on it`);
      continue;
    }
    const version = (await run(path, ["--version"])).words.match(/\d+\.\d+\.\d+/)?.[0] ?? "of unknown version";
    say(`\nsuite on ${name} ${version}`);
    const counts = tally();
    const { words, ended, good: fine } = await run(path, args(files, filter));
    count(words, counts);
    const broken = !fine && counts.failed === 0;
    // Where a name fits no test, Bun ends with 1; that is no failure here.
    const nothing = broken && filter !== undefined && counts.passed === 0 && counts.filtered > 0;
    if (broken && !nothing) counts.failed = 1;
    if (counts.failed > 0) say(broken ? `${words.split("\n").slice(-60).join("\n")}\n${name} ${ended}` : failures(words).replaceAll(/\n{3,}/g, "\n\n").trim());
    for (const skip of words.match(/^[ \t]*SKIPPED: .*$/gm) ?? []) say(skip);
    say(resultLine(counts));
    good &&= counts.failed === 0;
  }
  return good;
}
