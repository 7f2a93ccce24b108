/** How a demo begins: its flags, its device, its title. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { Device, StrataError } from "strata-ml";
import { bold, dim, print, say } from "./terminal.ts";

/** A flag that takes a value: what `--help` says of it, and what its text means. */
export interface Flag<T> {
  /** The value's name, `N`. */
  readonly value: string;
  readonly help: string;
  /** The value of a flag's text, of none if it is not given; throws what is wrong with it. */
  parse(text: string | undefined): T;
}

function whole(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`takes a whole number, at least 1, not "${text}"`);
}

/** A whole number, at least 1. */
export function count(fallback: number, help: string): Flag<number> {
  return { value: "N", help: `${help} (${fallback})`, parse: (text) => whole(text ?? String(fallback)) };
}

/** A whole number, at least 1, that the demo chooses by the device if it is not given. */
export function amount(help: string): Flag<number | undefined> {
  return { value: "N", help, parse: (text) => (text === undefined ? undefined : whole(text)) };
}

/** As much work as takes a moment: on a processor, on a card, on an adapter that is software. */
export function by(device: Device, cpu: number, card: number, software: number): number {
  if (device.info.caps.software) return software;
  return device.machine === "cpu" ? cpu : card;
}

/** One of some words; the first if it is not given. */
export function choice<T extends string>(words: readonly [T, ...T[]], help: string): Flag<T> {
  const parse = (text: string = words[0]): T => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new Error(`is ${words.join(", ")}, not "${text}"`);
  };
  return { value: "NAME", help: `${help}: ${words.join(", ")}`, parse };
}

/** Any text, a path for example. */
export function words(value: string, help: string): Flag<string | undefined> {
  return { value, help, parse: (text) => text };
}

const device: Flag<string> = {
  value: "NAME",
  help: "where to compute: cpu, cuda, wgpu, best (cpu)",
  parse(text = "cpu") {
    if (/^(cpu|cuda|wgpu)(:\d+)?$|^best$/.test(text)) return text;
    throw new Error(`is cpu, cuda, wgpu or best, not "${text}"`);
  },
};

type Flags = Readonly<Record<string, Flag<unknown>>>;
type Values<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/**
 * Reads the flags of the demo at `url`, opens its device and prints its title. `--help` is answered
 * here; a mistake ends the program with one line.
 */
export async function start<F extends Flags = Record<never, never>>(
  url: string,
  flags?: F,
): Promise<Values<F> & { readonly device: Device }> {
  const about = /^\/\*\* (.*?)(?: \*\/)?$/m.exec(readFileSync(fileURLToPath(url), "utf8"))?.[1] ?? "";
  const all: Flags = { ...flags, device };
  try {
    const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
    for (const name of Object.keys(all)) options[name] = { type: "string" };
    const { values } = parseArgs({ options });
    if (values["help"] === true) {
      help(about, all);
      process.exit(0);
    }
    const parsed: Record<string, unknown> = {};
    for (const [name, flag] of Object.entries(all)) {
      const text = values[name];
      try {
        parsed[name] = flag.parse(typeof text === "string" ? text : undefined);
      } catch (error) {
        throw new Error(`--${name} ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const name = String(parsed["device"]);
    const on = name === "best" ? await Device.best() : await Device.open(name);
    title(about, on);
    return { ...(parsed as Values<F>), device: on };
  } catch (error) {
    fail(error);
  }
}

/** Ends the program with one line and a failure. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  console.error(message.split("\n")[0]);
  process.exit(error instanceof StrataError ? 1 : 2);
}

function title(about: string, on: Device): void {
  const [name, ...rest] = about.split(": ");
  say(`${bold(name ?? "")} ${rest.join(": ")}`);
  say(dim(`on ${on.label}${on.reason === "" ? "" : `, ${on.reason}`}`));
}

function help(about: string, flags: Flags): void {
  print(about, "", `npm run demo -- ${about.slice(0, 2)} [flags]`, "");
  const lines = Object.entries(flags).map(([name, flag]) => [`  --${name} ${flag.value}`, flag.help] as const);
  const size = Math.max(...lines.map(([left]) => left.length));
  for (const [left, right] of [...lines, ["  --help", "print this"] as const]) {
    print(`${left.padEnd(size)}  ${right}`);
  }
}
