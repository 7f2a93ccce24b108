/** Arithmetic against plain loops. */
import { test } from "node:test";
import { arange, tensor, Tensor, zeros } from "strata-ml";
import { fails, holds, untyped } from "./check.ts";
import { devices, elsewhere } from "./devices.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

const flag = (yes: boolean): number => (yes ? 1 : 0);

/** The methods that take another tensor or a number, and what they do to a pair. */
const PAIRS: [
  name:
    "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum" | "eq" | "ne" | "gt" | "lt" | "ge" | "le",
  fn: (x: number, y: number) => number,
][] = [
  ["add", (x, y) => x + y],
  ["sub", (x, y) => x - y],
  ["mul", (x, y) => x * y],
  ["div", (x, y) => x / y],
  ["pow", (x, y) => x ** y],
  ["maximum", Math.max],
  ["minimum", Math.min],
  ["eq", (x, y) => flag(x === y)],
  ["ne", (x, y) => flag(x !== y)],
  ["gt", (x, y) => flag(x > y)],
  ["lt", (x, y) => flag(x < y)],
  ["ge", (x, y) => flag(x >= y)],
  ["le", (x, y) => flag(x <= y)],
];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The methods of one element. */
const SINGLES: [
  name:
    | "neg"
    | "exp"
    | "log"
    | "sqrt"
    | "square"
    | "abs"
    | "reciprocal"
    | "sin"
    | "cos"
    | "tanh"
    | "relu"
    | "sigmoid"
    | "gelu"
    | "silu",
  fn: (x: number) => number,
][] = [
  ["neg", (x) => -x],
  ["exp", Math.exp],
  ["log", (x) => Math.log(Math.abs(x))],
  ["sqrt", (x) => Math.sqrt(Math.abs(x))],
  ["square", (x) => x * x],
  ["abs", Math.abs],
  ["reciprocal", (x) => 1 / x],
  ["sin", Math.sin],
  ["cos", Math.cos],
  ["tanh", Math.tanh],
  ["relu", (x) => Math.max(x, 0)],
  ["sigmoid", sigmoid],
  ["gelu", (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ["silu", (x) => x * sigmoid(x)],
];

for (const device of await devices()) {
  const up = (a: Nd): Tensor => tensor(Float32Array.from(a.data), { shape: a.shape, device });
  const is = (got: Tensor, want: Nd, tolerance = 1e-5, what = ""): Promise<void> =>
    holds(got, want.shape, want.data, tolerance, what);
  // WGSL allows sines an absolute error of 2^-11, and powers one of their logarithms.
  const loose = device.machine === "wgpu" ? 2e-3 : 2e-6;

  for (const [name, fn] of PAIRS) {
    test(`${device.name}: ${name} broadcasts`, async () => {
      const shapes: [number[], number[]][] = [
        [
          [3, 4],
          [3, 4],
        ],
        [[3, 4], [4]],
        [
          [3, 1],
          [1, 4],
        ],
        [
          [2, 1, 3],
          [4, 1],
        ],
        [[], [3]],
        [[2, 0], [1]],
      ];
      for (const [left, right] of shapes) {
        // A power's base is positive; some elements are equal, for comparisons.
        const whole = (a: Nd): Nd =>
          oracle.map(a, (x) => (name === "pow" ? Math.abs(x) + 0.5 : Math.round(x * 2) / 2));
        const a = whole(oracle.numbers(left, 1));
        const b = name === "div" ? oracle.numbers(right, 2) : whole(oracle.numbers(right, 2));
        await is(up(a)[name](up(b)), oracle.zip(a, b, fn), loose, `${left} and ${right}`);
      }
      const a = oracle.map(oracle.numbers([5], 4), (x) => Math.abs(x) + 0.5);
      await is(
        up(a)[name](1.5),
        oracle.map(a, (x) => fn(x, 1.5)),
        loose,
        "a number",
      );
      // Strided operands.
      const m = oracle.map(oracle.numbers([3, 4], 5), (x) => Math.abs(x) + 0.5);
      await is(
        up(m).T[name](up(m).T),
        oracle.permute(
          oracle.map(m, (x) => fn(x, x)),
          [1, 0],
        ),
        loose,
        "strided",
      );
    });
  }

  for (const [name, fn] of SINGLES) {
    test(`${device.name}: ${name}`, async () => {
      const positive = name === "log" || name === "sqrt";
      const a = positive ? oracle.map(oracle.numbers([4, 5]), Math.abs) : oracle.numbers([4, 5]);
      await is(up(a)[name](), oracle.map(a, fn), name === "sin" || name === "cos" ? loose : 1e-5);
      await is(up(a).T[name](), oracle.permute(oracle.map(a, fn), [1, 0]), loose);
      await holds(zeros([0], { device })[name](), [0], []);
    });
  }

  test(`${device.name}: division by a number rounds once`, async () => {
    const t = tensor([1, 5, 7, 10], { device });
    const want = [1, 5, 7, 10].map((x) => Math.fround(x / 3));
    await holds(t.div(3), [4], want, device.machine === "cpu" ? 0 : 1e-6);
    await holds(tensor([0, 1, -1], { device }).div(0), [3], [NaN, Infinity, -Infinity]);
  });

  test(`${device.name}: whole powers of any base`, async () => {
    const t = tensor([-2, 3, 0.5], { device });
    for (const power of [-4, -3, -2, -1, 0, 1, 2, 3, 4, 7])
      await holds(
        t.pow(power),
        [3],
        [-2, 3, 0.5].map((x) => x ** power),
      );
    await holds(tensor([4, 9], { device }).pow(0.5), [2], [2, 3]);
  });

  test(`${device.name}: NaN in comparisons, clamp and extremes`, async () => {
    const [a, b] = [tensor([NaN, 1, NaN], { device }), tensor([1, NaN, NaN], { device })];
    for (const name of ["eq", "gt", "lt", "ge", "le"] as const)
      await holds(a[name](b), [3], [0, 0, 0], 0, name);
    await holds(a.ne(b), [3], [1, 1, 1]);
    await holds(a.maximum(b), [3], [NaN, NaN, NaN]);
    const t = tensor([-3, 0.5, 9], { device });
    await holds(t.clamp(-1, 1), [3], [-1, 0.5, 1]);
    await holds(t.clamp(0), [3], [0, 0.5, 9]);
    fails("value", /clamp: the lower bound 1 must not be above the upper bound 0/, () => t.clamp(1, 0));
    fails("value", /clamp/, () => t.clamp(NaN, 0));
  });

  test(`${device.name}: matmul`, async () => {
    const shapes: [number[], number[]][] = [
      [
        [2, 3],
        [3, 4],
      ],
      [
        [5, 1],
        [1, 5],
      ],
      [
        [2, 3, 4],
        [4, 2],
      ],
      [
        [2, 1, 3, 4],
        [5, 4, 2],
      ],
      [
        [3, 0],
        [0, 2],
      ],
      [
        [17, 33],
        [33, 9],
      ],
    ];
    for (const [left, right] of shapes) {
      const [a, b] = [oracle.numbers(left, 1), oracle.numbers(right, 2)];
      await is(up(a).matmul(up(b)), oracle.matmul(a, b), 1e-5, `${left} and ${right}`);
    }
    const a = oracle.numbers([4, 3], 3);
    await is(up(a).T.matmul(up(a)), oracle.matmul(oracle.permute(a, [1, 0]), a), 1e-5, "transposed");
    fails("shape", /matmul: the inner dimensions differ.*\[4, 3\], \[4, 3\]/, () => up(a).matmul(up(a)));
    fails("shape", /matmul: a matrix has two dimensions.*\[3\]/, () => up(a).matmul(zeros([3], { device })));
  });

  test(`${device.name}: what arithmetic refuses`, () => {
    const t = zeros([2, 3], { device });
    const ids = arange(3, { device, dtype: "u32" });
    for (const [name] of PAIRS) {
      fails("shape", /the shapes do not broadcast: 3 against 2 .*\[2, 3\], \[2\]|\[2\], \[2, 3\]/, () =>
        t[name](zeros([2], { device })),
      );
      fails("dtype", /takes f32 beside f32, got u32/, () => t[name](ids));
      fails("argument", new RegExp(`${name} takes a Tensor, got`), () => untyped(t[name], t, "1"));
      fails("argument", new RegExp(`${name} takes a Tensor, got`), () => untyped(t[name], t, undefined));
    }
    for (const [name] of SINGLES) fails("dtype", /takes floats( or i32)?, got u32/, () => ids[name]());
    for (const name of ["sum", "mean", "max", "min"] as const)
      fails("dtype", /takes floats, got u32/, () => ids[name]());
  });
}

test("operands on two devices", async () => {
  const other = await elsewhere();
  if (other === undefined) return console.log("SKIPPED: two devices: there is only the CPU");
  const [here, there] = [zeros([2, 2]), zeros([2, 2], { device: other })];
  for (const [name] of PAIRS) fails("device", /one operand is on .*, another on /, () => here[name](there));
  fails("device", /matmul: one operand is on/, () => here.matmul(there));
});

test("disposed tensors are refused by name", () => {
  const [t, gone] = [zeros([2, 2]), zeros([2, 2])];
  gone.dispose();
  for (const [name] of PAIRS) {
    fails("disposed", new RegExp(`^${name}: a tensor was disposed`), () => gone[name](t));
    fails("disposed", new RegExp(`^${name}: a tensor was disposed`), () => t[name](gone));
    fails("disposed", new RegExp(`^${name}: a tensor was disposed`), () => gone[name](2));
  }
  for (const [name] of SINGLES) fails("disposed", new RegExp(`^${name}: `), () => gone[name]());
  for (const name of [
    "sum",
    "mean",
    "max",
    "min",
    "var",
    "std",
    "norm",
    "argmax",
    "softmax",
    "logSoftmax",
    "clamp",
  ] as const) {
    fails("disposed", new RegExp(`^${name}: `), () => gone[name]());
  }
});
