// Lion: one step of an optimizer that was found by search (Chen et al., 2023), one thread a parameter.
//
// Idea: AdamW divides by the gradient's usual size, so that its steps are about lr long. Lion takes
// the sign, and they are exactly lr long. What for, then, the second moment? It is gone. What is left
// is one momentum, read in two ways: the step looks at m and at the new gradient, mixed by beta1; what
// is remembered is mixed by beta2, which forgets more slowly.
//
//   c  = beta1 m + (1 - beta1) g
//   p -= lr * weight_decay * p          decoupled, the first `decayed` elements only
//   p -= lr * sign(c)                   sign(0) is 0: the arena's padding stays where it is
//   m  = beta2 m + (1 - beta2) g        with the m from before the step
//
// Cost: about 8 FLOPs and 20 bytes a parameter (3 loads, 2 stores): bound by memory.
// Gain over AdamW: 20 bytes instead of 28, and one moment to keep instead of two.
#include "step_state.cuh"

struct Params {
    unsigned n;          // elements of the arenas
    unsigned decayed;    // the first ones, to which weight decay applies
    float beta1, rest1;  // beta and 1 - beta: the host subtracts in float64
    float beta2, rest2;
    float weight_decay;
};

extern "C" __global__ void lion(
    float* values, const float* grads, float* m, const StepState* state, Params p
) {
    float lr = state->lr;
    float keep = 1.0f - lr * p.weight_decay;  // what decay leaves of a parameter
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * (size_t)blockDim.x) {
        float g = grads[i];
        // TODO, about 5 lines: The sign of c, then parameter i and momentum i, in place.
    }
}
