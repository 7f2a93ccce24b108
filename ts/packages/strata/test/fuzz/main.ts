// Calls everything that the package exports with arguments right and wrong, in child processes.
//
//   npm run fuzz [-- flags]
//     --seconds N    how long; 60 if neither is given
//     --calls N      how many calls, however long they take
//     --seed N       which calls, 1 if left out: the same seed makes the same calls
//     --call N       only this call of the seed, as a finding's line says
//     --package FILE another build's entry, dist/index.js
import process from "node:process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { fuzz, summary } from "./parent.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    calls: { type: "string" },
    seed: { type: "string", default: "1" },
    call: { type: "string" },
    package: { type: "string" },
  },
});

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  console.error(`fuzz: --${name} takes a whole number, not ${JSON.stringify(text)}`);
  process.exit(2);
}

const seed = number("seed", values.seed) ?? 1;
const call = number("call", values.call);
const calls = call === undefined ? number("calls", values.calls) : 1;
const seconds = number("seconds", values.seconds) ?? (calls === undefined ? 60 : undefined);
const report = await fuzz({
  seed,
  say: (line) => console.log(line),
  ...(call === undefined ? {} : { from: call }),
  ...(calls === undefined ? {} : { calls }),
  ...(seconds === undefined ? {} : { seconds }),
  ...(values.package === undefined ? {} : { entry: pathToFileURL(resolve(values.package)).href }),
});
if (call === undefined) {
  for (const name of report.missing) console.log(`MISSING ${name}: no call gave one, so its methods were not called; add one to test/fuzz/pool.ts`);
}
console.log(summary(seed, report));
process.exitCode = report.findings.length === 0 && (call !== undefined || report.missing.length === 0) ? 0 : 1;
