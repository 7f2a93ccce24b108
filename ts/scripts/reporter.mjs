// A reporter for Node's test runner: failures in full, passes as a number.
import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { resultLine, tally } from "./result.mjs";

const SKIPS = /^[ \t]*SKIPPED: .*\n/gm;

function place({ file, line }) {
  if (file === undefined) return "";
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return `${relative(process.cwd(), path)}${line > 1 ? `:${line}` : ""}`;
}

/** What a test threw: its message, and where in our own files. */
function why(error) {
  const { exitCode, signal } = error ?? {};
  // A whole file, whose process broke off: what it tested last is unknown.
  if (signal) return `    its process was ended by ${signal}`;
  if (exitCode) return `    its process ended with code ${exitCode}`;
  const cause = error?.cause instanceof Error ? error.cause : error;
  const text = cause?.stack ?? String(cause?.message ?? cause);
  const own = text.split("\n").filter((line) => !/^\s+at .*(node:|node_modules)/.test(line));
  return own.map((line) => `    ${line}`).join("\n");
}

/** @param {AsyncIterable<{type: string, data: object}>} events */
export default async function* report(events) {
  const counts = tally();
  const path = [];
  const words = new Map();
  for await (const { type, data } of events) {
    if (type === "test:start") {
      path.length = data.nesting;
      path.push(data.name);
    } else if (type === "test:stdout" || type === "test:stderr") {
      const skips = data.message.match(SKIPS);
      if (skips !== null) yield skips.join("");
      words.set(data.file, (words.get(data.file) ?? "") + data.message.replaceAll(SKIPS, ""));
    } else if (type === "test:pass") {
      if (data.skip === "test name does not match pattern") counts.filtered += 1;
      else if (data.skip !== undefined || data.todo !== undefined) counts.ignored += 1;
      else if (data.details.type !== "suite") counts.passed += 1;
    } else if (type === "test:fail") {
      const { error } = data.details;
      // A parent fails because of a child, which was told already.
      if (error?.failureType === "subtestsFailed") continue;
      counts.failed += 1;
      path.length = Math.min(path.length, data.nesting);
      yield `\ntest ${[...path, data.name].join(" > ")} ... FAILED  (${place(data)})\n${why(error)}\n`;
      const said = words.get(data.file)?.trimEnd();
      if (said) yield `    its file said:\n${said.split("\n").slice(-30).map((line) => `      ${line}`).join("\n")}\n`;
      words.delete(data.file);
    }
  }
  yield `${resultLine(counts)}\n`;
}
