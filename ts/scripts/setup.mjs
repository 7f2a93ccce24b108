// Installs what a folder's package-lock.json names, unless it is there. Needs no package itself.
//
//   node scripts/setup.mjs [FOLDER]      the npm workspace if left out
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Node's oldest major version that everything here runs on. */
const OLDEST = 20;

const workspace = fileURLToPath(new URL("..", import.meta.url));

/** A build that failed; its message is all there is to say. */
export class BuildError extends Error {}

function packages(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, "utf8")).packages : undefined;
}

/** Whether a folder's node_modules holds what its lockfile says. Times would lie after a checkout. */
function upToDate(folder) {
  const wanted = packages(join(folder, "package-lock.json"));
  const there = packages(join(folder, "node_modules", ".package-lock.json"));
  if (wanted === undefined) throw new BuildError(`there is no package-lock.json in ${folder}`);
  if (there === undefined) return false;
  const same = (a, b) => a !== undefined && a.version === b.version && a.integrity === b.integrity;
  const needed = Object.entries(wanted).filter(([path, about]) => path.includes("node_modules/") && !about.optional && !about.link);
  return needed.every(([path, about]) => same(there[path], about)) && Object.entries(there).every(([path, about]) => same(wanted[path], about));
}

/** npm's own script where npm started us, so that the same npm goes on; else what PATH has. */
function npm(args, folder) {
  const script = process.env["npm_execpath"];
  const known = script?.endsWith("npm-cli.js") === true && existsSync(script);
  const [program, first] = known ? [process.execPath, [script]] : ["npm", []];
  // On Windows npm is a command file, which only a shell runs.
  return spawn(program, [...first, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], shell: !known && process.platform === "win32" });
}

/** Runs npm in a folder; its words are shown only if it fails. */
export function runNpm(args, folder) {
  return new Promise((done, fail) => {
    const child = npm(args, folder);
    let words = "";
    child.stdout.on("data", (text) => (words += text));
    child.stderr.on("data", (text) => (words += text));
    child.on("error", (error) => fail(new BuildError(`npm could not be started (${error.message}): it comes with Node, install both anew`)));
    child.on("close", (code) => (code === 0 ? done(words) : fail(new BuildError(`${words}\nnpm ${args.join(" ")} failed in ${folder}`))));
  });
}

/** Makes sure that Node is new enough and that what the folder depends on is installed. */
export async function setup(folder = workspace) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST) {
    throw new BuildError(`this is Node ${process.versions.node}; Strata needs Node ${OLDEST} or later`);
  }
  if (upToDate(folder)) return;
  console.error(`installing what ${join(folder, "package-lock.json")} names (npm ci) …`);
  await runNpm(["ci", "--no-audit", "--no-fund"], folder);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await setup(process.argv[2] === undefined ? workspace : resolve(process.argv[2]));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
