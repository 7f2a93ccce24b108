/** Numbers as text, bars and tables. */
import { bold, columns, ink, pad, plain } from "./terminal.ts";
import type { Rgb } from "./terminal.ts";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A bar that fills `share` (from 0 to 1) of `size` columns. */
export function bar(share: number, size: number, colour: Rgb | null = null): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * size * 8);
  return ink("█".repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? ""), colour);
}

/** A curve one line high. */
export function sparkline(values: readonly number[], colour: Rgb | null = null): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const level = (value: number): number => (high > low ? Math.round(((value - low) / (high - low)) * 7) : 0);
  return ink(values.map((value) => LEVELS[level(value)] ?? "▁").join(""), colour);
}

/** Rows under a heading. Columns of numbers stand right; the first column, which names the row, left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], indent = "  "): string[] {
  const sizes = head.map((title, i) => Math.max(columns(title), ...rows.map((row) => columns(row[i] ?? ""))));
  const right = head.map(
    (_, i) => i > 0 && rows.every((row) => /^\W*[\d.]/.test(plain(row[i] ?? "")) || (row[i] ?? "") === ""),
  );
  const line = (row: readonly string[], style: (text: string) => string): string =>
    (
      indent +
      row.map((cell, i) => style(pad(cell, sizes[i] ?? 0, right[i] === true ? "left" : "right"))).join("  ")
    ).trimEnd();
  return [line(head, bold), ...rows.map((row) => line(row, (cell) => cell))];
}

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
  [1e-9, "n"],
];

/** Three digits and a unit: `91.9 GFLOP/s`, `1.35 ms`. */
export function unit(value: number, name: string): string {
  const [size, prefix] = PREFIXES.find(([size]) => Math.abs(value) >= size) ?? [1, ""];
  const short = value / size;
  return `${short.toFixed(short >= 100 ? 0 : short >= 10 ? 1 : 2)} ${prefix}${name}`;
}
