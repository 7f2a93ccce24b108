/** What the terminal can do, and text in colour where it can. */
import process from "node:process";

// Piped into `head`, say: whoever stops reading has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

/** A colour: red, green, blue from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Columns to draw in: the terminal's, or 80. */
export const width = Math.max(60, Math.min(process.stdout.columns || 80, 100));

/** Whether somebody watches: only then may a picture be drawn over. */
export const live = process.stdout.isTTY === true;

/** Whether to colour: in a terminal, unless NO_COLOR asks not to. */
export const colours = live && (process.env["NO_COLOR"] ?? "") === "";

const rich = /truecolor|24bit/.test(process.env["COLORTERM"] ?? "");

const LEVELS = [0, 95, 135, 175, 215, 255];

function code(layer: 38 | 48, colour: Rgb): string {
  if (rich) return `\x1b[${layer};2;${colour.map(Math.round).join(";")}m`;
  // Terminals without 24 bits have a cube of 6 by 6 by 6 colours, and 24 greys.
  const steps = colour.map((c) => LEVELS.findIndex((level, i) => c < (level + (LEVELS[i + 1] ?? 999)) / 2));
  const far = (other: number[]): number => colour.reduce((sum, c, i) => sum + (c - (other[i] ?? 0)) ** 2, 0);
  const grey = Math.min(23, Math.max(0, Math.round((colour.reduce((sum, c) => sum + c, 0) / 3 - 8) / 10)));
  const [red = 0, green = 0, blue = 0] = steps;
  const nearer = far([0, 1, 2].map(() => 8 + 10 * grey)) < far(steps.map((step) => LEVELS[step] ?? 0));
  return `\x1b[${layer};5;${nearer ? 232 + grey : 16 + 36 * red + 6 * green + blue}m`;
}

const wrap = (open: string, text: string): string => (colours ? `${open}${text}\x1b[0m` : text);

/** Text in a colour, on another if one is given. */
export function ink(text: string, fore: Rgb | null, back: Rgb | null = null): string {
  return wrap((fore === null ? "" : code(38, fore)) + (back === null ? "" : code(48, back)), text);
}

/** Heavy text. */
export const bold = (text: string): string => wrap("\x1b[1m", text);

/** Text that stands back. */
export const dim = (text: string): string => wrap("\x1b[2m", text);

/** Columns that a text takes: what colours add is not seen. */
export const columns = (text: string): number => [...plain(text)].length;

/** A text without its colours. */
export const plain = (text: string): string => text.replace(/\x1b\[[\d;]*m/g, "");

/** A text filled up with blanks, on the right or on the left. */
export function pad(text: string, size: number, side: "left" | "right" = "right"): string {
  const blanks = " ".repeat(Math.max(0, size - columns(text)));
  return side === "right" ? text + blanks : blanks + text;
}

/** Prints lines. */
export function print(...lines: string[]): void {
  for (const line of lines) console.log(line);
}

/** A heading with room above it. */
export function heading(text: string): void {
  print("", bold(text));
}

/** Words in lines of the terminal's width. */
export function say(text: string, indent = ""): void {
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line !== indent && columns(line) + 1 + columns(word) > width) {
      print(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  print(line);
}

/** A writer of text that comes in pieces, broken into lines at blanks. */
export function flowing(): (piece: string) => void {
  let column = 0;
  return (piece) => {
    // A model that is new to the world may write bytes that mean something to a terminal.
    for (const part of piece.replace(/[^\P{Cc}\n\t]/gu, "\ufffd").split(/(?=\s)/)) {
      // Room for the rest of a word: it may come in several pieces.
      const turn = /^[ \t]/.test(part) && column + columns(part) > width - 8;
      process.stdout.write(turn ? `\n${part.trimStart()}` : part);
      column = part.includes("\n") || turn ? columns(part.trim()) : column + columns(part);
    }
  };
}

/** Blocks of lines side by side. */
export function beside(blocks: readonly (readonly string[])[], gap = 3): string[] {
  const sizes = blocks.map((block) => Math.max(0, ...block.map(columns)));
  const height = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, y) =>
    blocks
      .map((block, i) => pad(block[y] ?? "", sizes[i] ?? 0))
      .join(" ".repeat(gap))
      .trimEnd(),
  );
}

/**
 * A picture that is drawn again in its own place. Where nobody watches, or the terminal is not high
 * enough, only its last state is printed.
 */
export class Picture {
  #height = 0;
  #last: readonly string[] = [];

  /** Whether this many lines can be drawn over. */
  #fits(lines: number): boolean {
    return live && lines < (process.stdout.rows || 24);
  }

  /** Draws these lines over the last ones. */
  draw(lines: readonly string[]): void {
    this.#last = lines;
    if (!this.#fits(lines.length)) return;
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    process.stdout.write(up + lines.map((line) => `\x1b[2K${line}\n`).join(""));
    this.#height = lines.length;
  }

  /** Leaves the last state standing. */
  done(): void {
    if (!this.#fits(this.#last.length)) print(...this.#last);
    this.#height = 0;
  }
}
