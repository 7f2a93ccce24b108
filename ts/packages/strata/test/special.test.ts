/** NaN, infinities and zeros, by C's rules; and masks that let nothing through. */
import { test } from "node:test";
import { functional as F, tensor } from "strata-ml";
import type { Tensor } from "strata-ml";
import { holds } from "./check.ts";
import { devices } from "./devices.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

for (const device of await devices()) {
  const up = (data: number[], shape: number[] = [data.length]): Tensor => tensor(data, { shape, device });
  const slope = async (x: number[], fn: (x: Tensor) => Tensor): Promise<Float32Array> => {
    const leaf = tensor(x, { device, requiresGrad: true });
    fn(leaf).backward();
    return (leaf.grad as Tensor).read();
  };
  const slopes = async (x: number[], want: number[], fn: (x: Tensor) => Tensor): Promise<void> =>
    holds(up([...(await slope(x, fn))]), [want.length], want, 1e-4, String(fn));

  test(`${device.name}: powers at the edges`, async () => {
    await holds(up([0, -0, inf, -inf, nan]).pow(0), [5], [1, 1, 1, 1, 1]);
    await holds(up([0, -0, inf, -inf, nan]).pow(1), [5], [0, 0, inf, -inf, nan]);
    await holds(up([0, 0, 2]).pow(-2), [3], [inf, inf, 0.25], 1e-5);
    await holds(up([0, 2, -2]).pow(-3), [3], [inf, 0.125, -0.125], 1e-5);
    await holds(up([4, -4, inf]).pow(0.5), [3], [2, nan, inf], 1e-5);
    await holds(up([1, nan, -1, 2, 0.5]).pow(up([nan, 0, inf, -inf, -inf])), [5], [1, 1, 1, 0, inf]);
    await slopes([0, 3], [1, 1], (x) => x.pow(1).sum());
    await slopes([0, 3], [0, 0], (x) => x.pow(0).sum());
    await slopes([0, -3], [0, 27], (x) => x.pow(3).sum());
  });

  test(`${device.name}: zeros keep their sign`, async () => {
    await holds(up([0, -0]).neg().reciprocal(), [2], [-inf, inf]);
    await holds(up([0, -0]).mul(1).reciprocal(), [2], [inf, -inf]);
    await holds(up([0, -0]).tanh().reciprocal(), [2], [inf, -inf]);
  });

  test(`${device.name}: functions of what is no number`, async () => {
    const x = [nan, inf, -inf];
    await holds(up(x).gelu(), [3], [nan, inf, 0]);
    await holds(up(x).exp(), [3], [nan, inf, 0]);
    await holds(up([...x, 0, -1]).log(), [5], [nan, inf, nan, -inf, nan]);
    await holds(up(x).sqrt(), [3], [nan, inf, nan]);
    await holds(up(x).sin(), [3], [nan, nan, nan]);
    await holds(up(x).relu(), [3], [nan, inf, 0]);
    await holds(up(x).sigmoid(), [3], [nan, 1, 0]);
    await holds(up(x).softmax(), [3], [nan, nan, nan]);
    await holds(up([0, inf]).softmax(), [2], [nan, nan]);
    await holds(up([0, -inf]).softmax(), [2], [1, 0]);
    for (const name of ["sum", "mean", "max", "min"] as const) await holds(up([1, nan, 2])[name](), [], [nan]);
  });

  test(`${device.name}: the norm of zeros has no slope`, async () => {
    await slopes([0, 0], [0, 0], (x) => x.norm());
    await slopes([3, 4], [0.6, 0.8], (x) => x.norm());
    await slopes([2, 2], [0, 0], (x) => x.std());
    await holds(up([3, 4, 0, 0], [2, 2]).norm(1, { keepdim: true }), [2, 1], [5, 0]);
  });

  test(`${device.name}: a bad token spares those before it`, async () => {
    const [q, k, v] = [up([1, 1, 1], [1, 1, 3, 1]), up([1, 1, 1], [1, 1, 3, 1]), up([2, 4, nan], [1, 1, 3, 1])];
    await holds(F.attention(q, k, v, { causal: true }), [1, 1, 3, 1], [2, 3, nan]);
  });
}
