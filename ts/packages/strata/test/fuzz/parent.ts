/** Lets children make calls, one process after the other, and tells what they found. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { kindOf } from "./call.ts";
import type { Fault } from "./call.ts";
import type { Order, Word } from "./child.ts";
import { signatures } from "./kinds.ts";

/** What to do. */
export interface Wanted {
  readonly seed: number;
  /** The first call. */
  readonly from?: number;
  /** How many calls; as many as there is time for if left out. */
  readonly calls?: number;
  /** Seconds; as long as the calls take if left out. */
  readonly seconds?: number;
  /** The package's entry; the one that was built here if left out. */
  readonly entry?: string;
  /** Hears a line at a time. */
  readonly say: (line: string) => void;
}

/** What was found of one kind, once. */
export interface Finding {
  readonly place: number;
  readonly call: string;
  readonly fault: Fault;
  /** How often. */
  times: number;
}

/** What came of it. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly calls: number;
  readonly functions: number;
  /** Functions that there are. */
  readonly all: number;
  /** Functions with one of their arguments that was wrong. */
  readonly pairs: number;
  /** The same with the arguments' values. */
  readonly triples: number;
  /** Exported classes that no call was made on. */
  readonly missing: readonly string[];
}

/** Calls that one child makes. */
const EACH = 20_000;
/** Milliseconds that a call may take; where the machine is busy, a second look allows more. */
const LIMIT = 10_000;

interface Ended {
  readonly words: Word[];
  /** The call that it was at. */
  readonly at: number;
  /** Why it ended before it was done. */
  readonly fault: Fault | null;
}

const child = fileURLToPath(new URL("./child.ts", import.meta.url));

async function run(folder: string, order: Order, patience: number): Promise<Ended> {
  const work = join(folder, "work");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const progress = join(folder, "progress");
  writeFileSync(progress, "-1");
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const args = ["--expose-gc", "--import", tsx, child, JSON.stringify(order)];
  const running = spawn(process.execPath, args, { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
  const words: Word[] = [];
  let complaints = "";
  createInterface({ input: running.stdout }).on("line", (line) => {
    if (line.startsWith("{")) words.push(JSON.parse(line) as Word);
  });
  running.stderr.on("data", (text) => (complaints = `${complaints}${String(text)}`.slice(-2000)));
  const sign = (): string => readFileSync(progress, "utf8");
  const place = (): number => Number.parseInt(sign(), 10);
  let [last, since, hangs] = ["", performance.now(), false];
  const watch = setInterval(() => {
    const now = sign();
    if (now !== last) [last, since] = [now, performance.now()];
    // It needs some seconds to begin.
    hangs = performance.now() - since > patience + (place() < 0 ? 60_000 : 2000);
    if (hangs) running.kill("SIGKILL");
  }, 250);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    running.on("close", (code, signal) => resolve([code, signal]));
  });
  clearInterval(watch);
  const at = place();
  if (hangs) return { words, at, fault: { what: "hangs", message: `longer than ${patience / 1000} s` } };
  if (code === 0) return { words, at, fault: null };
  return { words, at, fault: { what: "ends the process", message: `${signal ?? `exit code ${code}`}\n${complaints}` } };
}

/** Fuzzes, and shrinks what it finds. */
export async function fuzz(wanted: Wanted): Promise<Report> {
  const { from = 0, say, seconds, seed } = wanted;
  const folder = mkdtempSync(join(tmpdir(), "strata-fuzz-"));
  try {
    const file = join(folder, "signatures.json");
    writeFileSync(file, JSON.stringify(signatures()));
    const entry = wanted.entry ?? new URL("../../dist/index.js", import.meta.url).href;
    const base = { entry, signatures: file, seed, time: 0, edits: [], limit: LIMIT };
    const one = (place: number, edits: readonly string[]): Promise<Ended> =>
      run(folder, { ...base, from: place, to: place + 1, edits, limit: 2 * LIMIT }, 2 * LIMIT);

    const found = new Map<string, Finding>();
    const [functions, pairs] = [new Set<string>(), new Set<string>()];
    let [next, triples, all, missing] = [from, 0, 0, [] as readonly string[]];
    const last = wanted.calls === undefined ? Infinity : from + wanted.calls;
    const end = seconds === undefined ? Infinity : performance.now() + 1000 * seconds;

    const note = async (target: string, place: number, call: string, fault: Fault): Promise<void> => {
      const kind = kindOf(target, fault);
      const known = found.get(kind);
      if (known !== undefined) return void known.times++;
      const finding = { place, call, fault, times: 1 };
      found.set(kind, finding);
      // The child has shrunk what it lived through.
      const whole = ["not a StrataError", "a bug, by its own account", "names no operation", "never settles"].includes(fault.what);
      const shrunk = whole || found.size > 20 ? null : await shrink(one, place, fault.what);
      if (shrunk !== null) Object.assign(finding, { call: shrunk });
      say(`FOUND ${fault.what}: ${finding.call}`);
      for (const line of fault.message.split("\n").slice(0, 8)) say(`    ${line}`);
      say(`    npm run fuzz -- --seed ${seed} --call ${place}`);
    };

    while (next < last && performance.now() < end) {
      const time = end === Infinity ? 0 : Math.max(1, end - performance.now());
      const to = Math.min(last, (Math.floor(next / EACH) + 1) * EACH);
      const { at, fault, words } = await run(folder, { ...base, from: next, to, time }, LIMIT);
      next = fault === null ? to : at + 1;
      for (const word of words) {
        if (word.say === "fault") await note(word.target, word.place, word.call, word.fault);
        else if (word.say === "missing") [missing, all] = [word.classes, word.functions];
        else if (word.say === "done") {
          next = word.next;
          triples += word.triples;
          for (const name of word.functions) functions.add(name);
          for (const pair of word.pairs) pairs.add(pair);
        }
      }
      if (fault === null) continue;
      if (at < from) throw new Error(`the fuzzer's child does not start: ${fault.message}`);
      // A busy machine makes slow calls slower: only what happens again is a fault.
      const again = fault.what === "hangs" ? await one(at, []) : null;
      if (again === null || again.fault !== null) await note(`call ${at}`, at, `call ${at}, by the number`, fault);
    }
    const findings = [...found.values()];
    return { findings, calls: next - from, functions: functions.size, all, pairs: pairs.size, triples, missing };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The smallest call that still comes to the same; null if the call alone does not. */
async function shrink(one: (place: number, edits: readonly string[]) => Promise<Ended>, place: number, what: string): Promise<string | null> {
  const comes = async (edits: readonly string[]): Promise<string | null> => {
    const { fault, words } = await one(place, edits);
    const made = words.find((word) => word.say === "call");
    if (fault !== null) return fault.what === what && made?.say === "call" ? made.call : null;
    const word = words.find((word) => word.say === "fault" && word.fault.what === what);
    return word?.say === "fault" ? word.call : null;
  };
  let best = await comes([]);
  if (best === null) return null;
  let edits: string[] = [];
  for (const edit of ["4", "3", "2", "1", "0"]) {
    const smaller = await comes([...edits, edit]);
    if (smaller === null) continue;
    [best, edits] = [smaller, [...edits, edit]];
  }
  return best;
}

/** The last line of a run. */
export function summary(seed: number, { all, calls, findings, functions, pairs, triples }: Report): string {
  const numbers = [`${calls} calls of ${functions} of ${all} functions`, `${pairs} functions with a wrong argument`, `${triples} with its value`];
  return `fuzz: seed ${seed}, ${numbers.join(", ")}, ${findings.length} findings`;
}
