// Attention backward as it is written on paper. With P as dropped out in forward:
//
//   dV = P^T dO    dP = dO V^T    dS = P (dP - rowsum(P dP))    dQ = scale dS K    dK = scale dS^T Q
//
// Idea: a thread for every number, P and dS in memory, four kernels.
// Cost: 10 D FLOPs and some 28 bytes for each query-key pair.
// Gain: the rung to beat.
//
// Bindings of all four: q, k, v, d_out, lse, state, scratch (P, then dP and dS, each
// [batch, heads, rows, keys]), grads.
#include "attention_mask.cuh"
#include "stored.cuh"

// A thread for each query-key pair: P = exp(S - lse), and dP.
extern "C" __global__ void probabilities(const stored* q, const stored* k, const stored* v,
                                         const stored* d_out, const float* lse,
                                         const StepState* state, float* scratch, stored* grads,
                                         Params p) {
    unsigned n = p.batch * p.heads * p.rows * p.keys;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned key = i % p.keys, row = i / p.keys % p.rows, bh = i / p.keys / p.rows;
        float probability = 0.0f, gradient = 0.0f;
        if (sees(p, state, valid_keys(p, state), bh, row, key)) {
            const stored* a = q + head_at(p.q, p, bh) + row * p.q.row;
            const stored* b = k + head_at(p.k, p, bh) + key * p.k.row;
            const stored* c = d_out + head_at(p.out, p, bh) + row * p.out.row;
            const stored* e = v + head_at(p.v, p, bh) + key * p.v.row;
            float score = 0.0f;
            for (unsigned d = 0; d < p.dim; d++) {
                score += to_f32(a[d]) * to_f32(b[d]);
                gradient += to_f32(c[d]) * to_f32(e[d]);
            }
            probability = expf(p.scale * score - lse[i / p.keys]);
#if DROPOUT
            gradient = through(gradient, dropout_mask_of(p, state, bh, row, key));
#endif
        }
        scratch[i] = probability;
        scratch[n + i] = gradient;
    }
}

// A thread for each query: dS = P (dP - rowsum(P dP)), and dropout of P.
extern "C" __global__ void softmax_backward(const stored* q, const stored* k, const stored* v,
                                            const stored* d_out, const float* lse,
                                            const StepState* state, float* scratch, stored* grads,
                                            Params p) {
    unsigned rows = p.batch * p.heads * p.rows;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < rows; i += gridDim.x * blockDim.x) {
        float* weights = scratch + i * p.keys;
        float* gradients = scratch + (rows + i) * p.keys;
        // region: d_scores
        float sum = 0.0f;
        for (unsigned j = 0; j < p.keys; j++) sum += weights[j] * gradients[j];
        for (unsigned j = 0; j < p.keys; j++) {
            gradients[j] = weights[j] * (gradients[j] - sum);
#if DROPOUT
            weights[j] = through(weights[j], dropout_mask_of(p, state, i / p.rows, i % p.rows, j));
#endif
        }
        // end: d_scores
    }
}

// A thread for each number of the keys: sums over all queries.
extern "C" __global__ void dkdv(const stored* q, const stored* k, const stored* v,
                                const stored* d_out, const float* lse, const StepState* state,
                                float* scratch, stored* grads, Params p) {
    unsigned n = p.batch * p.heads * p.keys * p.dim, pairs = p.batch * p.heads * p.rows * p.keys;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned d = i % p.dim, key = i / p.dim % p.keys, bh = i / p.dim / p.keys;
        const stored* queries = q + head_at(p.q, p, bh) + d;
        const stored* d_outs = d_out + head_at(p.out, p, bh) + d;
        float dk = 0.0f, dv = 0.0f;
        for (unsigned row = 0; row < p.rows; row++) {
            // Left out: a weight of 0 does not silence infinity.
            if (!sees(p, state, valid_keys(p, state), bh, row, key)) continue;
            unsigned pair = (bh * p.rows + row) * p.keys + key;
            float up = to_f32(d_outs[row * p.out.row]);
            dk += scratch[pairs + pair] * to_f32(queries[row * p.q.row]);
            if (adds(up, p, state, bh, row, key)) dv += scratch[pair] * up;
        }
        grads[head_at(p.dk, p, bh) + key * p.dk.row + d] = from_f32<stored>(p.scale * dk);
        grads[head_at(p.dv, p, bh) + key * p.dv.row + d] = from_f32<stored>(dv);
    }
}

// A thread for each number of the queries: sums over all keys.
extern "C" __global__ void dq(const stored* q, const stored* k, const stored* v,
                              const stored* d_out, const float* lse, const StepState* state,
                              float* scratch, stored* grads, Params p) {
    unsigned n = p.batch * p.heads * p.rows * p.dim, pairs = p.batch * p.heads * p.rows * p.keys;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned d = i % p.dim, row = i / p.dim % p.rows, bh = i / p.dim / p.rows;
        const float* d_scores = scratch + pairs + (bh * p.rows + row) * p.keys;
        const stored* keys = k + head_at(p.k, p, bh) + d;
        unsigned seen = visible(p, valid_keys(p, state), row);
        float sum = 0.0f;
        for (unsigned key = 0; key < seen; key++)
            if (unmasked(p, state, bh, key)) sum += d_scores[key] * to_f32(keys[key * p.k.row]);
        grads[head_at(p.dq, p, bh) + row * p.dq.row + d] = from_f32<stored>(p.scale * sum);
    }
}
