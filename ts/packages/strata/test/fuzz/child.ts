/**
 * Makes calls in a process of its own, which may die of one. Says on stdout, a line of JSON each, what
 * it found; in the file `progress`, the number of the call that it is at.
 */
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type * as Strata from "strata-ml";
import { callOf, edited, editsOf, kindOf, tried, written } from "./call.ts";
import type { Call, Fault, World } from "./call.ts";
import type { Signatures } from "./kinds.ts";
import { furnish, Instances, worn } from "./pool.ts";
import { surface } from "./surface.ts";
import { Own } from "./wrong.ts";

/** What the parent asks for. */
export interface Order {
  /** The package's entry, as a URL. */
  readonly entry: string;
  /** A file with {@link Signatures}. */
  readonly signatures: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Milliseconds of this child, 0 for as long as it takes. */
  readonly time: number;
  /** What to leave out of the one call that is made; see `edited`. */
  readonly edits: readonly string[];
  /** Milliseconds that one call may take. */
  readonly limit: number;
}

/** What the child says. */
export type Word =
  | { readonly say: "fault"; readonly place: number; readonly target: string; readonly call: string; readonly fault: Fault }
  | { readonly say: "call"; readonly call: string; readonly target: string }
  | { readonly say: "done"; readonly next: number; readonly functions: string[]; readonly pairs: string[]; readonly triples: number }
  | { readonly say: "missing"; readonly classes: string[]; readonly functions: number };

/** Files that calls may leave in the working folder: those whose names were given. */
const NAMES = new Set(["x", "3", "hello", "cpu", "é\u202e\x1b[31m", "y".repeat(1e4), "stories", "book"]);
/** More memory than this, in bytes, no series of small calls needs. */
const MEMORY = 1 << 30;

function isOrder(value: unknown): value is Order {
  return typeof value === "object" && value !== null && "entry" in value;
}

const order: unknown = JSON.parse(process.argv[2] ?? "null");
if (!isOrder(order)) throw new Error("the child of the fuzzer is started by the fuzzer");
const { edits, entry, from, limit, seed, time, to } = order;

const say = (word: Word): void => void writeSync(1, `${JSON.stringify(word)}\n`);
const progress = openSync("../progress", "w");
let beats = 0;
const at = (place: number): void => void writeSync(progress, `${place} ${beats}`.padEnd(24), 0);

const strata: typeof Strata = await import(entry);
const { classes, targets } = surface(strata);
const signatures: Signatures = JSON.parse(readFileSync(order.signatures, "utf8"));
const folder = join(process.cwd(), "out");
const pool = new Instances(classes);
const renew = await furnish(pool, strata, folder);
const world: World = { targets, signatures, pool, folder, worn: worn(strata), StrataError: strata.StrataError };

let place = from;
// Work that is waited for is no hang; a loop that stands still is.
setInterval(() => {
  beats++;
  at(place);
}, 1000).unref();
let current: Call | null = null;
let loose: Fault | null = null;
const report = (fault: Fault, call = current): void =>
  say({ say: "fault", place, target: call?.target.place ?? "", call: call === null ? "" : written(call), fault });
// What nobody waited for would end a reader's process.
const escaped = (what: string) => (error: unknown) => {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  loose = { what, message: error instanceof Own ? `the caller's own, that nobody heard: ${message}` : message };
};
process.on("unhandledRejection", escaped("ends the process by a rejection that nobody hears"));
process.on("uncaughtException", escaped("ends the process by an exception that nobody catches"));

const known = new Set<string>();

/** The smallest call that comes to the same, for the first of each kind. */
async function shrunk(call: Call, fault: Fault): Promise<Call> {
  const kind = kindOf(call.target.place, fault);
  if (known.has(kind)) return call;
  known.add(kind);
  const kept: string[] = [];
  for (const edit of editsOf(call)) {
    const smaller = await tried(world, edited(call, [...kept, edit]), limit);
    if (smaller !== null && kindOf(call.target.place, smaller) === kind) kept.push(edit);
  }
  return edited(call, kept);
}

/** What lies in the working folder that should not. */
function litter(): Fault | null {
  const odd = readdirSync(".").filter((name) => name !== "out" && !NAMES.has(name) && !NAMES.has(name.replace(/\.tmp.*$/, "")));
  for (const name of readdirSync(".")) if (name !== "out") rmSync(name, { recursive: true, force: true });
  return odd.length === 0 ? null : { what: "litter", message: `leaves ${JSON.stringify(odd)} behind` };
}

const collect: unknown = Reflect.get(globalThis, "gc");
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function settle(): Promise<number> {
  await turn();
  if (typeof collect === "function") collect();
  await turn();
  return process.memoryUsage.rss();
}

const functions = new Set<string>();
const pairs = new Set<string>();
const triples = new Set<string>();
const end = time === 0 ? Infinity : performance.now() + time;
let base = await settle();
for (; place < to && performance.now() < end; place++) {
  if (place % 250 === 0) renew();
  if (place % 1000 === 999) {
    const now = await settle();
    if (now - base > MEMORY) report({ what: "memory", message: `${Math.round((now - base) / 1e6)} MB more than at the start, some calls before this one` });
    base = Math.min(base, now);
  }
  current = edited(callOf(world, seed, place), edits);
  const { args, target, wrong } = current;
  functions.add(`${target.how} ${target.place}`);
  for (const name of wrong) {
    pairs.add(`${target.place} ${name}`);
    triples.add(`${target.place} ${name} ${args.map((one) => one.name).join()}`);
  }
  at(place);
  if (to - from === 1) say({ say: "call", call: written(current), target: target.place });
  const fault = await tried(world, current, limit);
  if (fault !== null) report(fault, await shrunk(current, fault));
  // Rejections that nobody hears are told of after the microtasks of a turn.
  if (place % 8 === 7 || to - from === 1) await turn();
  if (loose !== null) report(loose);
  loose = null;
  const left = litter();
  if (left !== null) report(left);
  mkdirSync(folder, { recursive: true });
}
for (let i = 0; i < 3; i++) await turn();
if (loose !== null) report(loose);
const missing = [...classes].filter(([name]) => pool.names(name).length === 0).map(([name]) => name);
say({ say: "missing", classes: missing, functions: targets.length });
say({ say: "done", next: place, functions: [...functions], pairs: [...pairs], triples: triples.size });
process.exit(0);
