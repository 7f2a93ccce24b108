// Builds the engine's addon with cargo and the package with tsc. What is up to date is left alone.
//
//   node scripts/build.mjs [--no-addon]
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BuildError, setup } from "./setup.mjs";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const repository = resolve(workspace, "..");
const strata = join(workspace, "packages", "strata");

export { BuildError };

/** Runs a program and keeps its words for the case that it fails. */
function run(program, args, cwd) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    child.stdout.on("data", (text) => (words += text));
    child.stderr.on("data", (text) => (words += text));
    child.on("error", (error) => fail(error));
    child.on("close", (code) => (code === 0 ? done(words) : fail(new BuildError(`${words}\n${program} ${args.join(" ")} failed`))));
  });
}

/** All files under a folder, by their paths relative to it. */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();
}

/** Compiles `src` to `dist`, unless nothing changed since it was last done. */
async function compile() {
  const [src, dist] = [join(strata, "src"), join(strata, "dist")];
  const stamp = join(dist, ".built");
  const sources = filesIn(src);
  const inputs = [...sources.map((file) => join(src, file)), join(strata, "tsconfig.json"), join(workspace, "tsconfig.base.json")];
  const list = sources.join("\n");
  const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs));
  const built = existsSync(stamp) && readFileSync(stamp, "utf8") === list;
  if (built && statSync(stamp).mtimeMs > newest) return;
  const start = new Date();
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", strata], workspace);
  // What is left of sources that are gone would still be published.
  const expected = new Set(sources.map((file) => file.replace(/\.ts$/, "")));
  for (const file of filesIn(dist)) {
    if (file !== ".built" && !expected.has(file.replace(/\.(d\.ts|js)(\.map)?$/, ""))) rmSync(join(dist, file));
  }
  writeFileSync(stamp, list);
  // A source that changed meanwhile is newer than this.
  utimesSync(stamp, start, start);
}

/** Builds the addon and puts it where the package looks for it. */
async function addon() {
  const { platformName } = await import(pathToFileURL(join(strata, "dist", "platform.js")).href);
  const to = join(strata, "native", `strata.${platformName()}.node`);
  const cargo = process.env["CARGO"] || "cargo";
  try {
    await run(cargo, ["build", "--package", "strata-node"], repository);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    if (existsSync(to)) return;
    throw new BuildError(`${cargo} is not there: install Rust (rustup), then run this again`);
  }
  const target = resolve(repository, process.env["CARGO_TARGET_DIR"] || "target");
  const names = { darwin: "libstrata_node.dylib", win32: "strata_node.dll" };
  const from = join(target, "debug", names[process.platform] ?? "libstrata_node.so");
  if (!existsSync(from)) throw new BuildError(`cargo left no ${from}`);
  const [fresh, old] = [statSync(from), existsSync(to) ? statSync(to) : undefined];
  if (old && old.size === fresh.size && old.mtimeMs >= fresh.mtimeMs) return;
  mkdirSync(join(strata, "native"), { recursive: true });
  // Renamed, not overwritten: a process that has the old one loaded keeps it.
  const temporary = `${to}.${process.pid}.tmp`;
  copyFileSync(from, temporary);
  renameSync(temporary, to);
}

/** Builds everything. `addon: false` leaves Rust out. Says so on stderr if it takes a while. */
export async function build(options = { addon: true }) {
  const notice = setTimeout(() => console.error("building strata-ml …"), 1000);
  try {
    await setup();
    await compile();
    if (options.addon) await addon();
  } finally {
    clearTimeout(notice);
  }
}

/** Runs a script's main function; a failed build is told in its own words. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(() => build({ addon: !process.argv.includes("--no-addon") }));
}
