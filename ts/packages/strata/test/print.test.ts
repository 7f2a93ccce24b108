/** How tensors look in a terminal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { arange, tensor, zeros } from "strata-ml";

test("tensors print like PyTorch's", () => {
  assert.equal(String(tensor(5)), "tensor(5.)");
  assert.equal(String(tensor([])), "tensor([], shape=[0])");
  assert.equal(String(zeros([2, 0, 3])), "tensor([], shape=[2, 0, 3])");
  assert.equal(String(tensor([1, 2.5])), "tensor([1.0000, 2.5000])");
  assert.equal(String(tensor([1, -20], { dtype: "i32" })), "tensor([  1, -20], dtype=i32)");
  assert.equal(
    String(
      tensor([
        [1, -2],
        [3, 4],
      ]),
    ),
    "tensor([[ 1., -2.],\n        [ 3.,  4.]], shape=[2, 2])",
  );
  assert.equal(String(tensor([1e-8, 1])), "tensor([1.0000e-8, 1.0000e+0])");
  assert.equal(String(tensor([NaN, Infinity, 1])), "tensor([nan, inf,  1.])");
  assert.equal(String(tensor([1.5], { dtype: "bf16" })), "tensor([1.5000], dtype=bf16)");
  assert.equal(String(tensor([1], { requiresGrad: true })), "tensor([1.], requiresGrad)");
  assert.equal(String(tensor([1], { requiresGrad: true }).exp()), "tensor([2.7183], op=exp)");
  assert.equal(String(zeros([1, 2, 1])), "tensor([[[0.],\n         [0.]]], shape=[1, 2, 1])");
  assert.equal(String(zeros([2, 1, 1])), "tensor([[[0.]],\n\n        [[0.]]], shape=[2, 1, 1])");
  assert.equal(String(arange(1001)), "tensor([   0.,    1.,    2., ...,  998.,  999., 1000.])");
  const lines = String(arange(100)).split("\n");
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= 80));
  assert.match(
    String(zeros([100, 100])),
    /^tensor\(\[\[0\., 0\., 0\., \.\.\., 0\., 0\., 0\.\],\n[^]*\n +\.\.\.,\n/,
  );
  assert.equal(inspect(tensor([1])), "tensor([1.])");
  const gone = tensor([1]);
  gone.dispose();
  assert.equal(String(gone), "Tensor(disposed)");
});
