// SGD with momentum, rung 1: one thread a parameter, one launch for the whole model.
//
// Idea: as AdamW's, with one moment instead of two (Polyak's heavy ball, 1964): the velocity
// remembers past gradients, so that steps along a ravine add up and steps across it cancel.
// Cost: 6 FLOPs and 20 bytes a parameter; 12 bytes without momentum; 2 more for a shadow in 16 bits, as
// AdamW writes one. Bound by memory.
#include "step_state.cuh"
#include "clip.cuh"
#include "stored.cuh"

#ifndef CLIP
#define CLIP 0
#endif
#ifndef MOMENTUM
#define MOMENTUM 0
#endif
#ifndef SHADOW
#define SHADOW 0
#endif

struct Params {
    unsigned n;        // elements of the arenas
    unsigned decayed;  // the first ones, to which weight decay applies
    float momentum;
    float weight_decay;
    float max_norm;
};

extern "C" __global__ void sgd(
    float* values, const float* grads, float* velocity,
    const StepState* state, const float* norm, result* shadow, Params p
) {
    if (!is_finite(norm[0])) return;
    float lr = state->lr;
    float clip = CLIP ? clip_factor(norm[0], p.max_norm) : 1.0f;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * (size_t)blockDim.x) {
        // region: loop
        float value = values[i];
        float u = grads[i] * clip + (i < p.decayed ? p.weight_decay * value : 0.0f);
#if MOMENTUM
        u += p.momentum * velocity[i];
        velocity[i] = u;
#endif
        value -= lr * u;
        values[i] = value;
        if (SHADOW) shadow[i] = from_f32<result>(value);
        // end: loop
    }
}
