// How benchmarks of the TypeScript package are written down: as JSON in bench/results, with what
// they ran on.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

function git(...args) {
  try {
    return execFileSync("git", args, { cwd: repository, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "";
  }
}

/** Commit, date, processor, runtime. */
export function circumstances() {
  const commit = git("rev-parse", "--short", "HEAD") || "unknown";
  const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
  return {
    device: `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} threads`,
    runtime: `Node ${process.versions.node} on ${os.type()} ${os.arch()}`,
    engine: process.env["STRATA_ADDON"] ? "release build" : "cargo build (opt-level 3)",
    date: new Date().toISOString().slice(0, 10),
    commit: `${commit}${changed ? ", with later work that was not committed yet" : ""}`,
  };
}

/** Writes a record and says where. */
export function record(path, content) {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  console.log(`\nwritten to ${relative(process.cwd(), path)}`);
}

/** A file among the recorded results. */
export function resultFile(name) {
  return join(repository, "bench", "results", name);
}
