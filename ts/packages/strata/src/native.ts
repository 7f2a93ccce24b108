/**
 * The engine's own interface: what the napi addon exports (and, in the browser, the WebAssembly
 * module). Everything a reader uses is built on it in the files beside this one.
 *
 * Tensors cross this border as small numbers, {@link Handle}s into a table on Rust's side: an object
 * made in native code would cost more than a small addition does. Each number
 * belongs to exactly one `Tensor`, which gives it back (see `memory.ts`). Structured answers come
 * as JSON text, which every runtime parses quickly and types cheaply.
 *
 * Every function throws a `StrataError`; every promise rejects with one.
 */

/** A tensor's place in the engine's table; 0 is nobody's. */
export type Handle = number;

/** A dtype's place in `DTYPES`: f32, bf16, f16, i32, u32. */
export type DTypeCode = 0 | 1 | 2 | 3 | 4;

/** A device: a CPU, an NVIDIA card, a WebGPU adapter. */
export interface NativeDevice {
  /** JSON: {@link DeviceInfo}. */
  info(): string;
  /** The same device with a rung forced for an op. */
  withRung(op: string, rung: string): NativeDevice;
  /** How exactly products are made on this handle: {@link Precision}. */
  precision(): string;
  /** The same device with products in another precision, if it has that. */
  withPrecision(precision: string): NativeDevice;
  /** Whether two handles are one device. */
  same(other: NativeDevice): boolean;
  /** JSON: `{ allocations, bytes, inUse, launches, writes, reads }` since it was opened. */
  stats(): string;
  /** Resolves when everything launched so far has run. */
  synchronize(): Promise<void>;
  /** Frees cached memory that nobody uses. */
  trim(): void;
  /** JSON: `{ compute, bandwidth }`, FLOP/s of a matrix product and bytes/s of a copy, measured. */
  ceiling(): Promise<string>;
}

/** The tape behind a tensor, held in place. Node `i` is the i-th of `json()`'s list. */
export interface NativeGraph {
  /** JSON: a list of `{ id, op, name, shape, requires_grad, inputs }`, inputs first. */
  json(): string;
  /** Graphviz text. */
  dot(): string;
  /** A drawing. */
  svg(): string;
  /** A new handle on node `i`'s variable (its value, and its place on the tape). */
  value(i: number): Handle;
  /** A new handle on node `i`'s gradient, 0 if it has none (yet). */
  grad(i: number): Handle;
  /** JSON: a list of {@link KernelJson}, forward or backward. */
  kernels(i: number, backward: boolean): string;
  /** Runs kernel `k` of node `i` again, alone and with fresh outputs; resolves to seconds. */
  time(i: number, k: number, backward: boolean): Promise<number>;
}

/** One launch, as {@link NativeGraph.kernels} lists it. */
export interface KernelJson {
  /** `matmul/2_threaded`. */
  path: string;
  /** The function's name in the source. */
  entry: string;
  /** The op whose ladder it is on. */
  op: string;
  /** The rung that was taken. */
  rung: string;
  /** What it ran on. */
  machine: "cpu" | "cuda" | "wgpu";
  /** CUDA text. */
  cuda: string | null;
  /** WGSL text. */
  wgsl: string | null;
  /** The body that runs on the CPU. */
  rust: { name: string; file: string; source: string } | null;
  /** Workgroups in each dimension. */
  grid: [number, number, number];
  /** Invocations of a workgroup in each dimension. */
  block: [number, number, number];
  /** Workgroup memory beyond what the source declares. */
  sharedBytes: number;
  /** Numbers fixed when it was compiled. */
  constants: Record<string, number>;
  /** Its small parameters, as 32-bit words. */
  params: number[];
  /** The same by name; what JSON has no number for is null. */
  fields: { name: string; type: "f32" | "i32" | "u32"; values: (number | null)[] }[];
  /** Its buffers. */
  bindings: { name: string; type: string; access: "read" | "write"; bytes: number }[];
  /** Floating-point operations. */
  flops: number;
  /** The fewest bytes that must move. */
  bytes: number;
}

/** An optimizer over a list of parameters, or over a model's arenas. */
export interface NativeOptimizer {
  /** Moves every parameter that has a gradient. */
  step(lr: number): void;
  /** Steps done. */
  steps(): number;
  setSteps(steps: number): void;
  /** Handles on the moments of parameter `i`: `[m, v]` for AdamW, `[velocity]` or `[]` for SGD. */
  state(i: number): Handle[];
  /** Global gradient norm of the last step, before clipping. */
  norm(): number;
}

/** A tokenizer. */
export interface NativeTokenizer {
  kind(): "bpe" | "char";
  vocabSize(): number;
  /** The id of `<|endoftext|>`, or -1. */
  endOfText(): number;
  encode(text: string): Uint32Array;
  decode(ids: Uint32Array): string;
  /** One token as a reader should see it. */
  show(id: number): string;
  /** The bytes of one token. */
  bytes(id: number): Uint8Array;
  /** Triples left, right, id, in the order they were learned. */
  merges(): Uint32Array;
  json(): string;
  save(path: string): Promise<void>;
}

/** One batch. */
export interface NativeBatch {
  inputs: Uint32Array;
  targets: Uint32Array;
  batch: number;
  context: number;
  scored: number;
  bytes: number;
  /** Nats a token that no model can beat here, or NaN. */
  floor: number;
}

/** A tokenizer and the rows of a text in its tokens. */
export interface NativeDataset {
  tokenizer(): NativeTokenizer;
  context(): number;
  isStories(): boolean;
  notes(): string[];
  /** Tokens to train on, or -1 for stories, which never end. */
  trainTokens(): number;
  train(step: number, batch: number): NativeBatch;
  validationBatches(batch: number): number;
  validation(index: number, batch: number): NativeBatch;
  prompt(): Uint32Array;
}

/** A GPT's weights and forward pass in Rust. */
export interface NativeGpt {
  /** JSON: the configuration, in GPT-2's field names. */
  config(): string;
  /** JSON: a list of `{ name, shape, decay, offset }`, in the order of declaration. */
  parameterInfos(): string;
  /** New handles on the parameters, in that order. */
  parameters(): Handle[];
  /** Logits [batch, rows, vocab] of ids [batch, rows]; the whole model in one call. */
  forward(ids: Handle): Handle;
  /** Mean cross-entropy of targets [batch, rows]. */
  loss(ids: Handle, targets: Handle): Handle;
  /** Sets all gradients to zero, in one launch. */
  zeroGrad(): void;
  /** Configuration, weights and tokenizer as a folder. */
  save(folder: string, tokenizer: NativeTokenizer, dtype: DTypeCode): Promise<void>;
}

/** A model being trained by Rust's own loop. */
export interface NativeTrainer {
  /** JSON: how the run is set up. */
  config(): string;
  /** JSON: `{ step, tokens, seconds, validation }`. */
  done(): string;
  /** A new length: JSON `{ "steps": n }` or `{ "minutes": m }`. */
  setLength(json: string): void;
  /** Whether this is another text than the run has had so far, or one that was edited since. */
  textChanged(data: NativeDataset): boolean;
  /** The learning rate that a run of so many steps gives the next one; refuses runs in minutes. */
  scheduledLr(): number;
  /** One step on this batch; resolves to JSON `{ step, loss, norm, lr }`. */
  step(inputs: Uint32Array, targets: Uint32Array, lr: number): Promise<string>;
  /** The same, waiting for it: what the overhead of this package is measured against. */
  stepNow(inputs: Uint32Array, targets: Uint32Array, lr: number): string;
  /** Handles on the moments m and v of a parameter, views of the optimizer's arenas. */
  moments(name: string): Handle[];
  /** Held-out loss over so many batches; resolves to JSON `{ nats, tokens }`. */
  evaluate(data: NativeDataset, batches: number): Promise<string>;
  save(folder: string, tokenizer: NativeTokenizer, about: string): Promise<void>;
  /**
   * Prepares a run, which {@link NativeRun.outcome} starts. `on` gets JSON events `{ type: "step" |
   * "evaluated" | "sample" | "saved", … }`; the run waits after each until {@link NativeRun.answer}.
   */
  fit(data: NativeDataset, folder: string | null, saveEvery: string | null, about: string, on: (event: string) => void): NativeRun;
}

/** A run in progress on a thread of its own. */
export interface NativeRun {
  /** Starts the run; resolves to JSON `{ stop: "finished" | "asked", nats, tokens, floor }`, null where there is none. */
  outcome(): Promise<string>;
  /** Lets the run go on after an event, or asks it to stop (it saves first). */
  answer(goOn: boolean): void;
}

/** A model that writes, token by token, with its past in a KV cache on the device. */
export interface NativeWriter {
  /** Reads tokens. */
  read(tokens: Uint32Array): Promise<void>;
  /** Draws the next token (reading the one before it first); resolves to its id. */
  next(): Promise<number>;
}

/** A checkpoint, opened. `trainer` is null for a model that another program saved. */
export interface NativeCheckpoint {
  gpt(): NativeGpt;
  tokenizer(): NativeTokenizer;
  trainer(): NativeTrainer | null;
  /** What it was trained on, in words; empty where unknown. */
  about(): string;
}

/** The whole engine. */
export interface Native {
  /** Hands over the class that errors are made of: `new Class(code, message, op)`. */
  setErrorClass(errorClass: new (code: string, message: string, op: string) => Error): void;
  version(): string;

  // Devices
  cpuDevice(): NativeDevice;
  /** `options`: JSON `{ rungs?: { [op]: rung }, kernels?: folder }`. */
  openDevice(name: string, options: string): Promise<NativeDevice>;
  /** The best device; its reason comes from {@link Native.bestReason} afterwards. */
  bestDevice(options: string): Promise<NativeDevice>;
  bestReason(): string;
  /** What `STRATA_PRECISION` asks for, or "". */
  askedPrecision(): string;
  /** JSON: a list of `{ machine, info | null, reason | null }`. */
  listDevices(): Promise<string>;
  /** JSON: a list of `{ op, rungs: [{ name, precision, native, machines, kernels: [{ path, entry, cuda, wgsl, rust }] }] }`. */
  ladders(): string;

  // Tensors: creation
  /** From the bytes of a typed array, which comes last: to convert what stands before it may run code. */
  fromBytes(device: NativeDevice, dtype: DTypeCode, shape: number[], bytes: Uint8Array): Handle;
  zeros(device: NativeDevice, dtype: DTypeCode, shape: number[]): Handle;
  /** f32. */
  full(device: NativeDevice, shape: number[], value: number): Handle;
  randn(device: NativeDevice, shape: number[], seed: number): Handle;
  uniform(device: NativeDevice, shape: number[], seed: number): Handle;

  // Tensors: what they are
  /** `[dtype, requiresGrad, isLeaf, offset, rank, ...shape, ...strides]`. */
  describe(a: Handle): number[];
  /** The op that made it, `""` for a leaf. */
  opOf(a: Handle): string;
  /** A number no other tensor has: the `id` of its node in a graph. */
  idOf(a: Handle): number;
  /** `[storage id, storage bytes]`. */
  storageOf(a: Handle): number[];
  free(a: Handle): void;
  /** Handles in use, for tests. */
  liveHandles(): number;
  /** Bytes in use on every device that was opened: by tensors, by tapes, by models. */
  liveBytes(): number;

  // Tensors: data in and out
  read(a: Handle): Promise<ArrayBuffer>;
  readSync(a: Handle): ArrayBuffer;
  item(a: Handle): number;
  /** The whole storage of a CPU tensor, not copied. */
  storage(a: Handle): ArrayBuffer;
  /** Whether `storage` shows Rust's memory here (false: this runtime forced a copy). */
  aliases(): boolean;
  write(a: Handle, bytes: Uint8Array): void;
  copyFrom(to: Handle, from: Handle): void;
  fill(a: Handle, value: number): void;
  toDevice(a: Handle, device: NativeDevice): Promise<Handle>;
  /** A copy on a handle of the same device that forces other rungs. */
  rehome(a: Handle, device: NativeDevice): Handle;

  // Arithmetic, element by element, broadcast
  add(a: Handle, b: Handle): Handle;
  sub(a: Handle, b: Handle): Handle;
  mul(a: Handle, b: Handle): Handle;
  div(a: Handle, b: Handle): Handle;
  pow(a: Handle, b: Handle): Handle;
  maximum(a: Handle, b: Handle): Handle;
  minimum(a: Handle, b: Handle): Handle;
  /** What a division towards 0 leaves, of integers; no gradient. */
  rem(a: Handle, b: Handle): Handle;
  /** 1 where it holds, else 0; no gradient. */
  eq(a: Handle, b: Handle): Handle;
  ne(a: Handle, b: Handle): Handle;
  gt(a: Handle, b: Handle): Handle;
  ge(a: Handle, b: Handle): Handle;
  lt(a: Handle, b: Handle): Handle;
  le(a: Handle, b: Handle): Handle;
  /** `alpha * a + beta`. */
  affine(a: Handle, alpha: number, beta: number): Handle;
  powf(a: Handle, exponent: number): Handle;
  clamp(a: Handle, low: number, high: number): Handle;
  neg(a: Handle): Handle;
  exp(a: Handle): Handle;
  log(a: Handle): Handle;
  sqrt(a: Handle): Handle;
  square(a: Handle): Handle;
  abs(a: Handle): Handle;
  recip(a: Handle): Handle;
  sin(a: Handle): Handle;
  cos(a: Handle): Handle;
  tanh(a: Handle): Handle;
  relu(a: Handle): Handle;
  sigmoid(a: Handle): Handle;
  gelu(a: Handle): Handle;
  silu(a: Handle): Handle;

  // Shapes
  reshape(a: Handle, shape: number[]): Handle;
  permute(a: Handle, order: number[]): Handle;
  transpose(a: Handle, d0: number, d1: number): Handle;
  narrow(a: Handle, d: number, start: number, length: number): Handle;
  sliceStep(a: Handle, d: number, start: number, end: number, step: number): Handle;
  select(a: Handle, d: number, index: number): Handle;
  squeeze(a: Handle, d: number): Handle;
  unsqueeze(a: Handle, d: number): Handle;
  broadcastTo(a: Handle, shape: number[]): Handle;
  contiguous(a: Handle): Handle;
  cast(a: Handle, dtype: DTypeCode): Handle;
  concat(parts: Handle[], d: number): Handle;
  stack(parts: Handle[], d: number): Handle;

  // Reductions
  sum(a: Handle, dims: number[], keepdim: boolean): Handle;
  mean(a: Handle, dims: number[], keepdim: boolean): Handle;
  max(a: Handle, dims: number[], keepdim: boolean): Handle;
  min(a: Handle, dims: number[], keepdim: boolean): Handle;
  norm(a: Handle, dims: number[], keepdim: boolean): Handle;
  /** u32 indices along the last dimension; no gradient. */
  argmax(a: Handle): Handle;
  /** Running sums along a dimension. */
  cumsum(a: Handle, d: number): Handle;
  /** `[values, places]` of the `k` largest along the last dimension; the places have no gradient. */
  topk(a: Handle, k: number): Handle[];
  /** u32 places, drawn by weights along the last dimension; no gradient. */
  multinomial(weights: Handle, draws: number, seed: number, replacement: boolean): Handle;

  // Choosing
  /** `a` where `condition` is not 0, else `b`, broadcast. */
  where(condition: Handle, a: Handle, b: Handle): Handle;
  /** `a` on and below a diagonal of the last two dimensions, else 0. */
  tril(a: Handle, diagonal: number): Handle;
  /** `a` on and above a diagonal of the last two dimensions, else 0. */
  triu(a: Handle, diagonal: number): Handle;
  /** 1 where NaN, else 0; no gradient. */
  isnan(a: Handle): Handle;
  /** f32 [..., classes] of i32 or u32 ids; no gradient. */
  oneHot(ids: Handle, classes: number): Handle;
  /** The elements at i32 or u32 places along a dimension. */
  gather(a: Handle, d: number, index: Handle): Handle;
  /** `a` with `source` added at places along a dimension. */
  scatterAdd(a: Handle, d: number, index: Handle, source: Handle): Handle;

  // Products and layers
  matmul(a: Handle, b: Handle): Handle;
  /** `x·weight + bias`, weight [in, out]; bias 0 for none. */
  linear(x: Handle, weight: Handle, bias: Handle): Handle;
  linearGelu(x: Handle, weight: Handle, bias: Handle): Handle;
  /** `x·weight + bias + residual` in one pass. */
  linearResidual(x: Handle, weight: Handle, bias: Handle, residual: Handle): Handle;
  /** `x·weightᵀ`. */
  linearTied(x: Handle, weight: Handle): Handle;
  layernorm(x: Handle, gamma: Handle, beta: Handle, eps: number): Handle;
  /** `[x + residual, layernorm of it]`. */
  residualLayernorm(x: Handle, residual: Handle, gamma: Handle, beta: Handle, eps: number): Handle[];
  /** `[out, mean, rstd]`; no gradient. */
  layernormStats(x: Handle, gamma: Handle, beta: Handle, eps: number): Handle[];
  softmax(a: Handle): Handle;
  logSoftmax(a: Handle): Handle;
  /** max, sum after each element of one row: `[m0, s0, m1, s1, …]`. */
  runningSoftmax(row: Float32Array): Float32Array;
  /** Mean over the scored rows, shape []; `classWeights` 0 for none. */
  crossEntropy(logits: Handle, targets: Handle, labelSmoothing: number, classWeights: Handle): Handle;
  /** `[mean, rows, lse]`; no gradient. */
  crossEntropyRows(logits: Handle, targets: Handle): Handle[];
  /**
   * `scale` NaN is 1/√head_dim; `seed` and `step` key the dropout of probabilities; `keyMask` [batch,
   * keys] is not 0 where a key may be seen, and 0 itself for none.
   */
  attention(
    q: Handle,
    k: Handle,
    v: Handle,
    causal: boolean,
    scale: number,
    dropout: number,
    seed: number,
    step: number,
    keyMask: Handle,
  ): Handle;
  attentionQkv(
    qkv: Handle,
    heads: number,
    causal: boolean,
    dropout: number,
    seed: number,
    step: number,
    keyMask: Handle,
  ): Handle;
  /** Probabilities [batch, heads, rows, keys]; no gradient. */
  attentionWeights(q: Handle, k: Handle, causal: boolean, scale: number, keyMask: Handle): Handle;
  /** `[q, k, v]`, views [batch, heads, rows, head_dim]; no gradient. */
  splitQkv(qkv: Handle, heads: number): Handle[];
  /** positions 0 for none. */
  embedding(ids: Handle, tokens: Handle, positions: Handle): Handle;
  dropout(x: Handle, p: number, seed: number, step: number): Handle;
  dropoutAdd(residual: Handle, x: Handle, p: number, seed: number, step: number): Handle;

  // The tape
  /** Makes the tensor a leaf that wants a gradient, or a constant. Only leaves may change. */
  setRequiresGrad(a: Handle, wants: boolean): void;
  /** A new handle on the same memory without a past. */
  detach(a: Handle): Handle;
  /** From this number, or from `grad`; 0 for none. Without `retain` the tape is let go. */
  backward(a: Handle, grad: Handle, retain: boolean): void;
  /** A new handle on the gradient; 0 if there is none. */
  grad(a: Handle): Handle;
  zeroGrad(a: Handle): void;
  retainGrad(a: Handle): void;
  /**
   * `hook` gets a handle of its own on the gradient and returns one that takes its place, 0 to leave
   * it, or 4294967295 if it threw. It must not throw itself.
   */
  hook(a: Handle, hook: (grad: Handle) => Handle): void;
  /** Runs `body` without a tape. */
  noGrad(body: () => void): void;
  gradEnabled(): boolean;
  graph(a: Handle): NativeGraph;

  // Optimizers; `config` is JSON
  adamw(parameters: Handle[], decay: boolean[], config: string): NativeOptimizer;
  sgd(parameters: Handle[], decay: boolean[], config: string): NativeOptimizer;
  /** AdamW over a model's arenas: one launch for all parameters. */
  adamwArena(gpt: NativeGpt, config: string): NativeOptimizer;
  sgdArena(gpt: NativeGpt, config: string): NativeOptimizer;
  /** Scales the gradients so that their global norm is at most `max`; returns the norm before. */
  clipGradNorm(parameters: Handle[], max: number): number;
  /** The learning rate of a step; `schedule` is JSON `{ name, peak, floor?, warmup?, decay? }`. */
  scheduleLr(schedule: string, step: number, total: number): number;

  // Data
  /** `on` hears JSON `{ done, total }`. */
  trainTokenizer(texts: string[], vocabSize: number, on: (event: string) => void): Promise<NativeTokenizer>;
  charTokenizer(texts: string[]): NativeTokenizer;
  loadTokenizer(path: string): Promise<NativeTokenizer>;
  /** `options`: JSON `{ source, tokenizer: "bpe" | "char", vocab_size, context, seed }`. */
  prepareDataset(options: string, tokenizer: NativeTokenizer | null, on: (event: string) => void): Promise<NativeDataset>;
  /** JSON: `{ text, logProb, decisions: [{ what, at, weight, total }] }`. */
  story(seed: number, index: number, heldOut: boolean): string;
  /** Nats of a story, on average and exactly. */
  storyEntropy(): number;
  storyLogProb(text: string): number;
  /** Named tensors to a safetensors file, and back: `[JSON list of { name, shape }, …handles]`. */
  saveTensors(path: string, names: string[], tensors: Handle[]): Promise<void>;
  loadTensors(path: string, device: NativeDevice): Promise<NativeTensorFile>;

  // The model
  /** `config`: JSON in GPT-2's names, or `{ "preset": "gpt-12m" }`. */
  createGpt(config: string, device: NativeDevice, seed: number): NativeGpt;
  loadCheckpoint(folder: string, device: NativeDevice): Promise<NativeCheckpoint>;
  createTrainer(gpt: NativeGpt, config: string): NativeTrainer;
  /** `sampling`: JSON `{ temperature, top_k, top_p, seed }`. */
  createWriter(gpt: NativeGpt, sampling: string): NativeWriter;

  // Measuring this package itself
  /** Nanoseconds that Rust alone takes for `n` additions of these tensors, all results kept to the end. */
  timeAdds(a: Handle, b: Handle, n: number): number;
}

/** Tensors of a file. */
export interface NativeTensorFile {
  names(): string[];
  /** New handles, in the names' order. Ask once. */
  take(): Handle[];
}
