// AdamW, rung 2: four parameters a thread, loaded and stored as one 16-byte vector.
//
// Idea: the arithmetic hides behind the memory, so only the memory counts. One 16-byte load asks for
// as much as four 4-byte loads with a quarter of the instructions, and a thread has 64 bytes under way
// at once: the card's queues stay full with fewer threads.
// Cost: as rung 1: 28 bytes a parameter, 30 with a shadow in 16 bits, of which four are one store of 8.
// Gain: a few per cent of bandwidth; rung 1 is coalesced already.
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
    unsigned n;          // elements of the arenas, a multiple of 4
    unsigned decayed;    // the first ones, to which weight decay applies
    float beta1, rest1;  // beta and 1 - beta: the host subtracts in float64
    float beta2, rest2;
    float ln_beta1, ln_beta2;
    float eps;
    float weight_decay;
    float max_norm;
};

// One parameter; `keep` is what weight decay leaves of it.
__device__ __forceinline__ void update(
    float& value, float g, float& m, float& v, float keep, float rate, float root, const Params& p
) {
    m = p.beta1 * m + p.rest1 * g;
    v = p.beta2 * v + p.rest2 * (g * g);
    value = value * keep - rate * (m / (sqrtf(v) * root + p.eps));
}

extern "C" __global__ void adamw(
    float4* values, const float4* grads, float4* m, float4* v,
    const StepState* state, const float* norm, result* shadow, Params p
) {
    if (!is_finite(norm[0])) return;
    float lr = state->lr;
    float step = (float)max(state->step, 1u);
    float rate = lr / -expm1f(step * p.ln_beta1);
    float root = 1.0f / sqrtf(-expm1f(step * p.ln_beta2));
    float clip = CLIP ? clip_factor(norm[0], p.max_norm) : 1.0f;
    float keep = 1.0f - lr * p.weight_decay;

    unsigned fours = p.n / 4;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < fours; i += gridDim.x * (size_t)blockDim.x) {
        // region: loop
        float4 x = values[i], g = grads[i], mi = m[i], vi = v[i];
        size_t e = 4 * i;
        update(x.x, g.x * clip, mi.x, vi.x, e + 0 < p.decayed ? keep : 1.0f, rate, root, p);
        update(x.y, g.y * clip, mi.y, vi.y, e + 1 < p.decayed ? keep : 1.0f, rate, root, p);
        update(x.z, g.z * clip, mi.z, vi.z, e + 2 < p.decayed ? keep : 1.0f, rate, root, p);
        update(x.w, g.w * clip, mi.w, vi.w, e + 3 < p.decayed ? keep : 1.0f, rate, root, p);
        values[i] = x;
        if (SHADOW) store4(shadow + e, x);
        m[i] = mi;
        v[i] = vi;
        // end: loop
    }
}
