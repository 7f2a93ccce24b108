/** Looking inside: the tape as data, its values and gradients, the kernels that ran. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph, GraphNode, KernelRun, ladders, randn, tensor, Tensor, zeros } from "strata-ml";
import { close, fails, holds } from "./check.ts";
import { devices } from "./devices.ts";

/** The node of an op; there must be one. */
function nodeOf(graph: Graph, op: string): GraphNode {
  const node = graph.nodes.find((n) => n.op === op);
  assert.ok(node !== undefined, `no ${op} among ${graph.nodes.map((n) => n.op)}`);
  return node;
}

/** A small regression: shapes [4, 3] · [3, 2] + [2]. */
function regression(device: Tensor["device"]): { x: Tensor; weight: Tensor; bias: Tensor; loss: Tensor } {
  const x = randn([4, 3], { device, seed: 1 });
  const weight = randn([3, 2], { device, seed: 2, requiresGrad: true });
  const bias = zeros([2], { device, requiresGrad: true });
  return { x, weight, bias, loss: x.matmul(weight).add(bias).tanh().square().mean() };
}

for (const device of await devices()) {
  test(`${device.name}: nodes, inputs first`, async () => {
    const { x, weight, loss } = regression(device);
    const graph = loss.graph();
    const ops = graph.nodes.map((node) => node.op);
    for (const op of ["constant", "leaf", "matmul", "add", "tanh", "square"])
      assert.ok(ops.includes(op), `${op} in ${ops}`);
    const seen = new Set<GraphNode>();
    for (const node of graph.nodes) {
      assert.ok(node.inputs.every((input) => seen.has(input)));
      seen.add(node);
      assert.equal(node.label, node.name ?? node.op);
    }
    const product = nodeOf(graph, "matmul");
    assert.deepEqual(product.shape, [4, 2]);
    assert.equal(product.requiresGrad, true);
    assert.deepEqual(
      product.inputs.map((n) => n.op),
      ["constant", "leaf"],
    );
    const [left, right] = product.inputs;
    assert.ok(left !== undefined && right !== undefined);
    assert.deepEqual([left.requiresGrad, right.requiresGrad], [false, true]);
    await holds(left.value, [4, 3], await x.read());
    await holds(right.value, [3, 2], await weight.read());
    assert.equal(right.value.storage.id, weight.storage.id);
    const last = graph.nodes.at(-1);
    assert.ok(last !== undefined);
    close([last.value.item()], [loss.item()]);
    assert.equal(new Set(graph.nodes.map((node) => node.id)).size, graph.nodes.length);
  });

  test(`${device.name}: gradients of all nodes, when the graph was taken before backward`, async () => {
    const { weight, loss } = regression(device);
    const graph = loss.graph();
    const [tanh, square] = [nodeOf(graph, "tanh"), nodeOf(graph, "square")];
    assert.equal(tanh.grad, null);
    loss.backward();
    assert.ok(square.grad !== null && tanh.grad !== null);
    await holds(square.grad, [4, 2], Array(8).fill(1 / 8));
    await holds(
      tanh.grad,
      [4, 2],
      (await tanh.value.read()).map((y) => (2 * y) / 8),
    );
    const leaf = nodeOf(graph, "matmul").inputs[1];
    assert.ok(leaf?.grad && weight.grad);
    assert.deepEqual(await leaf.grad.read(), await weight.grad.read());
    assert.equal(nodeOf(graph, "constant").grad, null);
  });

  test(`${device.name}: the kernels that ran`, async () => {
    const { loss } = regression(device);
    const graph = loss.graph();
    const product = nodeOf(graph, "matmul");
    assert.equal(product.backwardKernels.length, 0);
    const [run] = product.kernels;
    assert.ok(run instanceof KernelRun);
    assert.match(run.name, /^matmul\/\d_\w+$/);
    assert.equal(`${run.op}/${run.rung}`, run.name);
    assert.equal(run.machine, device.machine);
    assert.equal(run.flops, 2 * 4 * 3 * 2);
    assert.ok(run.bytes >= 4 * (4 * 3 + 3 * 2 + 4 * 2));
    close([run.intensity], [run.flops / run.bytes]);
    assert.ok(
      run.entry !== "" && run.grid.length === 3 && run.block.length === 3 && run.grid.every((n) => n >= 1),
    );
    assert.ok(
      run.bindings.length >= 3 && run.bindings.some((b) => b.access === "write") && run.params.length > 0,
    );
    assert.deepEqual(
      run.bindings.map((b) => `${b.name}: ${b.access} ${b.type}`),
      ["a: read", "b: read", "bias: read f32", "residual: read", "c: write", "activated: write"].map((binding) =>
        binding.endsWith("f32") ? binding : `${binding} f32, bf16 or f16`,
      ),
    );
    const sizes = Object.fromEntries(run.fields.map((field) => [field.name, field.values]));
    assert.deepEqual([sizes.m, sizes.n, sizes.k, sizes.alpha], [[4], [2], [3], [1]]);
    assert.equal(run.fields.flatMap((field) => field.values).length, run.params.length);
    const text = { cpu: run.source.cpu, cuda: run.source.cuda, wgpu: run.source.wgsl }[run.machine];
    assert.ok(text !== null && text.length > 100, `${run.machine}'s source of ${run.name}`);
    if (run.machine === "cpu") assert.match(run.cpuFile ?? "", /^chapters\/03-matmul\/src\//);
    assert.ok((await run.time()) > 0);
    assert.deepEqual(nodeOf(graph, "leaf").kernels, []);
    loss.backward();
    const back = nodeOf(graph, "tanh").backwardKernels;
    assert.ok(back.length > 0 && ((await back[0]?.time()) ?? 0) > 0);
    assert.ok(product.backwardKernels.some((k) => k.op === "matmul"));
    // Timing wrote nowhere.
    assert.ok(Number.isFinite(loss.item()));
  });

  test(`${device.name}: a forced rung shows in the graph`, () => {
    const rung = ladders()
      .find((l) => l.op === "matmul")
      ?.rungs.find((r) => r.machines.includes(device.machine))?.name;
    assert.ok(rung !== undefined);
    const { loss } = regression(device.withRung("matmul", rung));
    assert.equal(nodeOf(loss.graph(), "matmul").kernels[0]?.rung, rung);
  });
}

test("drawings", () => {
  const { loss } = regression(zeros([1]).device);
  const graph = loss.graph();
  assert.match(graph.dot(), /^digraph/);
  for (const node of graph.nodes) assert.ok(graph.dot().includes(`n${node.id}`));
  assert.match(graph.svg(), /<svg[^]*matmul[^]*<\/svg>/);
  const list: unknown = JSON.parse(graph.json());
  assert.ok(Array.isArray(list));
  assert.equal(list.length, graph.nodes.length);
});

test("a graph holds its tape, whatever is disposed", async () => {
  const { weight, loss } = regression(zeros([1]).device);
  const graph = loss.graph();
  const value = loss.item();
  loss.backward();
  loss.dispose();
  weight.dispose();
  close([graph.nodes.at(-1)?.value.item() ?? NaN], [value]);
  // Its own tape: the node's tensor can still be walked.
  nodeOf(graph, "tanh").value.sum().backward();
  assert.ok((nodeOf(graph, "matmul").inputs[1]?.grad?.numel ?? 0) === 6);
});

test("the graph of a leaf, and of a constant", () => {
  const leaf = tensor([1, 2], { requiresGrad: true });
  assert.deepEqual(
    leaf.graph().nodes.map((n) => [n.op, n.shape, n.inputs.length]),
    [["leaf", [2], 0]],
  );
  assert.deepEqual(
    tensor(1)
      .graph()
      .nodes.map((n) => n.op),
    ["constant"],
  );
  const gone = tensor(1);
  gone.dispose();
  fails("disposed", /^graph: /, () => gone.graph());
});

test("every ladder has rungs, every kernel a text", () => {
  const all = ladders();
  for (const op of ["matmul", "softmax", "layernorm", "attention", "adamw", "zip", "reduce"])
    assert.ok(
      all.some((l) => l.op === op),
      op,
    );
  for (const { op, rungs } of all) {
    assert.ok(rungs.length > 0, op);
    for (const { name, machines, kernels } of rungs) {
      assert.match(name, /^\d+_/);
      assert.ok(machines.length > 0 && kernels.length > 0, `${op}/${name}`);
      for (const k of kernels) assert.ok(k.cuda !== null || k.wgsl !== null || k.rust !== null, k.path);
    }
  }
});
