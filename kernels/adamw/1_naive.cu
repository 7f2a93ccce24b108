// AdamW, rung 1: one thread a parameter, one launch for the whole model.
//
// Idea: all parameters lie in one arena, so the optimizer needs no list of tensors: element i of four
// arrays is all that thread i looks at. What changes from step to step (learning rate, step) is read
// from the device, and so is the gradient's norm: the host is not asked anything.
// Where a model computes in 16 bits, it reads its matrices from a shadow: a rounded copy of the values,
// which this launch writes too, since it has them in registers. Steps too small for 16 bits to show are
// not lost: they add up in f32.
// Cost: about 14 FLOPs and 28 bytes a parameter (4 loads, 3 stores), 2 more for a shadow: bound by
// memory, thirty times over. A launch of its own would read 4 bytes for those 2.
// Gain: this is the bottom rung; a loop over tensors would add a launch (some 5 us) for each of them.
#include "step_state.cuh"
#include "clip.cuh"
#include "stored.cuh"

#ifndef CLIP
#define CLIP 0
#endif
#ifndef SHADOW
#define SHADOW 0
#endif

struct Params {
    unsigned n;          // elements of the arenas
    unsigned decayed;    // the first ones, to which weight decay applies
    float beta1, rest1;  // beta and 1 - beta: the host subtracts in float64
    float beta2, rest2;
    float ln_beta1, ln_beta2;
    float eps;
    float weight_decay;
    float max_norm;
};

extern "C" __global__ void adamw(
    float* values, const float* grads, float* m, float* v,
    const StepState* state, const float* norm, result* shadow, Params p
) {
    if (!is_finite(norm[0])) return;
    // region: once
    float lr = state->lr;
    float step = (float)max(state->step, 1u);
    // The moments start at zero and are too small at first: divide by 1 - beta^step. For beta near 1
    // that is a small difference of large numbers; expm1 takes it without losing digits.
    float rate = lr / -expm1f(step * p.ln_beta1);
    float root = 1.0f / sqrtf(-expm1f(step * p.ln_beta2));
    float clip = CLIP ? clip_factor(norm[0], p.max_norm) : 1.0f;
    float keep = 1.0f - lr * p.weight_decay;
    // end: once

    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * (size_t)blockDim.x) {
        // region: loop
        float g = grads[i] * clip;
        float m_new = p.beta1 * m[i] + p.rest1 * g;
        float v_new = p.beta2 * v[i] + p.rest2 * (g * g);
        float value = i < p.decayed ? values[i] * keep : values[i];
        m[i] = m_new;
        v[i] = v_new;
        value -= rate * (m_new / (sqrtf(v_new) * root + p.eps));
        values[i] = value;
        if (SHADOW) shadow[i] = from_f32<result>(value);
        // end: loop
    }
}
