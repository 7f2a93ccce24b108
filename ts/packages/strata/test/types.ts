/**
 * Types, tested: never run, only compiled by `npm test`. A line under `@ts-expect-error` must not
 * compile, and the compiler complains of one that does; `equal` wants two types to be the same.
 */
import { data, Device, functional, GPT, isGradEnabled, memory, nn, noGrad, ones, optim, StrataError, Tensor, tensor, tidy, zeros } from "strata-ml";
import type { DType, ErrorCode, Graph, GraphNode, KernelRun, Range, TypedArrayOf } from "strata-ml";

/** True only if the two types are one and the same: mutual assignability would let `unknown` pass. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Takes no argument if the types are equal, and cannot be called if they are not. */
declare function equal<A, B>(...proof: Equal<A, B> extends true ? [] : [never]): void;

declare const x: Tensor;
declare const someDType: DType;

/** Creation, and what comes out. */
export async function tensors(): Promise<void> {
  equal<ReturnType<typeof tensor>, Tensor>();
  tensor(1);
  tensor([[1, 2], [3, 4]], { dtype: "i32", requiresGrad: false });
  tensor(new Float64Array(3), { shape: [3, 1], device: Device.cpu() });
  // @ts-expect-error text is no number
  tensor(["1"]);
  // @ts-expect-error there is no f64
  tensor([1], { dtype: "f64" });
  // @ts-expect-error no such option
  zeros([2], { gradient: true });
  // @ts-expect-error a shape is numbers
  ones(["2"]);

  const f32 = x.view();
  equal<typeof f32, Float32Array>();
  const u32 = x.view("u32");
  equal<typeof u32, Uint32Array>();
  const i32 = await x.read("i32");
  equal<typeof i32, Int32Array>();
  const bits = x.view("bf16");
  equal<typeof bits, Uint16Array>();
  const some = x.view(someDType);
  equal<typeof some, TypedArrayOf<DType>>();
  const read = await x.read();
  equal<typeof read, Float32Array>();
  // @ts-expect-error Float64Array is no view
  const wide: Float64Array = x.view();
  // @ts-expect-error there is no such dtype
  x.view("f64");

  equal<typeof x.shape, readonly number[]>();
  // @ts-expect-error a shape is not changed in place
  x.shape[0] = 2;
  // @ts-expect-error nor replaced
  x.shape = [1];
  // @ts-expect-error the dtype is fixed
  x.dtype = "u32";
  x.requiresGrad = true;
  equal<typeof x.grad, Tensor | null>();
  // @ts-expect-error it may be null
  x.grad.view();
  equal<ReturnType<Tensor["item"]>, number>();
  // @ts-expect-error tensors are made by functions
  new Tensor(1, Device.cpu());
  return void wide;
}

/** Operators and views. */
export function operations(): void {
  equal<ReturnType<Tensor["add"]>, Tensor>();
  x.add(1).mul(x).matmul(x).sum(0, { keepdim: true }).mean([0, 1]);
  // @ts-expect-error a product of matrices is not with a number
  x.matmul(2);
  // @ts-expect-error a list is no tensor
  x.add([1, 2]);
  // @ts-expect-error PyTorch's keepdim, spelled like that
  x.sum(0, { keepDims: true });
  x.reshape(2, -1).reshape([2, 3]).permute(1, 0).transpose(0, -1);
  const ranges: Range[] = [null, 3, [1], [0, -1], [0, 10, 2]];
  x.slice(...ranges).at(0, 1);
  // @ts-expect-error text is no range
  x.slice("1:2");
  // @ts-expect-error a device, not its name
  void x.to("cuda");
  equal<ReturnType<Tensor["to"]>, Promise<Tensor>>();
  // @ts-expect-error cast takes a dtype
  x.cast("float32");
  using held = x.add(1);
  equal<typeof held, Tensor>();
}

/** The tape. */
export function autograd(): void {
  x.backward();
  x.backward({ gradient: x, retainGraph: true });
  // @ts-expect-error the gradient is a tensor
  x.backward({ gradient: 1 });
  const remove = x.registerHook((grad) => grad.mul(2));
  equal<typeof remove, () => void>();
  x.registerHook((grad) => void grad.item());
  // @ts-expect-error a hook returns a tensor or nothing
  x.registerHook(() => 3);
  // @ts-expect-error a hook answers at once
  x.registerHook(async (grad) => grad);

  const n = noGrad(() => 3);
  equal<typeof n, number>();
  // @ts-expect-error what it awaits would be on the tape again
  void noGrad(async () => x.add(1));
  // @ts-expect-error a promise is async, too
  void noGrad(() => Promise.resolve(x));
  const pair = tidy(() => ({ a: x.add(1), b: [x] as const }));
  equal<typeof pair, { a: Tensor; b: readonly [Tensor] }>();
  // @ts-expect-error others' tensors would be made meanwhile
  void tidy(async () => x.add(1));
  equal<ReturnType<typeof isGradEnabled>, boolean>();
  equal<ReturnType<typeof memory.liveTensors>, number>();

  const graph = x.graph();
  equal<typeof graph, Graph>();
  equal<Graph["nodes"], readonly GraphNode[]>();
  equal<GraphNode["grad"], Tensor | null>();
  equal<KernelRun["source"]["cuda"], string | null>();
  equal<KernelRun["source"]["wgsl"], string | null>();
  equal<ReturnType<KernelRun["time"]>, Promise<number>>();
  // @ts-expect-error an index may be out of range
  graph.nodes[0].op;
}

/** A module whose input and output are no tensors. */
class Pair extends nn.Module<{ left: Tensor; right: Tensor }, number> {
  override forward({ left, right }: { left: Tensor; right: Tensor }): number {
    return left.matmul(right).item();
  }
}

/** A module of the usual kind, written as a reader would. */
class Net extends nn.Module {
  readonly first = new nn.Linear(2, 8);
  readonly rest = [new nn.Linear(8, 8), new nn.Linear(8, 1)];
  override forward(input: Tensor): Tensor {
    return this.rest.reduce((at, layer) => layer.forward(at.tanh()), this.first.forward(input));
  }
}

/** Layers. */
export async function modules(): Promise<void> {
  const model = new nn.Sequential(new nn.Linear(2, 8), new nn.GELU(), new nn.Linear(8, 1, { bias: false }));
  const y = model.forward(x);
  equal<typeof y, Tensor>();
  equal<ReturnType<typeof model.parameters>, Tensor[]>();
  equal<ReturnType<typeof model.namedParameters>[number][0], string>();
  equal<ReturnType<typeof model.stateDict>, Record<string, Tensor>>();
  for (const layer of model) equal<typeof layer, nn.Module>();
  const last = model.at(-1);
  equal<typeof last, nn.Module | undefined>();
  // @ts-expect-error a function is no module
  new nn.Sequential((input: Tensor) => input);
  // @ts-expect-error Pair does not pass a tensor on
  new nn.Sequential(new Pair());
  // @ts-expect-error it says forward
  model.call(x);
  // @ts-expect-error no such option
  new nn.Linear(2, 8, { biases: true });
  // @ts-expect-error a module is abstract
  new nn.Module();
  const evaluated = new Net().eval().train();
  equal<typeof evaluated, Net>();
  const moved = await new Net().to(Device.cpu());
  equal<typeof moved, Net>();
  const n = new Pair().forward({ left: x, right: x });
  equal<typeof n, number>();
  // @ts-expect-error its input is a pair
  new Pair().forward(x);
  const weights = new nn.MultiHeadAttention(64, 4, { causal: true }).weights(x);
  equal<typeof weights, Tensor>();
}

/** Training. */
export async function training(): Promise<void> {
  const model = new Net();
  const optimizer = new optim.AdamW(model, { lr: 1e-3, betas: [0.9, 0.99], clip: 1 });
  equal<typeof optimizer.lr, number>();
  equal<ReturnType<typeof optimizer.state>, { m: Tensor; v: Tensor } | null>();
  // @ts-expect-error two betas
  new optim.AdamW(model, { betas: [0.9] });
  // @ts-expect-error AdamW has no momentum
  new optim.AdamW(model, { momentum: 0.9 });
  // @ts-expect-error no number is a parameter
  new optim.SGD([1], { lr: 0.1 });
  equal<ReturnType<typeof optim.clipGradNorm>, number>();
  // @ts-expect-error there is no such schedule
  optim.Schedule.named("linear", 1e-3);

  const points = new data.TensorDataset(x, x);
  const history = await model.fit(points, {
    loss: functional.mseLoss,
    optimizer,
    epochs: 3,
    callbacks: {
      onStep: ({ step, loss }) => {
        equal<typeof step, number>();
        equal<typeof loss, number>();
      },
      onEpoch: async ({ epoch }) => epoch < 2,
    },
    signal: AbortSignal.timeout(1000),
  });
  equal<typeof history.loss, number[]>();
  await model.fit([[x, x]] as const, { loss: functional.mseLoss, optimizer });
  await model.fit((epoch) => data.batches(points, { batchSize: 8, seed: epoch }), { loss: functional.mseLoss, optimizer });
  // @ts-expect-error without a loss there is nothing to go down
  await model.fit(points, { optimizer });
  // @ts-expect-error a loss is a tensor
  await model.fit(points, { loss: () => 1, optimizer });
  // @ts-expect-error spelled epochs
  await model.fit(points, { loss: functional.mseLoss, optimizer, epoch: 3 });
  // @ts-expect-error a string is no way to stop
  await model.fit(points, { loss: functional.mseLoss, optimizer, signal: "stop" });
}

/** The whole model. */
export async function gpt(): Promise<void> {
  const model = new GPT("gpt-nano", { seed: 1 });
  equal<GPT, nn.GPT>();
  // @ts-expect-error there is no such preset
  new GPT("gpt-4");
  // @ts-expect-error a shape has more to it
  new GPT({ nLayer: 2 });
  equal<typeof model.config.nLayer, number>();
  equal<ReturnType<GPT["attention"]>, Tensor[]>();
  const stories = await data.prepare({ source: "stories", model });
  const run = await model.fit(stories, { steps: 10, checkpoint: "runs/nano", callbacks: { onSample: ({ text }) => equal<typeof text, string>() } });
  equal<typeof run.validation, number | null>();
  equal<typeof run.floor, number | null>();
  // @ts-expect-error a text is fitted with Rust's loop, which brings its own loss
  await model.fit(stories, { steps: 10, loss: functional.crossEntropy });
  // @ts-expect-error there is no such schedule
  await model.fit(stories, { schedule: "linear" });
  for await (const piece of model.generate("Once", { temperature: 0.8, topK: 40 })) equal<typeof piece, string>();
  // @ts-expect-error it is not awaited as a whole
  const text: string = await model.generate("Once");
  const opened = await GPT.load("runs/nano");
  equal<typeof opened.model, GPT>();
  const tokenizer = await data.Tokenizer.load("runs/nano/tokenizer.json");
  equal<ReturnType<typeof tokenizer.encode>, Uint32Array>();
  equal<typeof tokenizer.endOfText, number | null>();
  return void text;
}

/** Errors have a code of a known set. */
export function errors(caught: unknown): string {
  if (!(caught instanceof StrataError)) return "";
  equal<typeof caught.code, ErrorCode>();
  equal<typeof caught.op, string>();
  // @ts-expect-error there is no such code
  if (caught.code === "oops") return "";
  // @ts-expect-error the code is fixed
  caught.code = "shape";
  return caught.code === "shape" ? caught.message : caught.op;
}
