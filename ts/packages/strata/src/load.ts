/** Finds and loads the engine's binary. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { ERROR_CODES, StrataError } from "./error.js";
import type { ErrorCode } from "./error.js";
import type { Native } from "./native.js";
import { platformName } from "./platform.js";

const require = createRequire(import.meta.url);

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(lines: string[], cause?: unknown): StrataError {
  return new StrataError("addon", lines.join("\n"), "load", { cause });
}

/** Loads one file that is known to be there. */
function open(path: string, called: string): Native {
  try {
    const addon: Native = require(path);
    return addon;
  } catch (error) {
    throw failed(
      [`strata-ml: ${called} is there but does not load on ${platformName()}: ${why(error)}`],
      error,
    );
  }
}

function load(): Native {
  const forced = env["STRATA_ADDON"];
  if (forced) {
    if (existsSync(forced)) return open(forced, `STRATA_ADDON=${forced}`);
    throw failed([`strata-ml: STRATA_ADDON names ${forced}, and there is no such file`]);
  }
  const name = platformName();
  const published = `strata-ml-${name}`;
  let path: string | undefined;
  try {
    path = require.resolve(published);
  } catch {
    // Not installed: this is a clone, or optional dependencies were left out.
  }
  if (path !== undefined) return open(path, `the package ${published}`);
  const local = fileURLToPath(new URL(`../native/strata.${name}.node`, import.meta.url));
  if (existsSync(local)) return open(local, local);
  throw failed([
    `strata-ml: there is no engine for this machine (${name}).`,
    `Looked for the package ${published} and for the file ${local}.`,
    `Install with optional dependencies (npm install --include=optional), or, in a clone, build it: "npm run build" in ts/, with Rust installed.`,
  ]);
}

function isCode(code: string): code is ErrorCode {
  const known: readonly string[] = ERROR_CODES;
  return known.includes(code);
}

/** What the engine makes errors of. It has the public name, so that stack traces show that. */
const EngineError = class StrataErrorOfEngine extends StrataError {
  constructor(code: string, message: string, op: string) {
    super(isCode(code) ? code : "internal", message, op);
  }
};
Object.defineProperty(EngineError, "name", { value: "StrataError" });

function version(): string {
  const about: { version: string } = require("../package.json");
  return about.version;
}

function start(): Native {
  const addon = load();
  if (addon.version() !== version()) {
    throw failed([
      `strata-ml is version ${version()}, its engine ${addon.version()}: install both anew, or, in a clone, run "npm run build" in ts/`,
    ]);
  }
  addon.setErrorClass(EngineError);
  return addon;
}

/** The engine. */
export const native: Native = start();
