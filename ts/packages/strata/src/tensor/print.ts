/** How a tensor looks in a terminal: like PyTorch's. */
import type { DType } from "../dtype.js";
import { numelOf } from "./shape.js";

/** Above so many elements the middle of each dimension is left out. */
const WHOLE = 1000;
/** Elements shown at each end of a dimension that is summarized. */
const EDGE = 3;
/** Columns of text. */
const WIDTH = 80;

/** Which indices of a dimension are shown; -1 stands for those left out. */
function shown(size: number, summarized: boolean): number[] {
  const all = Array.from({ length: summarized && size > 2 * EDGE ? 2 * EDGE : size }, (_, i) => i);
  if (all.length === size) return all;
  return [...all.slice(0, EDGE), -1, ...all.slice(EDGE).map((i) => size - 2 * EDGE + i)];
}

/** One format for all numbers, so that columns line up: whole, four decimals, or an exponent. */
function formatter(values: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === "i32" || dtype === "u32") return String;
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const largest = Math.max(0, ...sizes);
  const smallest = Math.min(Infinity, ...sizes);
  const name = (v: number): string | null =>
    Number.isFinite(v) ? null : Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf";
  if (finite.every(Number.isInteger) && largest < 1e8) return (v) => name(v) ?? `${v}.`;
  const scientific = largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e4;
  return (v) => name(v) ?? (scientific ? v.toExponential(4) : v.toFixed(4));
}

/**
 * A tensor's elements as text.
 *
 * @param pick - The element at a place in row-major order.
 */
export function formatElements(
  shape: readonly number[],
  dtype: DType,
  pick: (place: number) => number,
  indent: number,
): string {
  const summarized = numelOf(shape) > WHOLE;
  const values: number[] = [];
  const gather = (depth: number, place: number): void => {
    const size = shape[depth];
    if (size === undefined) values.push(pick(place));
    else for (const i of shown(size, summarized)) if (i >= 0) gather(depth + 1, place * size + i);
  };
  if (numelOf(shape) > 0) gather(0, 0);
  const format = formatter(values, dtype);
  const texts = values.map(format);
  const width = Math.max(0, ...texts.map((t) => t.length));
  let next = 0;

  const block = (depth: number, column: number): string => {
    const size = shape[depth];
    if (size === undefined) return (texts[next++] ?? "").padStart(width);
    const inner = depth === shape.length - 1;
    const parts =
      numelOf(shape.slice(depth)) === 0
        ? []
        : shown(size, summarized).map((i) => (i < 0 ? "..." : block(depth + 1, column + 1)));
    if (inner) return `[${wrapLines(parts, column + 1)}]`;
    const gap = "\n".repeat(Math.max(1, shape.length - 1 - depth));
    return `[${parts.join(`,${gap}${" ".repeat(column + 1)}`)}]`;
  };
  return block(0, indent);
}

/** Numbers of one row, broken where the line is full. */
function wrapLines(parts: readonly string[], column: number): string {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && column + line.length + part.length + 3 > WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? part : `${line}, ${part}`;
  }
  lines.push(line);
  return lines.join(`,\n${" ".repeat(column)}`);
}
