/** Curves and points, drawn in dots of braille: eight to a character. */
import { tone } from "./colour.ts";
import { columns, dim, ink, width } from "./terminal.ts";
import type { Rgb } from "./terminal.ts";

/** One point. */
export type Point = readonly [x: number, y: number];

/** A curve, or points. */
export interface Series {
  /** Its name in the legend; none if left out. */
  readonly name?: string;
  /** In order of x for a curve. */
  readonly points: readonly Point[];
  /** Drawn over the last dot of each point; without it the points are joined by lines. */
  readonly mark?: string;
  readonly colour?: Rgb;
}

/** A chart's frame. What is left out is taken from the points. */
export interface ChartOptions {
  readonly x?: readonly [from: number, to: number];
  readonly y?: readonly [from: number, to: number];
  /** Columns, labels included. Default the terminal's width. */
  readonly width?: number;
  /** Lines of the drawing. Default 12. */
  readonly height?: number;
  /** How a number is written at an axis. */
  readonly format?: (value: number) => string;
  readonly xFormat?: (value: number) => string;
  /** Axes that count in powers of ten. */
  readonly log?: "x" | "y" | "xy";
  /** Written at the axes' ends. */
  readonly xLabel?: string;
}

const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** A sheet of characters: `columns` by `lines`, each with 2 by 4 dots. */
export class Sheet {
  readonly #dots: Uint8Array;
  readonly #colours: (Rgb | null)[];
  readonly #marks: (string | null)[];

  constructor(
    readonly columns: number,
    readonly lines: number,
  ) {
    this.#dots = new Uint8Array(columns * lines);
    this.#colours = Array.from({ length: columns * lines }, () => null);
    this.#marks = Array.from({ length: columns * lines }, () => null);
  }

  /** Sets a dot: `x` from 0 to `2 · columns`, `y` from 0 to `4 · lines`, downwards. */
  dot(x: number, y: number, colour: Rgb | null): void {
    const [dx, dy] = [Math.floor(x), Math.floor(y)];
    if (!(dx >= 0 && dy >= 0 && dx < 2 * this.columns && dy < 4 * this.lines)) return;
    const place = (dy >> 2) * this.columns + (dx >> 1);
    this.#dots[place] = (this.#dots[place] ?? 0) | (DOTS[dy & 3]?.[dx & 1] ?? 0);
    this.#colours[place] = colour;
  }

  /** Joins two places by dots. */
  line(x0: number, y0: number, x1: number, y1: number, colour: Rgb | null): void {
    const steps = Math.min(Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)), 10_000);
    for (let i = 0; i <= steps; i++) this.dot(x0 + ((x1 - x0) * i) / steps, y0 + ((y1 - y0) * i) / steps, colour);
  }

  /** Writes characters from a dot's place on, or right of what is written there. */
  mark(x: number, y: number, text: string, colour: Rgb | null): void {
    const line = Math.floor(y) >> 2;
    let column = Math.floor(x) >> 1;
    while (column < this.columns && this.#marks[line * this.columns + column] != null) column++;
    for (const [i, letter] of [...text].entries()) {
      if (line < 0 || line >= this.lines || column + i < 0 || column + i >= this.columns) continue;
      this.#marks[line * this.columns + column + i] = letter;
      this.#colours[line * this.columns + column + i] = colour;
    }
  }

  /** The sheet as lines of text. */
  draw(): string[] {
    return Array.from({ length: this.lines }, (_, y) => {
      let line = "";
      for (let place = y * this.columns; place < (y + 1) * this.columns; place++) {
        const dots = this.#dots[place] ?? 0;
        const letter = this.#marks[place] ?? (dots === 0 ? " " : String.fromCodePoint(0x2800 + dots));
        line += letter === " " ? " " : ink(letter, this.#colours[place] ?? null);
      }
      return line;
    });
  }
}

const round = (value: number): string => String(Number(value.toPrecision(3)));

/** Curves and points with axes and a legend. */
export function chart(series: readonly Series[], options: ChartOptions = {}): string[] {
  const { height = 12, log = "", format = round, xFormat = round, xLabel = "" } = options;
  const points = series.flatMap((one) => one.points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const range = (given: readonly [number, number] | undefined, values: number[]): readonly [number, number] => {
    const [from, to] = given ?? [Math.min(...values), Math.max(...values)];
    return from === to ? [from - 1, to + 1] : [from, to];
  };
  const [left, right] = range(
    options.x,
    points.map(([x]) => x),
  );
  const [low, high] = range(
    options.y,
    points.map(([, y]) => y),
  );
  const labels = [format(high), ...Array.from({ length: height - 2 }, () => ""), format(low)];
  const margin = Math.max(...labels.map(columns));
  const sheet = new Sheet((options.width ?? width) - margin - 2, height);
  const share = (value: number, from: number, to: number, powers: boolean): number =>
    powers ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  const place = ([x, y]: Point): Point => [
    share(x, left, right, log.includes("x")) * (2 * sheet.columns - 1),
    (1 - share(y, low, high, log.includes("y"))) * (4 * height - 1),
  ];
  for (const [i, { points, mark, colour = tone(i) }] of series.entries()) {
    for (const [j, point] of points.entries()) {
      const [x, y] = place(point);
      if (mark !== undefined) sheet.mark(x, y, mark, colour);
      else sheet.line(...place(points[j - 1] ?? point), x, y, colour);
    }
  }
  const body = sheet.draw().map((line, y) => `${dim(`${(labels[y] ?? "").padStart(margin)} ┤`)}${line}`);
  const ends = [xFormat(left), xLabel, xFormat(right)] as const;
  const room = Math.max(0, sheet.columns - ends.join("").length);
  const axis = ends[0] + " ".repeat(room >> 1) + ends[1] + " ".repeat(room - (room >> 1)) + ends[2];
  const names = series.flatMap(({ name, mark = "━━", colour }, i) =>
    name === undefined ? [] : [`${ink(mark, colour ?? tone(i))} ${name}`],
  );
  const under = " ".repeat(margin + 2);
  return [...body, dim(under + axis), ...(names.length > 0 ? [under + names.join("   ")] : [])];
}
