/** 01 tensor: one memory seen in many ways, and a fractal by broadcasting */
import { arange, full, linspace, memory, tidy, Device } from "strata-ml";
import type { Tensor } from "strata-ml";
import { fire, hue, readable } from "./lib/colour.ts";
import { pixels } from "./lib/heat.ts";
import { start } from "./lib/start.ts";
import { beside, bold, colours, dim, heading, ink, print, say, width } from "./lib/terminal.ts";

const { device } = await start(import.meta.url);

// region: cells
/** The memory cell of every element, in row-major order: an odometer over the indices. */
function cells({ shape, strides, offset }: Tensor): number[] {
  return shape.reduce(
    (starts, size, d) =>
      starts.flatMap((start) => Array.from({ length: size }, (_, i) => start + i * (strides[d] ?? 0))),
    [offset],
  );
}
// end: cells

/** A view's elements, each on the colour of the cell that it is read from. */
async function draw(title: string, view: Tensor): Promise<string[]> {
  const [values, from] = [await view.read(), cells(view)];
  const size = view.storage.bytes / view.itemSize;
  const element = (i: number): string => {
    const back = hue(from[i] ?? 0, size);
    return ink(String(values[i]).padStart(4) + " ", readable(back), back);
  };
  const columns = view.shape.at(-1) ?? 1;
  const rows = Array.from({ length: values.length / columns }, (_, y) =>
    Array.from({ length: columns }, (_, x) => element(y * columns + x)).join(""),
  );
  const about = `[${view.shape.join(", ")}] strides [${view.strides.join(", ")}] + ${view.offset}`;
  return [bold(title), dim(about), ...rows];
}

heading("A tensor is a piece of memory and how to walk it: shape, strides, offset");
if (colours) say("Colours are memory cells. What has the same colours reads the same memory.");
print("");
const x = arange(12, { device }).reshape(3, 4);
print(...beside([await draw("x = arange(12).reshape(3, 4)", x), await draw("x.T", x.T)]), "");
print(
  ...beside([
    await draw("x.slice(null, [1, 3])", x.slice(null, [1, 3])),
    await draw("x.slice(null, [0, 4, 2])", x.slice(null, [0, 4, 2])),
  ]),
  "",
);
const row = x.slice([1, 2]).expand(3, 4);
const copy = x.T.reshape(2, 6);
print(
  ...beside([await draw("x.slice([1, 2]).expand(3, 4)", row), await draw("x.T.reshape(2, 6): a copy", copy)]),
  "",
);
say(
  `The first five are storage ${x.storage.id}, ${x.storage.bytes} bytes. The last is storage
   ${copy.storage.id}: no strides read columns as rows.`,
);

heading("JavaScript and Rust share that memory");
// region: shared
const here = Device.cpu();
const shared = arange(12, { device: here }).reshape(3, 4);
const numbers = shared.view();
numbers[5] = 500;
print(`numbers = x.view()            ${dim("// a Float32Array, nothing copied:")} aliased is ${shared.aliased}`);
print(
  `numbers[5] = 500              ${dim("// so that in Rust x.T.at(1, 1) is")} ${bold(String(shared.T.at(1, 1).item()))}`,
);
shared.slice(null, 2).fill(-1);
// end: shared
print(`x.slice(null, 2).fill(-1)     ${dim("// Rust writes a column, JavaScript sees it:")}`);
print(
  "",
  ...(await draw("x", shared)).slice(2),
  "",
  `numbers  ${[...numbers].map((n) => (n === -1 ? bold("-1") : String(n))).join(" ")}`,
  "",
);
const large = full([25_000_000], 1, { device: here });
const begin = performance.now();
const whole = large.view();
const microseconds = 1000 * (performance.now() - begin);
print(`A view of ${whole.byteLength / 1e6} MB took ${microseconds.toFixed(0)} µs.`);
large.dispose();

heading("Broadcasting: a row against a column is a plane");
const [across, down] = [width, Math.round(width * 0.6)];
// region: plane
const re = linspace(-2.15, 0.75, across, { device });
const im = linspace(-1.15, 1.15, down, { device }).unsqueeze(1);
let [zr, zi, steps] = [re.mul(0).add(im.mul(0)), im.add(re.mul(0)), full([down, across], 0, { device })];
for (let step = 0; step < 60; step++) {
  // z = z² + c, held in bounds where it runs away; everything of a step but these three is freed at once.
  const next = tidy(() => {
    const r = zr.square().sub(zi.square()).add(re).clamp(-9, 9);
    const i = zr.mul(zi).mul(2).add(im).clamp(-9, 9);
    return [r, i, steps.add(r.square().add(i.square()).lt(4))] as const;
  });
  for (const old of [zr, zi, steps]) old.dispose();
  [zr, zi, steps] = next;
}
// end: plane
const calm = await steps.add(1).log().read();
print(...pixels(calm, across, { palette: [...fire.slice(0, -1), [12, 10, 30]] }));
say(
  `re [${re.shape.join(", ")}] meets im [${im.shape.join(", ")}] in z = z² + c. Of the 840 tensors of 60
   steps tidy() freed all but three at once; memory.liveTensors() is ${memory.liveTensors()}.`,
);
