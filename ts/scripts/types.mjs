// Typechecks what uses the package: tests, demos, benchmarks, and the file of type tests.
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const TYPE_TESTS = join(workspace, "packages", "strata", "test", "types.ts");

/** `ts/demos/03.ts:12: error TS2322: …` */
function show(diagnostic) {
  const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ");
  if (diagnostic.file === undefined) return `TS${diagnostic.code}: ${text}`;
  const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
  return `${relative(workspace, diagnostic.file.fileName)}:${line + 1}: TS${diagnostic.code}: ${text}`;
}

/** Compiles everything once. Errors in the type tests are told apart from the others'. */
export function types() {
  const config = join(workspace, "tsconfig.json");
  const { config: json, error } = ts.readConfigFile(config, ts.sys.readFile);
  const options = ts.parseJsonConfigFileContent(json, ts.sys, workspace, {}, config);
  const program = ts.createProgram(options.fileNames, options.options);
  const all = [...(error ? [error] : []), ...options.errors, ...ts.getPreEmitDiagnostics(program)];
  const inTests = (diagnostic) => diagnostic.file !== undefined && resolve(diagnostic.file.fileName) === TYPE_TESTS;
  const text = readFileSync(TYPE_TESTS, "utf8");
  return {
    files: options.fileNames.length,
    errors: all.filter((diagnostic) => !inTests(diagnostic)).map(show),
    /** What the type tests claim: lines that must not compile, types that must be equal. */
    claims: text.match(/@ts-expect-error|\bequal</g)?.length ?? 0,
    broken: all.filter(inTests).map(show),
  };
}
