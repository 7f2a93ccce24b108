// AdamW over whole arenas, four parameters a thread.
//
// Idea: the arithmetic hides behind the memory, so only the memory counts. One 16-byte load asks for
// as much as four 4-byte loads with a quarter of the instructions, and a thread has 64 bytes under way
// at once. What changes from step to step (learning rate, step, the gradient's norm) is read from the
// device: the host is not asked, and a recorded step can be replayed.
// Cost: 14 FLOPs and 28 bytes a parameter (4 loads, 3 stores): bound by memory, thirty times over.
// Expected gain over 1_naive: a few per cent of bandwidth; that one is coalesced already.
#include "step_state.cuh"
#include "clip.cuh"
#include "stored.cuh"

#ifndef CLIP
#define CLIP 0  // 1: gradients longer than max_norm are scaled down to it
#endif
#ifndef SHADOW
#define SHADOW 0  // 1: a copy of the new values goes into shadow, in 16 bits
#endif

struct Params {
    unsigned n;          // elements of the arenas, a multiple of 4
    unsigned decayed;    // the first ones, to which weight decay applies; any number of them
    float beta1, rest1;  // beta and 1 - beta: the host subtracts in float64
    float beta2, rest2;
    float ln_beta1, ln_beta2;  // beta^step is exp(step * ln beta)
    float eps;
    float weight_decay;
    float max_norm;
};

// What is the same for all parameters of one step.
struct Step {
    float clip;  // factor of the gradient
    float keep;  // what weight decay leaves of a decayed parameter
    float rate;  // lr / (1 - beta1^step)
    float root;  // 1 / sqrt(1 - beta2^step)
};

// One parameter and its moments, in registers.
__device__ __forceinline__ void update(
    float& value, float grad, float& m, float& v, bool decays, const Step& s, const Params& p
) {
    // exercise: begin, about 5 lines: Clip, both moments, the decay if it decays, the step.
    float g = grad * s.clip;
    m = p.beta1 * m + p.rest1 * g;
    v = p.beta2 * v + p.rest2 * (g * g);
    if (decays) value *= s.keep;
    value -= s.rate * (m / (sqrtf(v) * s.root + p.eps));
    // exercise: end
}

extern "C" __global__ void adamw(
    float4* values, const float4* grads, float4* m, float4* v,
    const StepState* state, const float* norm, result* shadow, Params p
) {
    float lr = state->lr;
    float step = (float)max(state->step, 1u);
    Step s = {1.0f, 1.0f, lr, 1.0f};
    // exercise: begin, about 5 lines: Leave if the norm is not finite, so that the weights of before are
    //   still there when the host looks for the cause. Else fill s. For beta near 1 the difference
    //   1 - beta^step is small: expm1f, which is e^x - 1, takes it without losing digits.
    if (!is_finite(norm[0])) return;
    if (CLIP) s.clip = clip_factor(norm[0], p.max_norm);
    s.keep = 1.0f - lr * p.weight_decay;
    s.rate = lr / -expm1f(step * p.ln_beta1);
    s.root = 1.0f / sqrtf(-expm1f(step * p.ln_beta2));
    // exercise: end

    unsigned fours = p.n / 4;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < fours; i += gridDim.x * (size_t)blockDim.x) {
        float4 x = values[i], g = grads[i], mi = m[i], vi = v[i];
        // exercise: begin, about 5 lines: Update the four parameters; the decay may end between them.
        size_t e = 4 * i;
        update(x.x, g.x, mi.x, vi.x, e + 0 < p.decayed, s, p);
        update(x.y, g.y, mi.y, vi.y, e + 1 < p.decayed, s, p);
        update(x.z, g.z, mi.z, vi.z, e + 2 < p.decayed, s, p);
        update(x.w, g.w, mi.w, vi.w, e + 3 < p.decayed, s, p);
        // exercise: end
        values[i] = x;
        m[i] = mi;
        v[i] = vi;
        if (SHADOW) store4(shadow + 4 * i, x);
    }
}
