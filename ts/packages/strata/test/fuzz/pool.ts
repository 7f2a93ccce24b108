/** Instances of the package's classes, for calls to be made on and with. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as Strata from "strata-ml";
import type { Pool } from "./right.ts";

type Package = typeof Strata;

/** The least that has what every class of the package has: one of each, and what calls gave. */
export class Instances implements Pool {
  readonly #made = new Map<string, { of: string; take: () => unknown }>();
  readonly #byClass = new Map<string, string[]>();
  readonly #classes: ReadonlyMap<string, (...args: never[]) => unknown>;

  constructor(classes: ReadonlyMap<string, (...args: never[]) => unknown>) {
    this.#classes = classes;
  }

  /** Adds something that is made anew each time it is taken. */
  add(name: string, take: () => unknown): void {
    const one = take();
    this.#made.set(name, { of: name, take });
    for (const of of this.classesOf(one)) {
      const names = this.#byClass.get(of) ?? [];
      if (!names.includes(name)) this.#byClass.set(of, [...names, name]);
    }
  }

  /** Keeps what a call gave, if there is nothing of its class yet: a new class needs no list. */
  harvest(value: unknown): void {
    for (const of of this.classesOf(value)) {
      if ((this.#byClass.get(of) ?? []).length === 0) this.add(`a ${of} that a call gave`, () => value);
    }
  }

  /** The exported classes that a value is an instance of. */
  classesOf(value: unknown): string[] {
    if (typeof value !== "object" || value === null) return [];
    const found: string[] = [];
    for (const [name, made] of this.#classes) {
      try {
        if (value instanceof made) found.push(name);
      } catch {
        // A proxy of the fuzzer's own.
      }
    }
    return found;
  }

  names(of: string): readonly string[] {
    return this.#byClass.get(of) ?? [];
  }

  take(name: string): unknown {
    return this.#made.get(name)?.take();
  }
}

const TEXT = "the cat sat on the mat and looked at the moon; the moon looked back. ".repeat(40);

/** Fills a pool, and a folder with files of every kind that the package reads. */
export async function furnish(pool: Instances, strata: Package, folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const at = (file: string): string => join(folder, file);
  writeFileSync(at("text.txt"), TEXT);
  const { data, nn, optim } = strata;
  strata.manualSeed(1);

  const tokenizer = data.Tokenizer.characters(TEXT);
  await tokenizer.save(at("tokenizer.json"));
  await strata.saveTensors(at("tensors.safetensors"), { a: strata.ones([2, 3]) });
  const dataset = await data.prepare({ source: at("text.txt"), tokenizer, context: 8 });
  const shape = { vocabSize: 32, nPositions: 8, nEmbd: 16, nLayer: 1, nHead: 2 };
  let model = new strata.GPT(shape, { seed: 1 });
  await model.save(at("checkpoint"), tokenizer);
  let trainer = strata.Trainer.create(model, { batchSize: 2, context: 8, steps: 20 });
  let linear = new nn.Linear(3, 3, { seed: 1 });
  let adamw = new optim.AdamW(linear);
  let sgd = new optim.SGD(linear, { lr: 0.1, momentum: 0.9 });
  const renew = (): void => {
    strata.setDefaultDevice(strata.Device.cpu());
    model = new strata.GPT(shape, { seed: 1 });
    model.tokenizer = tokenizer;
    trainer = strata.Trainer.create(model, { batchSize: 2, context: 8, steps: 20 });
    linear = new nn.Linear(3, 3, { seed: 1 });
    adamw = new optim.AdamW(linear);
    sgd = new optim.SGD(linear, { lr: 0.1, momentum: 0.9 });
  };

  const devices = [strata.Device.cpu()];
  for (const { machine, info } of await strata.Device.list()) {
    if (machine !== "cpu" && info !== null) devices.push(await strata.Device.open(`${machine}:${info.index}`));
  }
  for (const device of devices) {
    pool.add(device.name, () => device);
    pool.add(`a tensor on ${device.name}`, () => strata.ones([2, 3], { device }));
  }
  pool.add("tensor([[1, 2, 3], [4, 5, 6]])", () => strata.tensor([[1, 2, 3], [4, 5, 6]]));
  pool.add("ones([3, 3])", () => strata.ones([3, 3]));
  pool.add("ones([3])", () => strata.ones([3]));
  pool.add("tensor(2)", () => strata.tensor(2));
  pool.add("zeros([0, 3])", () => strata.zeros([0, 3]));
  pool.add("ones([3, 3], { requiresGrad: true })", () => strata.ones([3, 3], { requiresGrad: true }));
  pool.add("ones([3, 3], { requiresGrad: true }).square().sum()", () => strata.ones([3, 3], { requiresGrad: true }).square().sum());
  pool.add("ones([2, 3]).t()", () => strata.ones([2, 3]).t());
  pool.add("ones([3]).expand(2, 3)", () => strata.ones([3]).expand(2, 3));
  pool.add("tensor([[1, 2], [3, 0]], { dtype: u32 })", () => strata.tensor(Uint32Array.of(1, 2, 3, 0), { shape: [2, 2] }));
  pool.add("ones([2, 3], { dtype: i32 })", () => strata.ones([2, 3], { dtype: "i32" }));
  pool.add("ones([2, 3], { dtype: bf16 })", () => strata.ones([2, 3], { dtype: "bf16" }));
  pool.add("ones([1, 4, 48])", () => strata.ones([1, 4, 48]));
  pool.add("ones([1, 2, 4, 8])", () => strata.ones([1, 2, 4, 8]));
  pool.add("tokenizer", () => tokenizer);
  pool.add("dataset", () => dataset);
  pool.add("dataset.train(0, 2)", () => dataset.train(0, 2));
  pool.add("new TensorDataset(…)", () => new data.TensorDataset(strata.ones([4, 3]), strata.ones([4, 3])));
  pool.add("model", () => model);
  pool.add("trainer", () => trainer);
  pool.add("arena", () => model.arena);
  pool.add("AdamW", () => adamw);
  pool.add("SGD", () => sgd);
  pool.add("Schedule.cosine(0.1)", () => optim.Schedule.cosine(0.1));
  pool.add("linear", () => linear);
  pool.add("new Linear(3, 3)", () => new nn.Linear(3, 3));
  pool.add("new Embedding(4, 3)", () => new nn.Embedding(4, 3));
  pool.add("new LayerNorm(3)", () => new nn.LayerNorm(3));
  pool.add("new MLP(3)", () => new nn.MLP(3));
  pool.add("new MultiHeadAttention(16, 2)", () => new nn.MultiHeadAttention(16, 2));
  pool.add("new TransformerBlock(16, 2)", () => new nn.TransformerBlock(16, 2));
  pool.add("new Sequential(new Linear(3, 3), new ReLU())", () => new nn.Sequential(new nn.Linear(3, 3), new nn.ReLU()));
  pool.add("new Dropout(0.1)", () => new nn.Dropout(0.1));
  for (const layer of [nn.GELU, nn.ReLU, nn.SiLU, nn.Sigmoid, nn.Tanh]) pool.add(`new ${layer.name}()`, () => new layer());
  const graph = strata.ones([3], { requiresGrad: true }).square().sum().graph();
  const node = graph.nodes.at(-1);
  const run = node?.kernels[0];
  pool.add("graph", () => graph);
  if (node !== undefined) pool.add("graph.nodes.at(-1)", () => node);
  if (run !== undefined) pool.add("graph.nodes.at(-1).kernels[0]", () => run);
  pool.add("new StrataError(…)", () => new strata.StrataError("value", "a message", "op"));
  return renew;
}

/** Instances that are used up, or of no use: wrong wherever one is wanted. */
export function worn(strata: Package): readonly { name: string; make: () => unknown }[] {
  const gone = (): unknown => {
    const tensor = strata.ones([2, 3]);
    tensor.dispose();
    return tensor;
  };
  const bare = (made: { readonly prototype: object }) => (): unknown => Object.create(made.prototype) as unknown;
  return [
    { name: "a tensor, disposed", make: gone },
    { name: "a list with a disposed tensor", make: () => [gone()] },
    { name: "ones([2, 3])", make: () => strata.ones([2, 3]) },
    { name: "[ones([2, 3])]", make: () => [strata.ones([2, 3])] },
    { name: "{ a: ones([2, 3]) }", make: () => ({ a: strata.ones([2, 3]) }) },
    { name: "Device.cpu()", make: () => strata.Device.cpu() },
    { name: "new ReLU()", make: () => new strata.nn.ReLU() },
    { name: "Object.create(Tensor.prototype)", make: bare(strata.Tensor) },
    { name: "Object.create(Device.prototype)", make: bare(strata.Device) },
    { name: "Object.create(Dataset.prototype)", make: bare(strata.data.Dataset) },
    { name: "Object.create(Linear.prototype)", make: bare(strata.nn.Linear) },
    { name: "Object.create(GPT.prototype)", make: bare(strata.GPT) },
    { name: "new Proxy(ones([2, 3]), {})", make: () => new Proxy(strata.ones([2, 3]), {}) },
    { name: "class Tensor", make: () => strata.Tensor },
    { name: "a module without forward", make: () => Reflect.construct(strata.nn.Module, []) as unknown },
    {
      name: "a module that holds itself",
      make: () => {
        const [a, b] = [new strata.nn.Sequential(), new strata.nn.Sequential()];
        Reflect.set(a, "inner", b);
        Reflect.set(b, "inner", a);
        return a;
      },
    },
  ];
}
