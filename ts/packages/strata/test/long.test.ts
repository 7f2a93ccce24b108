/** Long rows and many terms: right on every device, also on one that ends long loops. */
import { test } from "node:test";
import { functional as F, ones, tensor } from "strata-ml";
import type { Tensor } from "strata-ml";
import { holds } from "./check.ts";
import { devices } from "./devices.ts";

for (const device of await devices()) {
  test(`${device.name}: wide rows far from zero are normalized`, async () => {
    for (const [width, offset] of [[8192, 60_000], [10_000, 60_000], [12_288, 10_000], [22_000, 60_000]] as const) {
      const x = tensor(Float32Array.from({ length: width }, (_, i) => offset + (i % 4)), { shape: [1, width], device });
      const [weight, bias] = [ones([width], { device }), ones([width], { device }).mul(0)];
      const want = Array.from({ length: width }, (_, i) => ((i % 4) - 1.5) / Math.sqrt(1.25 + 1e-5));
      await holds(F.layerNorm(x, weight, bias), [1, width], want, 1e-5, `width ${width}`);
    }
  });

  test(`${device.name}: many tokens of one kind and large batches add up`, async () => {
    const n = 70_000;
    const ids = tensor(new Uint32Array(n).fill(1), { shape: [n, 1], device });
    const table = ones([3, 2], { device, requiresGrad: true });
    const positions = ones([2, 2], { device, requiresGrad: true });
    F.embedding(ids, table, positions).sum().backward();
    await holds(table.grad as Tensor, [3, 2], [0, 0, n, n, 0, 0]);
    await holds(positions.grad as Tensor, [2, 2], [n, n, 0, 0]);
  });

  test(`${device.name}: very many short rows have their softmax`, async () => {
    const rows = 100_000;
    const x = tensor(Float32Array.from({ length: 2 * rows }, (_, i) => i % 2), { shape: [rows, 2], device });
    const odd = Math.E / (1 + Math.E);
    const want = Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 1 ? odd : 1 - odd));
    await holds(F.softmax(x), [rows, 2], want, 1e-5);
  });
}
