import { tidy } from "../memory.js";
import { noGrad } from "../tensor/mode.js";
import type { Tensor } from "../tensor/tensor.js";

/** How a parameter is doing. Norms are Euclidean, over all its elements. */
export interface ParameterReport {
  /** Its name. */
  readonly name: string;
  /** Norm of the gradient, before clipping; null if there is none. */
  readonly gradNorm: number | null;
  /** Norm of what the last step changed. */
  readonly updateNorm: number;
  /** Norm of the weights. */
  readonly weightNorm: number;
  /** `updateNorm / weightNorm`: around 1e-3 in a run that goes well. */
  readonly ratio: number;
  /** Norms of what the optimizer remembers: `m` and `v`, or `velocity`. */
  readonly state: Readonly<Record<string, number>>;
}

/** Where the numbers of a report come from. */
export interface Sources {
  /** What is remembered of a parameter. */
  readonly state: (parameter: Tensor) => Record<string, Tensor>;
  /** What the last step took from parameter number `i`. */
  readonly update: (parameter: Tensor, i: number) => Tensor;
}

/** Reports on every parameter. */
export function inspect(
  of: { readonly parameters: readonly Tensor[]; readonly names: readonly string[] },
  sources: Sources,
): ParameterReport[] {
  return noGrad(() => of.parameters.map((parameter, i) => report(of.names[i] ?? "", parameter, i, sources)));
}

function report(name: string, parameter: Tensor, i: number, { state, update }: Sources): ParameterReport {
  return tidy(() => {
    const { grad } = parameter;
    const norms = Object.entries(state(parameter)).map(([key, kept]) => [key, size(kept)] as const);
    const [weightNorm, updateNorm] = [size(parameter), grad === null ? 0 : size(update(parameter, i))];
    return {
      name,
      gradNorm: grad === null ? null : size(grad),
      updateNorm,
      weightNorm,
      ratio: updateNorm / weightNorm,
      state: Object.fromEntries(norms),
    };
  });
}

function size(tensor: Tensor): number {
  return tensor.norm().item();
}
