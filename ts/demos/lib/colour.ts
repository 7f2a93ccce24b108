/** From numbers to colours. */
import type { Rgb } from "./terminal.ts";

/** Colours at equal distances, mixed in between. */
export type Palette = readonly Rgb[];

/** Dark to bright, for amounts. */
export const fire: Palette = [
  [12, 10, 30],
  [70, 20, 95],
  [150, 40, 105],
  [225, 85, 70],
  [250, 165, 45],
  [252, 245, 180],
];

/** Blue to red through near black, for what has a sign. */
export const signed: Palette = [
  [90, 170, 255],
  [35, 85, 170],
  [25, 25, 32],
  [175, 60, 50],
  [255, 140, 100],
];

/** Night to green to yellow, for heights. */
export const land: Palette = [
  [20, 25, 60],
  [30, 70, 110],
  [35, 120, 125],
  [60, 165, 110],
  [150, 205, 80],
  [240, 230, 90],
];

/** Colours that are told apart at a glance. */
export const tones: Palette = [
  [86, 180, 233],
  [230, 159, 0],
  [80, 200, 130],
  [240, 110, 140],
  [190, 150, 255],
  [240, 228, 66],
  [120, 220, 220],
  [200, 140, 90],
];

/** The colour at `share`, from 0 to 1. */
export function mix(palette: Palette, share: number): Rgb {
  const at = Math.min(Math.max(Number.isNaN(share) ? 0 : share, 0), 1) * (palette.length - 1);
  const from = palette[Math.floor(at)] ?? [0, 0, 0];
  const to = palette[Math.ceil(at)] ?? from;
  const part = at % 1;
  return [
    from[0] + part * (to[0] - from[0]),
    from[1] + part * (to[1] - from[1]),
    from[2] + part * (to[2] - from[2]),
  ];
}

/** The `i`-th of {@link tones}, from the start again after the last. */
export function tone(i: number): Rgb {
  return tones[i % tones.length] ?? [255, 255, 255];
}

/** The `i`-th of `n` hues around the wheel, soft enough to write on. */
export function hue(i: number, n: number): Rgb {
  const wave = (shift: number): number => 105 + 75 * Math.cos((2 * Math.PI * i) / n + shift);
  return [wave(0), wave(-2.1), wave(2.1)];
}

/** A colour with less light. */
export const dull = (colour: Rgb): Rgb => mix([[0, 0, 0], colour], 0.6);

/** Black or white, whichever can be read on a colour. */
export function readable([red, green, blue]: Rgb): Rgb {
  return 0.3 * red + 0.59 * green + 0.11 * blue > 120 ? [0, 0, 0] : [245, 245, 245];
}
