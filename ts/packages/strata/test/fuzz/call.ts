/** One call: made of a seed and a number, tried, and judged. */
import type { Parameter, Signatures } from "./kinds.ts";
import type { Instances } from "./pool.ts";
import { randomOf } from "./random.ts";
import type { Random } from "./random.ts";
import { objectOf, Right } from "./right.ts";
import type { Target } from "./surface.ts";
import { Own, WRONG } from "./wrong.ts";
import type { Value } from "./wrong.ts";

/** What is called, on what, with what. */
export interface Call {
  readonly target: Target;
  readonly self: Value;
  readonly args: readonly Value[];
  /** Which arguments were made wrong: `2`, `1.device`, `this`. */
  readonly wrong: readonly string[];
}

/** What a call must not come to. */
export interface Fault {
  /** `not a StrataError`, `internal`, `never settles`, `litter`, … */
  readonly what: string;
  readonly message: string;
}

/** What calls are made of. */
export interface World {
  readonly targets: readonly Target[];
  readonly signatures: Signatures;
  readonly pool: Instances;
  readonly worn: readonly Value[];
  readonly folder: string;
  readonly StrataError: new (...args: never[]) => Error;
}

/** Calls that take seconds even when nothing is wrong: few of those drawn are made. */
const SLOW = /(prepare|Tokenizer\.train|ceiling|Device\.(best|list|open)|\.fit|\.time|generate|evaluate)$/;

function drawTarget(world: World, random: Random): Target {
  for (;;) {
    const target = random.pick(world.targets);
    if (!SLOW.test(target.place) || random.chance(0.04)) return target;
  }
}

/** Parameters that nobody wrote down: protected methods, symbols. */
function unwritten(target: Target): Parameter[] {
  const count = Math.max(target.body.length, target.how === "set" ? 1 : 0);
  return Array.from({ length: count }, (_, i) => ({ name: `argument${i}`, kind: { is: "unknown" }, optional: false, rest: false }) as const);
}

function drawWrong(world: World, random: Random): Value {
  return random.pick(random.chance(0.2) ? world.worn : WRONG);
}

/** Makes one argument wrong: whole, or one of its fields. */
function spoil(world: World, random: Random, value: Value): [spoiled: Value, field: string] {
  const { fields } = value;
  const names = fields === undefined ? [] : Object.keys(fields);
  if (fields === undefined || names.length === 0 || random.chance(0.35)) return [drawWrong(world, random), ""];
  const name = random.pick(names);
  return [objectOf({ ...fields, [name]: drawWrong(world, random) }), `.${name}`];
}

/** Call number `place` of a seed. */
export function callOf(world: World, seed: number, place: number): Call {
  const random = randomOf(seed, place);
  const target = drawTarget(world, random);
  const right = new Right(random, world.pool, world.folder);
  const overloads = world.signatures[target.place] ?? [unwritten(target)];
  const parameters = overloads.length === 0 ? [] : random.pick(overloads);
  const args: Value[] = [];
  const places: string[] = [];
  for (const parameter of target.how === "get" ? [] : parameters) {
    const times = parameter.rest ? random.below(4) : 1;
    for (let i = 0; i < times; i++) {
      args.push(right.of(parameter));
      places.push(parameter.name);
    }
  }
  const wrong: string[] = [];
  const how = random.next();
  // Mostly one thing is wrong, so that it is this that is refused.
  for (const i of how < 0.15 || args.length === 0 ? [] : how < 0.85 ? [random.below(args.length)] : args.keys()) {
    const value = args[i];
    if (value === undefined) continue;
    const [spoiled, field] = spoil(world, random, value);
    args[i] = spoiled;
    wrong.push(`${places[i]}${field}`);
  }
  if (how > 0.15 && random.chance(0.1)) {
    args.length = random.below(args.length + 1);
    wrong.push("missing");
  }
  if (random.chance(0.05)) args.push(drawWrong(world, random));
  return { target, self: drawSelf(world, random, target, wrong), args, wrong };
}

function drawSelf(world: World, random: Random, target: Target, wrong: string[]): Value {
  const { how, owner, self } = target;
  if (owner === null) return { name: "", make: () => self };
  const names = world.pool.names(owner);
  if (names.length === 0 || (how !== "new" && random.chance(0.1))) {
    wrong.push("this");
    return drawWrong(world, random);
  }
  const name = random.pick(names);
  return { name, make: () => world.pool.take(name) };
}

/** As a reader would write it. */
export function written({ target, self, args }: Call): string {
  const list = args.map((one) => one.name);
  if (target.how === "new" || target.owner === null) {
    if (target.how === "get") return target.place;
    return target.how === "set" ? `${target.place} = ${list[0] ?? "undefined"}` : `${target.place}(${list.join(", ")})`;
  }
  if (target.how === "get") return `get ${target.place} of ${self.name}`;
  if (target.how === "set") return `set ${target.place} of ${self.name} to ${list[0] ?? "undefined"}`;
  return `${target.place}.call(${[self.name, ...list].join(", ")})`;
}

/** Without some of what it has: `1` is an argument, `1.device` a field of one, `this` goes back to a right one. */
export function edited(call: Call, edits: readonly string[]): Call {
  const args = call.args.map((value, i) => {
    if (edits.includes(String(i))) return { name: "undefined", make: () => undefined };
    const { fields } = value;
    if (fields === undefined) return value;
    return objectOf(Object.fromEntries(Object.entries(fields).filter(([name]) => !edits.includes(`${i}.${name}`))));
  });
  while (args.length > 0 && args.at(-1)?.name === "undefined" && edits.includes(String(args.length - 1))) args.pop();
  return { ...call, args };
}

/** What can be left out of a call, larger things first. */
export function editsOf({ args }: Call): string[] {
  const whole = args.map((_, i) => String(i)).reverse();
  return [...whole, ...args.flatMap(({ fields }, i) => Object.keys(fields ?? {}).map((name) => `${i}.${name}`))];
}

const PENDING = Symbol("pending");

async function settled(promise: PromiseLike<unknown>, limit: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limit, PENDING);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
  } catch {
    // A proxy of the fuzzer's own, which the call gave back.
    return false;
  }
}

function isPlain(value: unknown): boolean {
  try {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Goes a little way through what can be gone through. */
async function through(value: unknown, limit: number): Promise<void> {
  // Only what the package makes: the fuzzer's own iterators would throw their own.
  if (!/Generator\]$/.test(Object.prototype.toString.call(isPlain(value) ? value : null))) return;
  if (typeof value !== "object" || value === null || !("next" in value) || typeof value.next !== "function") return;
  for (let i = 0; i < 3; i++) {
    const next: unknown = await settled(Promise.resolve(value.next()), limit);
    if (next === PENDING || typeof next !== "object" || next === null || Reflect.get(next, "done") === true) break;
  }
  if ("return" in value && typeof value.return === "function") await settled(Promise.resolve(value.return()), limit);
}

/** Makes the call; null if it came to what it may come to. */
export async function tried(world: World, call: Call, limit: number): Promise<Fault | null> {
  const { target } = call;
  try {
    const self = call.self.make();
    const args = call.args.map((one) => one.make());
    const result: unknown = target.how === "new" ? Reflect.construct(target.body, args) : Reflect.apply(target.body, self, args);
    // A run that was given no end lasts as long as it lasts.
    const patience = SLOW.test(target.place) ? 12 * limit : limit;
    const outcome = isThenable(result) ? await settled(result, patience) : result;
    if (outcome === PENDING) return { what: "never settles", message: `nothing after ${patience / 1000} s` };
    await through(outcome, limit);
    if (call.wrong.length === 0) world.pool.harvest(outcome);
    return null;
  } catch (error) {
    return judged(world, error);
  }
}

/** Whether what was thrown is the package's own error, or the caller's. */
export function judged(world: World, error: unknown): Fault | null {
  if (error instanceof Own) return null;
  if (!(error instanceof world.StrataError)) {
    const message = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}` : String(error);
    return { what: "not a StrataError", message };
  }
  const [code, op]: unknown[] = [Reflect.get(error, "code"), Reflect.get(error, "op")];
  if (code === "internal") return { what: "a bug, by its own account", message: error.message };
  if (op === "" && code !== "aborted") return { what: "names no operation", message: error.message };
  return null;
}

/** Names one kind of fault, whatever the numbers in it. */
export function kindOf(target: string, { what, message }: Fault): string {
  const line = message.split("\n")[0] ?? "";
  return `${target}: ${what}: ${line.replaceAll(/"[^"]*"|\[[^\]]*\]|-?\d[\d.e+]*/g, "…")}`;
}
