import { parse } from "../json.js";
import { KernelRun } from "../kernels.js";
import type { Handle, KernelJson, NativeGraph } from "../native.js";
import { onlyOurs, OURS, receivers } from "../shared/border.js";
import type { Tensor } from "./tensor.js";

/** Makes tensors of the graph's device; not a part of the graph's own business. */
type Wrap = (handle: Handle) => Tensor;

/** A node as the engine lists it. */
interface NodeJson {
  /** A number that no other tensor has. */
  readonly id: number;
  /** The op that made it. */
  readonly op: string;
  /** A parameter's name. */
  readonly name: string | null;
  /** Its value's. */
  readonly shape: number[];
  /** Whether a gradient flows to it. */
  readonly requires_grad: boolean;
  /** The `id`s of what it was made from. */
  readonly inputs: number[];
}

let isNode: (value: unknown) => boolean;
let isGraph: (value: unknown) => boolean;

/** One tensor of a tape: the op that made it, what it was made from, and what ran to compute it. */
export class GraphNode {
  static {
    isNode = (value) => typeof value === "object" && value !== null && #graph in value;
  }

  readonly #graph: NativeGraph;
  readonly #place: number;
  readonly #wrap: Wrap;
  /** A number that no other tensor of this process has. */
  readonly id: number;
  /** The op that made it; `leaf`, `parameter` or `constant` for those that no op made. */
  readonly op: string;
  /** A parameter's name. */
  readonly name: string | null;
  /** Shape of its value. */
  readonly shape: readonly number[];
  /** Whether a gradient flows to it. */
  readonly requiresGrad: boolean;
  /** The nodes that it was made from. */
  readonly inputs: readonly GraphNode[];

  /** Made by {@link Graph}. */
  constructor(key: symbol, graph: NativeGraph, place: number, about: NodeJson, inputs: readonly GraphNode[], wrap: Wrap) {
    onlyOurs(key, "GraphNode", "a tensor's graph() has them as its nodes");
    this.#graph = graph;
    this.#place = place;
    this.#wrap = wrap;
    this.id = about.id;
    this.op = about.op;
    this.name = about.name;
    this.shape = about.shape;
    this.requiresGrad = about.requires_grad;
    this.inputs = inputs;
  }

  /** A parameter's name, or the op. */
  get label(): string {
    return this.name ?? this.op;
  }

  /** The tensor itself, with its place on the tape; a new object over the same memory each time. */
  get value(): Tensor {
    return this.#wrap(this.#graph.value(this.#place));
  }

  /** Its gradient as of now; null before `backward` has been here. */
  get grad(): Tensor | null {
    const handle = this.#graph.grad(this.#place);
    return handle === 0 ? null : this.#wrap(handle);
  }

  /** What ran to compute its value. */
  get kernels(): KernelRun[] {
    return this.#runs(false);
  }

  /** What the last `backward` ran here: to pass the gradient on, or, at a leaf, to add it up. */
  get backwardKernels(): KernelRun[] {
    return this.#runs(true);
  }

  #runs(backward: boolean): KernelRun[] {
    const [graph, place] = [this.#graph, this.#place];
    return parse<KernelJson[]>(graph.kernels(place, backward)).map(
      (kernel, k) => new KernelRun(OURS, kernel, () => graph.time(place, k, backward)),
    );
  }
}

/**
 * The tape behind a tensor, held in place: it can be walked, drawn and looked into, also after
 * `backward`, whose gradients appear in its nodes.
 */
export class Graph {
  static {
    isGraph = (value) => typeof value === "object" && value !== null && #graph in value;
  }

  readonly #graph: NativeGraph;
  /** All nodes, inputs before what was made of them; the last one is the tensor itself. */
  readonly nodes: readonly GraphNode[];

  /** Made by `tensor.graph()`. */
  constructor(key: symbol, graph: NativeGraph, wrap: Wrap) {
    onlyOurs(key, "Graph", "tensor.graph() makes one");
    this.#graph = graph;
    const known = new Map<number, GraphNode>();
    this.nodes = parse<NodeJson[]>(graph.json()).map((about, place) => {
      const inputs = about.inputs.flatMap((id) => known.get(id) ?? []);
      const node = new GraphNode(OURS, graph, place, about, inputs, wrap);
      known.set(about.id, node);
      return node;
    });
  }

  /** The graph in Graphviz's language. */
  dot(): string {
    return this.#graph.dot();
  }

  /** The graph as JSON: a list of `{ id, op, name, shape, requires_grad, inputs }`. */
  json(): string {
    return this.#graph.json();
  }

  /** The graph as a drawing. */
  svg(): string {
    return this.#graph.svg();
  }
}

receivers(GraphNode, isNode);
receivers(Graph, isGraph);
