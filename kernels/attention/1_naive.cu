// Attention as it is written on paper, in three kernels: S = scale Q K^T, P = softmax(S), O = P V.
//
// Idea: a thread for every number. Nothing is shared, so a row of Q is read once per key.
// Cost: 4 D FLOPs for each query-key pair; P goes through memory four times, so its 4 bytes per pair
// count: a sequence of T tokens takes T^2 of them per head, and that is what limits T.
// Gain: the rung to beat.
//
// Bindings of all three: q, k, v, state, probabilities [batch, heads, rows, keys], out, lse.
#include "attention_mask.cuh"
#include "stored.cuh"

// A thread for each query-key pair.
extern "C" __global__ void scores(const stored* q, const stored* k, const stored* v,
                                  const StepState* state, float* probabilities, stored* out,
                                  float* lse, Params p) {
    unsigned n = p.batch * p.heads * p.rows * p.keys;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned key = i % p.keys, row = i / p.keys % p.rows, bh = i / p.keys / p.rows;
        // region: score
        float score = __uint_as_float(0xff800000u);  // -inf: e^-inf = 0
        if (sees(p, state, valid_keys(p, state), bh, row, key)) {
            const stored* a = q + head_at(p.q, p, bh) + row * p.q.row;
            const stored* b = k + head_at(p.k, p, bh) + key * p.k.row;
            float sum = 0.0f;
            for (unsigned d = 0; d < p.dim; d++) sum += to_f32(a[d]) * to_f32(b[d]);
            score = p.scale * sum;
        }
        probabilities[i] = score;
        // end: score
    }
}

// A thread for each query: largest score, sum, division.
extern "C" __global__ void softmax(const stored* q, const stored* k, const stored* v,
                                   const StepState* state, float* probabilities, stored* out,
                                   float* lse, Params p) {
    unsigned rows = p.batch * p.heads * p.rows;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < rows; i += gridDim.x * blockDim.x) {
        // region: row
        float* row = probabilities + i * p.keys;
        unsigned bh = i / p.rows, valid = valid_keys(p, state);
        float largest = row[0], sum = 0.0f;
        for (unsigned j = 1; j < p.keys; j++)
            largest = row[j] > largest || row[j] != row[j] ? row[j] : largest;  // fmaxf drops NaN
        for (unsigned j = 0; j < p.keys; j++)
            if (sees(p, state, valid, bh, i % p.rows, j)) sum += expf(row[j] - largest);
        for (unsigned j = 0; j < p.keys; j++) {
            bool on = sees(p, state, valid, bh, i % p.rows, j);
            float probability = on ? expf(row[j] - largest) / sum : 0.0f;
#if DROPOUT
            probability *= dropout_mask_of(p, state, bh, i % p.rows, j);
#endif
            row[j] = probability;
        }
        lse[i] = largest + logf(sum);
        // end: row
    }
}

// A thread for each number of the output.
extern "C" __global__ void weighted_sum(const stored* q, const stored* k, const stored* v,
                                        const StepState* state, float* probabilities, stored* out,
                                        float* lse, Params p) {
    unsigned n = p.batch * p.heads * p.rows * p.dim;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned d = i % p.dim, row = i / p.dim % p.rows, bh = i / p.dim / p.rows;
        // region: mix
        unsigned seen = visible(p, valid_keys(p, state), row);
        const float* weights = probabilities + (bh * p.rows + row) * p.keys;
        const stored* values = v + head_at(p.v, p, bh) + d;
        float sum = 0.0f;
        for (unsigned key = 0; key < seen; key++) {
            float value = to_f32(values[key * p.v.row]);
            if (unmasked(p, state, bh, key) && adds(value, p, state, bh, row, key))
                sum += weights[key] * value;
        }
        out[head_at(p.out, p, bh) + row * p.out.row + d] = from_f32<stored>(sum);
        // end: mix
    }
}
