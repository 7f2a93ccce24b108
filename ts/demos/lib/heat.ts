/** Matrices as pictures. */
import { fire, mix } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { colours, ink } from "./terminal.ts";
import type { Rgb } from "./terminal.ts";

/** How a matrix is drawn. */
export interface HeatOptions {
  /** Default `fire`. */
  readonly palette?: Palette;
  /** What the palette's first colour stands for. Default the least value. */
  readonly min?: number;
  /** What its last colour stands for. Default the largest value. */
  readonly max?: number;
}

const SHADES = [" ", "░", "▒", "▓", "█"];

function scale(values: ArrayLike<number>, options: HeatOptions): (value: number) => number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of Array.from(values)) {
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  const { min = low, max = high } = options;
  return (value) => (max > min ? (value - min) / (max - min) : 0);
}

const shade = (share: number): string =>
  SHADES[Math.min(Math.floor(Math.max(share, 0) * SHADES.length), SHADES.length - 1)] ?? " ";

/** Row-major values [rows, columns] as cells two columns wide, so that they look square. NaN stays blank. */
export function cells(values: ArrayLike<number>, size: number, options: HeatOptions = {}): string[] {
  const { palette = fire } = options;
  const share = scale(values, options);
  return rowsOf(values, size).map((row) =>
    row
      .map((value) => {
        if (Number.isNaN(value)) return "  ";
        return colours ? ink("  ", null, mix(palette, share(value))) : shade(share(value)).repeat(2);
      })
      .join(""),
  );
}

/** Row-major values [rows, columns] as pixels, one column wide and half a line high. */
export function pixels(values: ArrayLike<number>, size: number, options: HeatOptions = {}): string[] {
  const { palette = fire } = options;
  const share = scale(values, options);
  const rows = rowsOf(values, size).map((row) => row.map(share));
  return image(
    rows.map((row) => row.map((value) => mix(palette, value))),
    (x, y) => rows[y]?.[x] ?? 0,
  );
}

/**
 * A picture of colours, two rows to a line. Where there are no colours `brightness`, from 0 to 1, stands
 * in, and over it a letter that `mark` puts at a place.
 */
export function image(
  rows: readonly (readonly Rgb[])[],
  brightness: (x: number, y: number) => number,
  mark: (x: number, y: number) => string | undefined = () => undefined,
): string[] {
  return Array.from({ length: Math.ceil(rows.length / 2) }, (_, line) => {
    const [top = [], bottom = []] = [rows[2 * line], rows[2 * line + 1]];
    const [y, below] = [2 * line, 2 * line + 1];
    if (colours) return top.map((upper, x) => ink("▀", upper, bottom[x] ?? null)).join("");
    return top
      .map((_, x) => mark(x, y) ?? mark(x, below) ?? shade((brightness(x, y) + brightness(x, below)) / 2))
      .join("");
  });
}

/** Row-major values as rows. */
export function rowsOf(values: ArrayLike<number>, size: number): number[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, y) =>
    Array.from(values).slice(y * size, (y + 1) * size),
  );
}
