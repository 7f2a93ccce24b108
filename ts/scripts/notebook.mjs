// Runs the notebook's code cells, one after the other, as one module: in Deno if it is there, else in Node.
//
//   node scripts/notebook.mjs [--quick] [--node] [--built]
//
// --quick, or STRATA_QUICK=1, trains for a few steps only; --node leaves Deno out; --built builds nothing.
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import process from "node:process";
import { build, main } from "./build.mjs";
import { resultLine, tally } from "./result.mjs";
import { find } from "./runtimes.mjs";

const notebook = fileURLToPath(new URL("../notebooks/strata.ipynb", import.meta.url));

// What the cells use of Deno, for where there is no kernel that shows pictures: they are counted.
const prelude = `
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
let pictures = 0;
const picture = (parts: TemplateStringsArray, ...values: unknown[]): string => {
  pictures++;
  const text = String.raw(parts, ...values);
  if (/undefined|NaN|\\[object /.test(text)) throw new Error("a picture shows " + text.slice(0, 400));
  return text;
};
const Deno = {
  jupyter: {
    html: picture,
    svg: picture,
    broadcast: async (_type: string, content: { data: Record<string, string>; metadata: object; transient: object }): Promise<void> => void picture\`\${content.data["image/svg+xml"] ?? ""}\`,
  },
  makeTempDir: (): Promise<string> => mkdtemp(tmpdir() + "/strata-"),
  remove: (path: string, options: { recursive: boolean }): Promise<void> => rm(path, options),
};
`;

/** The code cells as the text of one module. */
function moduleOf() {
  const { cells } = JSON.parse(readFileSync(notebook, "utf8"));
  const code = cells.filter((cell) => cell.cell_type === "code");
  const texts = code.map((cell, i) => `// Cell ${i + 1}\n${cell.source.join("")};\nconsole.log("cell ${i + 1} of ${code.length}");\n`);
  return [prelude, ...texts, 'console.log(pictures, "pictures");\n'].join("\n");
}

function run(program, args) {
  const child = spawn(program, args, { stdio: "inherit" });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 1));
  });
}

await main(async () => {
  const unknown = process.argv.slice(2).find((flag) => !["--quick", "--node", "--built"].includes(flag));
  if (unknown !== undefined) {
    console.error(`${unknown}? node scripts/notebook.mjs [--quick] [--node] [--built]`);
    return 2;
  }
  if (!process.argv.includes("--built")) await build();
  if (process.argv.includes("--quick")) process.env["STRATA_QUICK"] = "1";
  const counts = tally();
  const code = await runCells();
  counts[code === 0 ? "passed" : "failed"] = 1;
  console.log(resultLine(counts));
  return code;
});

async function runCells() {
  // Beside the notebook, so that packages are found from here as from there.
  const file = fileURLToPath(new URL(`../notebooks/.cells-${process.pid}.ts`, import.meta.url));
  writeFileSync(file, moduleOf());
  try {
    const deno = !process.argv.includes("--node") && find("deno");
    if (deno) return await run(deno, ["run", "-A", "--no-check", file]);
    const tsx = createRequire(import.meta.url).resolve("tsx");
    return await run(process.execPath, ["--import", pathToFileURL(tsx).href, file]);
  } finally {
    rmSync(file, { force: true });
  }
}
