/** What is no argument is refused by name: one test for each kind of thing that was not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, cat, data, Device, functional, Graph, GPT, keep, linspace, manualSeed, nn, noGrad, ones, optim, StrataError, tensor, Tensor, tidy, Trainer, zeros } from "strata-ml";
import { fails, rejects, untyped } from "./check.ts";

const shape = { vocabSize: 16, nPositions: 8, nEmbd: 16, nLayer: 1, nHead: 2 };

/** Values that `String(…)` and templates choke on, or that run the caller's code. */
function awkward(): unknown[] {
  const thrower = (): never => {
    throw new RangeError("the caller's own");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return [Symbol("s"), 3n, Object.create(null), { toString: thrower, valueOf: thrower }, proxy, () => 1, [[]]];
}

test("options that are no object, and fields of another kind", async () => {
  const x = ones([2, 3]);
  for (const bad of [null, 5, "keepdim", true, [], Symbol("s"), () => 1]) {
    fails("argument", /zeros: options must be an object/, () => untyped(zeros, undefined, [2], bad));
    fails("argument", /sum: options must be an object/, () => untyped(x.sum, x, 0, bad));
    fails("argument", /Linear: options must be an object/, () => void (Reflect.construct(nn.Linear, [2, 3, bad]) as unknown));
    await rejects("argument", /data.prepare: options must be an object/, data.prepare(bad as never));
  }
  fails("argument", /sum: keepdim is "yes"; it must be true or false/, () => untyped(x.sum, x, 0, { keepdim: "yes" }));
  fails("argument", /attention: causal is 1/, () => {
    const q = ones([1, 1, 2, 8]);
    return untyped(functional.attention, undefined, q, q, q, { causal: 1 });
  });
  fails("argument", /zeros: requiresGrad is null/, () => untyped(zeros, undefined, [2], { requiresGrad: null }));
  fails("argument", /AdamW: betas must be a list of two numbers/, () => void (Reflect.construct(optim.AdamW, [[x], { betas: 0.9 }]) as unknown));
  fails("argument", /MLP: fc must be a Linear/, () => void (Reflect.construct(nn.MLP, [3, { fc: x }]) as unknown));
});

test("values that cannot be turned into text", () => {
  const x = ones([2, 3]);
  for (const bad of awkward()) {
    fails("argument", /manualSeed: a seed is a whole number/, () => untyped(manualSeed, undefined, bad));
    fails("shape", /select: there is no dimension/, () => untyped(x.select, x, bad, 0));
    fails("index", /at: there is no index/, () => untyped(x.at, x, bad));
    fails("dtype", /is no dtype/, () => untyped(x.cast, x, bad));
    fails("index", /narrow: /, () => untyped(x.narrow, x, 0, bad, 1));
    fails("shape", /is no shape/, () => untyped(zeros, undefined, [2, bad]));
    fails("argument", /linspace: start must be a finite number/, () => untyped(linspace, undefined, bad, 1, 2));
    fails("argument", /x takes a Tensor|add takes a Tensor/, () => untyped(x.add, x, bad));
  }
  fails("shape", /is no shape/, () => untyped(linspace, undefined, 0, 1, 3n));
  fails("argument", /arange: end must be a finite number, got "5"/, () => untyped(arange, undefined, 0, "5"));
});

test("lists that are long, deep, full of holes, or hold themselves", () => {
  const long: unknown[] = [];
  long.length = 2 ** 32 - 1;
  const self: unknown[] = [];
  self.push(self);
  let deep: unknown = 1;
  for (let i = 0; i < 1e5; i++) deep = [deep];
  for (const bad of [long, self, deep, [1, , 3]]) {
    assert.throws(() => untyped(tensor, undefined, bad), StrataError);
    assert.throws(() => untyped(zeros, undefined, bad), StrataError);
    assert.throws(() => untyped(cat, undefined, bad), StrataError);
    const x = ones([3]);
    assert.throws(() => untyped(x.write, x, bad), StrataError);
    assert.throws(() => untyped(x.sum, x, bad), StrataError);
    assert.throws(() => untyped(x.reshape, x, bad), StrataError);
  }
  const ends: unknown[] = [];
  ends.length = 2 ** 31;
  ends[0] = ends[2 ** 31 - 1] = 1;
  assert.throws(() => untyped(tensor, undefined, ends), StrataError);
});

test("typed arrays: transferred, shared, resized, of other kinds, and with lies of their own", async () => {
  const gone = new Float32Array(6);
  structuredClone(gone, { transfer: [gone.buffer] });
  fails("argument", /tensor: the array has no memory any more/, () => tensor(gone));
  fails("argument", /write: the array has no memory any more/, () => ones([6]).write(gone));
  const shared = new Float32Array(new SharedArrayBuffer(8));
  shared.set([1, 2]);
  assert.deepEqual(tensor(shared).toArray(), [1, 2]);
  assert.deepEqual(ones([2]).write(shared).toArray(), [1, 2]);
  const liar = Float32Array.of(1, 2);
  Object.defineProperty(liar, "length", { value: 1e9 });
  assert.deepEqual(tensor(liar).toArray(), [1, 2]);
  const bare: unknown = Object.setPrototypeOf(Float32Array.of(1, 2), null);
  assert.deepEqual(untyped(tensor, undefined, bare) instanceof Tensor, true);
  for (const other of [new Int8Array(4), new BigInt64Array(4), new DataView(new ArrayBuffer(4)), new Proxy(new Float32Array(4), {})]) {
    assert.throws(() => untyped(tensor, undefined, other), StrataError);
    assert.throws(() => untyped(functional.runningSoftmax, undefined, other), StrataError);
  }
  const tokenizer = data.Tokenizer.characters("abc");
  fails("argument", /decode: ids/, () => untyped(tokenizer.decode, tokenizer, ["1"]));
  fails("value", /decode: ids\[1\] is -1/, () => tokenizer.decode([0, -1]));
  fails("argument", /decode: ids must be a Uint32Array/, () => untyped(tokenizer.decode, tokenizer, new Float32Array(2)));
});

test("a method of something else, and objects that merely look like one", async () => {
  const others: unknown[] = [undefined, null, 5, {}, [], Object.create(Tensor.prototype), new Proxy(ones([2]), {}), Device.cpu()];
  for (const other of others) {
    fails("argument", /add: `this` is no Tensor/, () => untyped(Tensor.prototype.add, other, 1));
    fails("argument", /shape: `this` is no Tensor/, () => void (Reflect.get(Tensor.prototype, "shape", other) as unknown));
    fails("argument", /dispose: `this` is no Tensor/, () => untyped(Tensor.prototype.dispose, other));
    await assert.rejects(async () => untyped(Tensor.prototype.read, other), StrataError);
    fails("argument", /forward: `this` is no Linear/, () => untyped(nn.Linear.prototype.forward, other, ones([2])));
    fails("argument", /step: `this` is no Optimizer/, () => untyped(optim.Optimizer.prototype.step, other));
    fails("argument", /lr: `this` is no Schedule/, () => untyped(optim.Schedule.prototype.lr, other, 0, 1));
  }
  // An async method's refusal is a rejection, not a throw.
  const promise = untyped(GPT.prototype.save, {}, "x");
  assert.ok(promise instanceof Promise);
  await rejects("argument", /save: `this` is no GPT/, promise);
  fails("argument", /forward: `this` is no MultiHeadAttention/, () => untyped(nn.MultiHeadAttention.prototype.forward, new nn.ReLU(), ones([2])));
});

test("objects that only the package makes", () => {
  for (const made of [Tensor, Device, Graph, Trainer, data.Dataset, data.Tokenizer, optim.Schedule, optim.Optimizer]) {
    fails("argument", new RegExp(`${made.name} has no constructor of its own`), () => void (Reflect.construct(made, [3, Device.cpu()]) as unknown));
  }
});

test("what the caller's own code throws passes through", async () => {
  const mine = new TypeError("mine");
  const thrower = (): never => {
    throw mine;
  };
  const is = (error: unknown): boolean => error === mine;
  const options = Object.defineProperty({}, "device", { get: thrower });
  assert.throws(() => zeros([2], options), is);
  assert.throws(() => tidy(thrower), is);
  assert.throws(() => noGrad(thrower), is);
  assert.throws(() => untyped(tensor, undefined, new Proxy([1], { get: thrower })), is);
  function* texts(): Generator<string> {
    yield "a";
    thrower();
  }
  await assert.rejects(data.Tokenizer.train(texts()), is);
  class Net extends nn.Module {
    override forward(): Tensor {
      return thrower();
    }
  }
  assert.throws(() => new nn.Sequential(new Net()).forward(ones([2])), is);
  const pairs = { [Symbol.iterator]: thrower };
  await assert.rejects(new Net().fit(pairs, { loss: functional.mseLoss, optimizer: new optim.SGD([ones([1], { requiresGrad: true })], { lr: 1 }) }), is);
});

test("iterables that do not keep to the protocol", async () => {
  for (const bad of [5, {}, { [Symbol.iterator]: 5 }, { [Symbol.iterator]: () => 5 }, { [Symbol.iterator]: () => ({ next: () => 5 }) }]) {
    await rejects("argument", /Tokenizer.train/, data.Tokenizer.train(bad as never));
    assert.throws(() => untyped(optim.clipGradNorm, undefined, bad, 1), StrataError);
    const net = new nn.Linear(2, 2);
    await assert.rejects(net.fit(bad as never, { loss: functional.mseLoss, optimizer: new optim.AdamW(net) }), StrataError);
  }
});

test("callbacks that reject, and are no functions", async () => {
  const own = new Error("mine");
  const progress = data.Tokenizer.train("abcabc", { vocabSize: 258, onProgress: async () => Promise.reject(own) });
  await assert.rejects(progress, (error) => error instanceof StrataError && error.code === "callback" && error.cause === own);
  await rejects("argument", /onProgress is 5; it must be a function/, data.Tokenizer.train("abc", { onProgress: 5 as never }));
  await rejects("argument", /signal is an object; it must be an AbortSignal/, data.Tokenizer.train("abc", { signal: {} as never }));
  // Refused; and its rejection, which nobody would hear, does not end the process.
  const x = ones([2], { requiresGrad: true });
  untyped(x.registerHook, x, () => Promise.reject(own));
  fails("callback", /a hook threw/, () => x.sum().backward());
  const net = new nn.Linear(1, 1);
  const pair = [ones([1, 1]), ones([1, 1])] as const;
  const loss: unknown = () => Promise.reject(own);
  await assert.rejects(net.fit([pair], { loss: loss as never, optimizer: new optim.AdamW(net) }), StrataError);
  await new Promise((resolve) => setImmediate(resolve));
  fails("argument", /tidy takes a function to call, got a class/, () => untyped(tidy, undefined, class {}));
});

test("modules that hold themselves, or each other, or lists that do", () => {
  const [a, b] = [new nn.Sequential(), new nn.Sequential()];
  const list: unknown[] = [];
  list.push(list);
  Object.assign(a, { inner: b, list });
  Object.assign(b, { inner: a });
  assert.match(String(a), /Sequential/);
  assert.deepEqual(a.parameters(), []);
  let deep = new nn.Sequential();
  for (let i = 0; i < 2000; i++) deep = new nn.Sequential(deep);
  fails("argument", /more than 500 deep/, () => deep.parameters());
  assert.match(String(deep), /Sequential/);
  const bare = Reflect.construct(nn.Module, []) as nn.Module;
  fails("argument", /a module needs a method forward/, () => new nn.Sequential(bare).forward(ones([2])));
  fails("argument", /keep takes a Tensor/, () => untyped(keep, undefined, a));
});

test("a model's properties that were overwritten, runs and batches of nothing", async () => {
  const model = new GPT(shape, { seed: 1 });
  Object.assign(model, { tokenizer: { encode: () => [1] } });
  fails("argument", /generate: tokenizer must be a Tokenizer/, () => model.generate("a"));
  const trainer = Trainer.create(model, { batchSize: 1, context: 4, steps: 3 });
  await rejects("argument", /trainOn takes a Batch, got null/, trainer.trainOn(null as never));
  fails("argument", /trainOnNow takes a Batch/, () => untyped(trainer.trainOnNow, trainer, { inputs: [], targets: [] }));
  for (const bad of [null, 5, {}, { steps: "3" }, { steps: 1, minutes: 1 }, { steps: 3n }, { minutes: NaN }]) {
    assert.throws(() => Reflect.set(trainer, "length", bad), StrataError);
  }
  assert.deepEqual(trainer.length, { steps: 3 });
  fails("argument", /Trainer.create: model must be a GPT/, () => untyped(Trainer.create, Trainer, new nn.Linear(2, 2)));
  for (const bad of [null, [], { inputs: [1], targets: [1], batch: 1, context: 1 }]) {
    assert.throws(() => void (Reflect.construct(data.Batch, [bad]) as unknown), StrataError);
  }
  fails("value", /GPT: nLayer is 1000000/, () => new GPT({ ...shape, nLayer: 1e6 }));
  assert.equal(new StrataError(Symbol("s") as never, Symbol("m") as never, {} as never).code, "internal");
});

test("an error about what cannot be looked into can be made", () => {
  const { proxy, revoke } = Proxy.revocable({ cause: 1 }, {});
  revoke();
  const error = new StrataError("value", "a sentence", "op", proxy);
  assert.deepEqual([error.code, error.cause], ["value", undefined]);
  assert.equal(new StrataError("value", "a sentence", "op", { cause: 1 }).cause, 1);
});
