import { isDataset } from "../data/dataset.js";
import type { Dataset } from "../data/dataset.js";
import { nativeTokenizer } from "../data/tokenizer.js";
import type { Tokenizer } from "../data/tokenizer.js";
import { defaultDevice, nativeDevice } from "../device.js";
import type { Device } from "../device.js";
import { codeOf } from "../dtype.js";
import { StrataError } from "../error.js";
import { embedding } from "../functional/embedding.js";
import { linearTied } from "../functional/linear.js";
import { crossEntropy } from "../functional/loss.js";
import { tidy } from "../memory.js";
import { Dropout } from "../nn/activation.js";
import { TransformerBlock } from "../nn/block.js";
import { Embedding } from "../nn/embedding.js";
import { fit } from "../nn/fit.js";
import type { FitData, FitHistory, FitOptions } from "../nn/fit.js";
import { LayerNorm } from "../nn/layernorm.js";
import { instances, Module } from "../nn/module.js";
import { slots } from "../nn/walk.js";
import { checkSeed, nextSeed } from "../random.js";
import { receivers } from "../shared/border.js";
import { optionsOf, pathOf, text } from "../shared/options.js";
import { noGrad } from "../tensor/mode.js";
import type { Tensor } from "../tensor/tensor.js";
import { GptArena, isArena, nativeGpt } from "./arena.js";
import { blockOf, gptName } from "./build.js";
import { alone, idle } from "./busy.js";
import { loadGpt } from "./checkpoint.js";
import type { Checkpoint } from "./checkpoint.js";
import type { GptConfig, GptPreset } from "./config.js";
import { fitGpt } from "./fit.js";
import { generate } from "./generate.js";
import type { GenerateOptions } from "./generate.js";
import type { GptFit, GptFitOptions } from "./options.js";
import type { Trainer } from "./trainer.js";

/** Where a GPT is made, and from which numbers. */
export interface GptOptions {
  /** The device; {@link defaultDevice} if left out. */
  readonly device?: Device | undefined;
  /** Seed of the weights; the stream that {@link manualSeed} starts if left out. */
  readonly seed?: number | undefined;
  /** Probability of dropping an activation in {@link GPT.forward}, in training mode. Default 0. */
  readonly dropout?: number | undefined;
}

/**
 * A GPT-2-shaped transformer: token and position tables, pre-norm blocks, a final LayerNorm, and the
 * token table once more as the head (Radford et al., 2019).
 *
 * It is composed here, of the layers of `nn`, so that everything on the way can be looked at; the
 * parameters lie in Rust's {@link GptArena}, under GPT-2's names. `fit` trains it with Rust's own loop.
 *
 * ```ts
 * const model = new GPT("gpt-1m");
 * const stories = await data.prepare({ model });
 * await model.fit(stories, { steps: 300 });
 * for await (const piece of model.generate("Once")) process.stdout.write(piece);
 * ```
 */
export class GPT extends Module {
  /** The token table [vocab, width]; the head, too. */
  readonly wte: Embedding;
  /** The position table [positions, width]. */
  readonly wpe: Embedding;
  /** After the tables. */
  readonly drop: Dropout;
  /** The blocks. */
  readonly h: readonly TransformerBlock[];
  /** Before the head. */
  readonly lnF: LayerNorm;
  /** What its text is tokenized with; set by {@link fit} and {@link load}. */
  tokenizer: Tokenizer | null = null;
  /** What it was trained on: `"stories"`, `"book"`, a path, `""` if unknown. */
  about = "";
  #arena: GptArena;
  #trainer: Trainer | null = null;
  #loaded = false;
  #fitting = false;

  /**
   * @param config - A preset's name, or a shape.
   * @throws {@link StrataError} `"argument"`, `"value"` for a shape that cannot be built; `"memory"`.
   */
  constructor(config: GptPreset | GptConfig | GptArena, options?: GptOptions) {
    super();
    const { device = defaultDevice(), dropout = 0, seed } = optionsOf("GPT", options);
    const from = seed === undefined ? nextSeed() : checkSeed(seed, "GPT");
    const arena = isArena(config) ? config : GptArena.create(config, device, from);
    const { vocabSize, nPositions, nEmbd, nLayer, layerNormEpsilon: eps } = arena.config;
    const p = (name: string): Tensor => arena.parameter(`transformer.${name}`);
    this.#arena = arena;
    this.wte = new Embedding(vocabSize, nEmbd, { weight: p("wte.weight") });
    this.wpe = new Embedding(nPositions, nEmbd, { weight: p("wpe.weight") });
    this.drop = new Dropout(dropout);
    this.h = Array.from({ length: nLayer }, (_, i) => blockOf(arena, i, dropout));
    this.lnF = new LayerNorm(nEmbd, { eps, weight: p("ln_f.weight"), bias: p("ln_f.bias") });
  }

  /** Its shape. */
  get config(): Readonly<Required<GptConfig>> {
    return this.#arena.config;
  }

  /** Its memory in Rust. */
  get arena(): GptArena {
    return this.#arena;
  }

  /** Where it lives. */
  get device(): Device {
    return this.#arena.device;
  }

  /** The run it is in the middle of, or has come to the end of; null if there was none. */
  get trainer(): Trainer | null {
    return this.#trainer;
  }

  /** Whether its weights come from a checkpoint. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** GPT-2's names for what is called otherwise here: `h.0.attn.qkv` is `transformer.h.0.attn.c_attn`. */
  override pathOf(path: string): string {
    return gptName(text("pathOf", "path", path));
  }

  /** Tokens and places as vectors, [batch, rows, width]. */
  embed(ids: Tensor): Tensor {
    return this.drop.forward(embedding(ids, this.wte.weight, this.wpe.weight));
  }

  /**
   * Logits [batch, rows, vocab] of token ids [batch, rows] of u32.
   *
   * @throws {@link StrataError} `"shape"` for more rows than positions; `"busy"` while `fit` trains.
   */
  override forward(ids: Tensor): Tensor {
    idle(this.#arena, "forward");
    return tidy(() => {
      const x = this.h.reduce((at, block) => block.forward(at), this.embed(ids));
      return linearTied(this.lnF.forward(x), this.wte.weight);
    });
  }

  /** Mean cross-entropy in nats of targets [batch, rows] of u32, result []; {@link IGNORE} is not scored. */
  loss(ids: Tensor, targets: Tensor): Tensor {
    return tidy(() => crossEntropy(this.forward(ids), targets));
  }

  /** Who looks at whom: for each block the probabilities [batch, heads, rows, rows]; no gradient. */
  attention(ids: Tensor): Tensor[] {
    idle(this.#arena, "attention");
    return noGrad(() =>
      tidy(() => {
        const all: Tensor[] = [];
        let x = this.embed(ids);
        for (const block of this.h) {
          all.push(block.weights(x));
          x = block.forward(x);
        }
        return all;
      }),
    );
  }

  /** Sets all gradients to zero, in one launch. */
  override zeroGrad(): void {
    idle(this.#arena, "zeroGrad");
    this.#arena.zeroGrad();
  }

  /** Moves the weights to a device. They are new tensors there: make optimizers and runs afterwards. */
  override async to(device: Device): Promise<this> {
    nativeDevice(device, "to");
    idle(this.#arena, "to");
    if (this.#fitting) {
      throw new StrataError("busy", "to: this model is being trained; await that run before you move it", "to");
    }
    const arena = await this.#arena.on(device);
    for (const { owner, key, path } of [...slots(this)]) Reflect.set(owner, key, arena.parameter(path));
    this.#arena = arena;
    this.#trainer = null;
    return this;
  }

  /**
   * Trains on a text with Rust's loop, on a thread of its own: batches, AdamW, schedule, evaluation,
   * samples, checkpoints. The event loop stays free; callbacks are awaited before the run goes on.
   * Options that are left out are chosen by the model's size and the device.
   *
   * @throws {@link StrataError} `"aborted"`, with the signal's reason as `cause`, once the run has
   * stopped after a whole step, saved if `checkpoint` is given; `"callback"`; `"non-finite"`;
   * `"busy"` while another fit of this model runs; `"data"` for a text tokenized for another model;
   * `"checkpoint"`, `"file"`.
   */
  override fit(data: Dataset, options?: GptFitOptions): Promise<GptFit>;
  /** Trains as any module is trained: see {@link Module.fit}. Inputs are ids [batch, rows]. */
  override fit(data: FitData<Tensor>, options: FitOptions<Tensor>): Promise<FitHistory>;
  override async fit(
    data: Dataset | FitData<Tensor>,
    options?: GptFitOptions | FitOptions<Tensor>,
  ): Promise<GptFit | FitHistory> {
    optionsOf("fit", options);
    if (this.#fitting) {
      throw new StrataError("busy", "fit: this model is being trained already; await that run first", "fit");
    }
    this.#fitting = true;
    try {
      if (options !== undefined && "loss" in options) {
        if (isDataset(data)) throw twoLoops();
        return await fit(this, data, options);
      }
      if (!isDataset(data)) throw twoLoops();
      return await fitGpt(this, data, { ...options }, (trainer) => {
        this.#trainer = trainer;
      });
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * Writes on from a prompt, piece by piece: text without the prompt, never half a character, until
   * the model ends its text or `maxTokens` are written.
   *
   * @throws {@link StrataError} at once: `"argument"`, `"value"` for the options, `"data"` for a prompt
   * that the tokenizer cannot spell; while writing: `"aborted"`, `"busy"`.
   */
  generate(prompt = "", options?: GenerateOptions): AsyncGenerator<string, void, undefined> {
    return generate(this, prompt, options);
  }

  /**
   * Saves configuration, weights and tokenizer as a folder that `transformers` opens, too. A run that
   * is to go on is saved by `fit`'s `checkpoint`, or by `model.trainer.save`.
   *
   * @param tokenizer - Default the model's own.
   * @param options - `dtype`: what the file keeps weights in, default f32; in bf16 or f16 they are rounded,
   * and it is half as large.
   * @throws {@link StrataError} `"file"` if it cannot be written; `"argument"` without a tokenizer;
   * `"value"` for a dtype of integers, or for a weight that f16 cannot hold.
   */
  async save(
    folder: string,
    tokenizer: Tokenizer | null = this.tokenizer,
    options?: { readonly dtype?: "f32" | "bf16" | "f16" | undefined },
  ): Promise<void> {
    const { dtype = "f32" } = optionsOf("save", options);
    if (tokenizer === null) {
      throw new StrataError("argument", "save: give a tokenizer; this model was not trained or loaded with one", "save");
    }
    const to = pathOf("save", "folder", folder);
    const [gpt, words] = [nativeGpt(this.#arena), nativeTokenizer(tokenizer, "save")];
    await alone(this.#arena, "save", () => gpt.save(to, words, codeOf(dtype, "save")));
  }

  /**
   * Opens a checkpoint folder, Strata's or one that `transformers` saved from a GPT-2.
   *
   * @throws {@link StrataError} `"checkpoint"`, `"file"` or `"data"`; the message names the file.
   */
  static async load(folder: string, options?: { device?: Device | undefined }): Promise<Checkpoint> {
    const { device = defaultDevice() } = optionsOf("load", options);
    const { arena, about, tokenizer, trainer } = await loadGpt(pathOf("load", "folder", folder), device);
    const model = new GPT(arena);
    model.tokenizer = tokenizer;
    model.about = about;
    model.#trainer = trainer;
    model.#loaded = true;
    return { model, tokenizer, trainer, about };
  }
}

receivers(GPT, instances(GPT));

function twoLoops(): StrataError {
  const message = "fit: a Dataset is trained on by Rust's loop, without loss and optimizer; pairs of tensors need both";
  return new StrataError("argument", message, "fit");
}
