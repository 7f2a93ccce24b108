/** Modules: how parameters are found, moved, saved and loaded; every layer against plain loops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Device, manualSeed, memory, nn, optim, randn, tensor, Tensor, tidy, zeros } from "strata-ml";
import { close, fails, holds } from "./check.ts";
import { elsewhere } from "./devices.ts";
import * as plain from "./layers.ts";
import { holdsLayer, leaf } from "./layers.ts";
import * as oracle from "./oracle.ts";
import type { Nd } from "./oracle.ts";

const names = (module: nn.AnyModule): string[] => module.namedParameters().map(([name]) => name);

class Net extends nn.Module {
  first = new nn.Linear(2, 4);
  act = new nn.Tanh();
  rest = [new nn.Linear(4, 4), new nn.Linear(4, 1, { bias: false })];
  scale = this.parameter(zeros([1]));
  mask = tensor([1, 0]);
  seen: Tensor | null = null;

  override forward(x: Tensor): Tensor {
    let at = this.act.forward(this.first.forward(x));
    for (const layer of this.rest) at = layer.forward(at);
    this.seen = at;
    return at.mul(this.scale);
  }
}

test("parameters are found by themselves: properties, modules, arrays", () => {
  const net = new Net();
  const all = ["first.weight", "first.bias", "rest.0.weight", "rest.0.bias", "rest.1.weight", "scale"];
  assert.deepEqual(names(net), all);
  net.forward(zeros([3, 2]));
  assert.deepEqual(names(net), all, "an activation is no parameter");
  assert.equal(net.numParameters, 8 + 4 + 16 + 4 + 4 + 1);
  assert.deepEqual(net.namedModules().map(([path]) => path), ["", "first", "act", "rest.0", "rest.1"]);
  assert.equal(net.children().length, 4);
  net.first.weight.requiresGrad = false;
  assert.deepEqual(names(net), all, "a frozen parameter stays one");
});

test("what is shared is listed once; a cycle ends", () => {
  class Tied extends nn.Module {
    a = new nn.Linear(3, 3);
    b = new nn.Linear(3, 3, { weight: this.a.weight });
    again = this.a;
    self: Tied | null = null;
    override forward(x: Tensor): Tensor {
      return this.b.forward(this.a.forward(x));
    }
  }
  const tied = new Tied();
  tied.self = tied;
  assert.deepEqual(names(tied), ["a.weight", "a.bias", "b.bias"]);
  assert.equal(tied.b.weight, tied.a.weight);
  assert.equal(tied.namedModules().length, 3);
});

test("a plain tensor with requiresGrad is a parameter", () => {
  class Own extends nn.Module {
    w = randn([2, 2], { requiresGrad: true });
    override forward(x: Tensor): Tensor {
      return x.matmul(this.w);
    }
  }
  const own = new Own();
  assert.deepEqual(names(own), ["w"]);
  own.w.requiresGrad = false;
  assert.deepEqual(names(own), ["w"]);
});

test("train and eval reach every module", () => {
  const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.Dropout(0.5)));
  assert.equal(net.training, true);
  net.eval();
  assert.ok(net.namedModules().every(([, m]) => !m.training));
  net.train();
  assert.ok(net.namedModules().every(([, m]) => m.training));
  const x = tensor(new Float32Array(1000).fill(1));
  const drop = new nn.Dropout(0.5);
  assert.notEqual(drop.forward(x), x);
  assert.equal(drop.eval().forward(x), x, "itself");
  fails("value", /Dropout: p is 1\.5/, () => new nn.Dropout(1.5));
});

test("Sequential: names, order, iteration", async () => {
  const net = new nn.Sequential(new nn.Linear(2, 3, { seed: 1 }), new nn.ReLU(), new nn.Linear(3, 1, { seed: 2 }));
  assert.deepEqual(names(net), ["0.weight", "0.bias", "2.weight", "2.bias"]);
  assert.equal(net.length, 3);
  assert.ok(net.at(-1) instanceof nn.Linear);
  assert.equal([...net].length, 3);
  const x = oracle.numbers([4, 2]);
  const [w1, b1, w2, b2] = await Promise.all(net.parameters().map(plain.plain));
  const want = plain.linear(oracle.map(plain.linear(x, w1 ?? x, b1), (v) => Math.max(v, 0)), w2 ?? x, b2);
  await holds(net.forward(leaf(x)), [4, 1], want.data);
  assert.match(String(net), /^Sequential\(\n {2}\(layers\.0\): Linear\(2 → 3\)\n {2}\(layers\.1\): ReLU\(\)\n/);
  fails("argument", /Sequential takes modules/, () => new nn.Sequential(JSON.parse("{}")));
});

test("zeroGrad forgets all gradients", () => {
  const net = new Net();
  net.forward(zeros([3, 2])).sum().backward();
  assert.ok(net.parameters().some((p) => p.grad !== null));
  net.zeroGrad();
  assert.ok(net.parameters().every((p) => p.grad === null || p.grad.abs().sum().item() === 0));
});

test("stateDict and loadStateDict: a round trip over shared memory", async () => {
  const [a, b] = [new Net(), new Net()];
  const state = a.stateDict();
  assert.deepEqual(Object.keys(state), names(a));
  assert.equal(state["scale"]?.requiresGrad, false);
  a.scale.fill(3);
  assert.equal(state["scale"]?.item(), 3, "the same memory");
  const before = b.parameters();
  assert.deepEqual(b.loadStateDict(state), { missing: [], unexpected: [] });
  assert.deepEqual(b.parameters(), before, "the same tensors, other values");
  for (const [i, p] of b.parameters().entries()) assert.deepEqual(await p.read(), await a.parameters()[i]?.read());
});

test("loadStateDict says what does not fit, and then changes nothing", async () => {
  const net = new Net();
  const before = await net.first.weight.read();
  const state = new Net().stateDict();
  const { scale, ...rest } = state;
  assert.ok(scale);
  fails("value", /lacks scale.*strict: false/, () => net.loadStateDict(rest));
  fails("value", /has no extra/, () => net.loadStateDict({ ...state, extra: scale }));
  fails("shape", /scale is \[1\], the state has \[2\]/, () => net.loadStateDict({ ...state, scale: zeros([2]) }));
  fails("dtype", /scale is f32, the state has i32/, () => net.loadStateDict({ ...state, scale: zeros([1], { dtype: "i32" }) }));
  fails("argument", /takes a Tensor/, () => net.loadStateDict({ ...state, scale: JSON.parse("3") }));
  assert.deepEqual(await net.first.weight.read(), before);
  const report = net.loadStateDict({ ...rest, extra: scale }, { strict: false });
  assert.deepEqual(report, { missing: ["scale"], unexpected: ["extra"] });
  assert.notDeepEqual(await net.first.weight.read(), before);
});

test("layers start as they say, and by their seed", async () => {
  const linear = await new nn.Linear(100, 50, { seed: 1 }).weight.read();
  assert.ok(linear.every((x) => Math.abs(x) <= 0.1));
  const spread = (a: Float32Array): number => Math.sqrt(a.reduce((s, x) => s + x * x, 0) / a.length);
  assert.ok(Math.abs(spread(linear) - 0.1 / Math.sqrt(3)) < 0.002);
  assert.ok(Math.abs(spread(await new nn.Embedding(100, 50, { seed: 1 }).weight.read()) - 1) < 0.03);
  assert.deepEqual(await new nn.Linear(100, 50, { seed: 1 }).weight.read(), linear);
  assert.notDeepEqual(await new nn.Linear(100, 50, { seed: 2 }).weight.read(), linear);
  manualSeed(4);
  const [one, two] = [await new nn.Linear(3, 3).weight.read(), await new nn.Linear(3, 3).weight.read()];
  assert.notDeepEqual(one, two);
  manualSeed(4);
  assert.deepEqual(await new nn.Linear(3, 3).weight.read(), one);
  const square = new nn.Linear(50, 50, { seed: 3 });
  assert.notEqual(square.weight.at(0, 0).item(), square.bias?.at(0).item(), "weight and bias draw apart");
});

test("Linear, LayerNorm, Embedding against plain loops, gradients too", async () => {
  const x = leaf(oracle.numbers([2, 3, 6], 5));
  const linear = new nn.Linear(6, 4, { seed: 1 });
  assert.ok(linear.bias);
  await holdsLayer("Linear", [x, linear.weight, linear.bias], () => linear.forward(x), plain.linear);
  const norm = new nn.LayerNorm(6);
  norm.weight.copyFrom(leaf(oracle.numbers([6], 8)));
  await holdsLayer("LayerNorm", [x, norm.weight, norm.bias], () => norm.forward(x), (x, w, b) => plain.layerNorm(x, w, b));
  const table = new nn.Embedding(5, 3, { seed: 2 });
  const ids = tensor(Uint32Array.of(4, 0, 4), { shape: [3] });
  await holdsLayer("Embedding", [table.weight], () => table.forward(ids), (t) => ({ shape: [3, 3], data: [4, 0, 4].flatMap((i) => t.data.slice(3 * i, 3 * i + 3)) }));
});

test("MultiHeadAttention: forward, gradients, weights", async () => {
  for (const causal of [false, true]) {
    const layer = new nn.MultiHeadAttention(6, 2, { causal, seed: 3 });
    assert.equal(layer.headDim, 3);
    const x = leaf(oracle.numbers([2, 4, 6], 6));
    const packed = (x: Nd, wq: Nd, bq: Nd): Nd => plain.linear(x, wq, bq);
    const want = (x: Nd, wq: Nd, bq: Nd, wp: Nd, bp: Nd): Nd => plain.linear(plain.attentionQkv(packed(x, wq, bq), 2, causal), wp, bp);
    await holdsLayer("MultiHeadAttention", [x, ...layer.parameters()], () => layer.forward(x), want);
    const [nd, wq, bq] = await Promise.all([x, layer.qkv.weight, layer.qkv.bias ?? x].map(plain.plain));
    const qkv = packed(nd ?? oracle.numbers([1]), wq ?? oracle.numbers([1]), bq ?? oracle.numbers([1]));
    const weights = layer.weights(x);
    await holds(weights, [2, 2, 4, 4], plain.attentionWeights(plain.head(qkv, 2, 0), plain.head(qkv, 2, 1), causal).data);
    assert.equal(weights.requiresGrad, false);
  }
  fails("value", /width of 6 does not divide into 4 heads/, () => new nn.MultiHeadAttention(6, 4));
});

test("MLP and TransformerBlock against plain loops, gradients too", async () => {
  const x = leaf(oracle.numbers([1, 3, 4], 7));
  const mlp = new nn.MLP(4, { ratio: 2, seed: 5 });
  const plainMlp = (x: Nd, w1: Nd, b1: Nd, w2: Nd, b2: Nd): Nd => plain.linear(oracle.map(plain.linear(x, w1, b1), plain.gelu), w2, b2);
  await holdsLayer("MLP", [x, ...mlp.parameters()], () => mlp.forward(x), plainMlp);
  const block = new nn.TransformerBlock(4, 2, { mlpRatio: 2, seed: 6 });
  assert.equal(block.attn.causal, true);
  assert.deepEqual(names(block).slice(0, 4), ["ln1.weight", "ln1.bias", "attn.qkv.weight", "attn.qkv.bias"]);
  const want = (x: Nd, ...p: Nd[]): Nd => {
    const at = (i: number): Nd => p[i] ?? x;
    const mixed = plain.attentionQkv(plain.linear(plain.layerNorm(x, at(0), at(1)), at(2), at(3)), 2, true);
    const between = plain.add(x, plain.linear(mixed, at(4), at(5)));
    return plain.add(between, plainMlp(plain.layerNorm(between, at(6), at(7)), at(8), at(9), at(10), at(11)));
  };
  await holdsLayer("TransformerBlock", [x, ...block.parameters()], () => block.forward(x), want, 2e-4);
  const sums = block.weights(x).sum(-1);
  close(await sums.read(), new Array(6).fill(1), 1e-5, "rows of weights");
});

test("dropout of a block drops in training, and only there", async () => {
  const block = new nn.TransformerBlock(8, 2, { dropout: 0.5, seed: 1 });
  const x = leaf(oracle.numbers([2, 4, 8], 7));
  const [one, two] = [await block.forward(x).read(), await block.forward(x).read()];
  assert.notDeepEqual(one, two);
  block.eval();
  assert.deepEqual(await block.forward(x).read(), await block.forward(x).read());
});

test("a forward pass leaves one tensor behind", () => {
  const block = new nn.TransformerBlock(8, 2);
  const x = leaf(oracle.numbers([2, 4, 8], 7));
  const before = memory.liveTensors();
  const y = block.forward(x);
  assert.equal(memory.liveTensors(), before + 1);
  y.dispose();
  // A module made in a tidy and returned from it keeps its parameters.
  const made = tidy(() => new nn.Linear(2, 2));
  assert.equal(made.weight.disposed, false);
});

test("to moves parameters and constants; the same device is fine, too", async () => {
  const net = await new Net().to(Device.cpu());
  assert.deepEqual(names(net).length, 6);
  assert.ok(net.parameters().every((p) => p.requiresGrad && p.isLeaf));
  const optimizer = new optim.SGD(net, { lr: 0.1 });
  net.forward(zeros([1, 2])).sum().backward();
  optimizer.step();
  const other = await elsewhere();
  if (other === undefined) return;
  const before = await net.first.weight.read();
  await net.to(other);
  assert.ok(net.mask.device.same(other) && net.first.weight.device.same(other));
  assert.deepEqual(await net.first.weight.read(), before);
  const y = net.forward(zeros([3, 2], { device: other }));
  y.sum().backward();
  assert.ok(net.scale.grad !== null);
});

test("sizes that are none are refused by name", () => {
  fails("value", /Linear: inputs is 0/, () => new nn.Linear(0, 1));
  fails("value", /Linear: outputs is 1\.5/, () => new nn.Linear(1, 1.5));
  fails("value", /Embedding: width is NaN/, () => new nn.Embedding(1, NaN));
  fails("value", /LayerNorm: eps is 0/, () => new nn.LayerNorm(4, { eps: 0 }));
  fails("value", /seed/, () => new nn.Linear(1, 1, { seed: -1 }));
  fails("shape", /Linear: weight is \[2, 2\], this layer needs \[2, 3\]/, () => new nn.Linear(2, 3, { weight: zeros([2, 2]) }));
});
