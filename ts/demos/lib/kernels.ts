/** Kernels, timed and as text. */
import type { KernelRun } from "strata-ml";
import { tones } from "./colour.ts";
import { dim, ink, width } from "./terminal.ts";

const NAMES = { cpu: "Rust", cuda: "CUDA", wgsl: "WGSL" } as const;
const LIST = `fn for in let mut pub return if else while loop match const var void float unsigned int override
  struct extern crate u32 f32 usize __global__ __shared__`;
const WORDS = new RegExp(`\\b(${LIST.split(/\s+/).join("|")})\\b`, "g");

/** One line, its comment standing back, its keywords standing out. */
function shine(line: string): string {
  const at = line.search(/\/\//);
  const [code, comment] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at)];
  return code.replace(WORDS, (word) => ink(word, tones[0] ?? null)) + dim(comment);
}

/** A text that fits. */
const cut = (text: string, size: number): string => (text.length > size ? `${text.slice(0, size - 1)}…` : text);

/** The text that ran on the kernel's machine, its lines numbered and cut to the terminal. */
export function source(kernel: KernelRun): { language: string; file: string | null; lines: string[] } {
  const language = kernel.machine === "wgpu" ? "wgsl" : kernel.machine;
  const text = kernel.source[language] ?? "";
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line, i) => `${dim(String(i + 1).padStart(4))}  ${shine(cut(line, width - 6))}`);
  return { language: NAMES[language], file: language === "cpu" ? kernel.cpuFile : `${kernel.name}`, lines };
}

/**
 * What launches cost together: seconds, each timed alone, the fewest bytes that they must move, and the
 * bytes of all buffers that they may write (kernels of one file may share a list, and not write all of it).
 */
export async function spent(
  runs: readonly KernelRun[],
): Promise<{ seconds: number; moved: number; written: number }> {
  let [seconds, moved, written] = [0, 0, 0];
  for (const run of runs) {
    seconds += await run.time();
    moved += run.bytes;
    for (const { access, bytes } of run.bindings) written += access === "write" ? bytes : 0;
  }
  return { seconds, moved, written };
}
