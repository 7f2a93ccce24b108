// FlashAttention backward, second of three kernels: the gradients of keys and values.
//
//   P = exp(S - lse)    dV = P^T dO    dP = dO V^T    dS = P (dP - delta)    dK = scale dS^T Q
//
// Idea: a block owns TILE keys and goes through the queries that see them, tile by tile. P is made
// anew from the log-sum-exp: a product more, instead of a matrix in memory. Scores stand with keys as
// rows, so that the sums over queries are plain products, and nobody else adds to these keys: no
// atomics, the same bits every time.
// Cost: 8 D FLOPs for each query-key pair; Q and dO are read once for every TILE keys.
// Gain: no P, dP and dS in memory; some 10 times 1_naive.
#include "attention_mask.cuh"
#include "attention_pairs.cuh"
#include "stored.cuh"

#if DIM <= 64
#define BLOCKS 2
#else
#define BLOCKS 1
#endif

extern "C" __global__ __launch_bounds__(256, BLOCKS) void dkdv(
    const stored* q, const stored* k, const stored* v, const stored* d_out, const float* lse,
    const float* delta, const StepState* state, stored* grads, Params p) {
    extern __shared__ float4 shared[];
    float* keys = (float*)shared;
    float* values = keys + TILE * WIDE;
    float* queries = values + TILE * WIDE;
    float* d_outs = queries + TILE * WIDE;
    float* weights = d_outs + TILE * WIDE;
    const unsigned tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    const unsigned valid = valid_keys(p, state), tiles = (p.keys + TILE - 1) / TILE;

    for (unsigned work = blockIdx.x; work < tiles * p.batch * p.heads; work += gridDim.x) {
        // The first keys are seen by most queries, and start first.
        const unsigned bh = work / tiles, start = work % tiles * TILE;
        load_tile(keys, k + head_at(p.k, p, bh), p.k.row, start, valid, p.dim);
        load_tile(values, v + head_at(p.v, p, bh), p.v.row, start, valid, p.dim);
        float dk[R][N] = {}, dv[R][N] = {};
        bool open[R];
        unmasked_of(open, p, state, bh, start, ty);

#if CAUSAL
        const unsigned before = valid - p.rows, seeing = start > before ? start - before : 0;
#else
        const unsigned seeing = 0;
#endif
        for (unsigned first = seeing / TILE * TILE; first < p.rows; first += TILE) {
            bool wild = load_tile(queries, q + head_at(p.q, p, bh), p.q.row, first, p.rows, p.dim);
            const stored* d_head = d_out + head_at(p.out, p, bh);
            wild |= load_tile(d_outs, d_head, p.out.row, first, p.rows, p.dim);
            const bool careful = __syncthreads_or(wild);
            float s[R][R], d[R][R];
            scores_of(s, keys, queries, tx, ty);
            scores_of(d, values, d_outs, tx, ty);
#pragma unroll
            for (unsigned c = 0; c < R; c++) {
                const unsigned row = first + tx + 16 * c;
                const unsigned seen = row < p.rows ? visible(p, valid, row) : 0;
                const float of_lse = row < p.rows ? lse[bh * p.rows + row] : 0.0f;
                const float of_delta = row < p.rows ? delta[bh * p.rows + row] : 0.0f;
                float mask[R];
#if DROPOUT
                mask_of(mask, p, state, bh, row, start, ty);
#endif
#pragma unroll
                for (unsigned r = 0; r < R; r++) {
                    // region: again
                    const bool on = open[r] && start + ty + 16 * r < seen;
                    const float probability = on ? expf(p.scale * s[r][c] - of_lse) : 0.0f;
                    const float kept = DROPOUT ? mask[r] : 1.0f;
                    s[r][c] = through(probability, kept);
                    const float gradient = probability * (through(d[r][c], kept) - of_delta);
                    d[r][c] = on ? gradient : 0.0f;
                    // end: again
                }
            }
            // region: sums
            store_scores(weights, s, tx, ty);
            if (!careful) add_weighted(dv, weights, d_outs, tx, ty);
            else add_counted(dv, weights, d_outs, tx, ty, [&](unsigned r, unsigned j) {
                return counts_pair(p, state, valid, bh, first + j, start + r, true);
            });
            store_scores(weights, d, tx, ty);
            if (!careful) add_weighted(dk, weights, queries, tx, ty);
            else add_counted(dk, weights, queries, tx, ty, [&](unsigned r, unsigned j) {
                return counts_pair(p, state, valid, bh, first + j, start + r, false);
            });
            // end: sums
            __syncthreads();
        }
        stored* to_k = grads + head_at(p.dk, p, bh);
        stored* to_v = grads + head_at(p.dv, p, bh);
        store_sums(to_k, p.dk.row, dk, p.scale, start, p.keys, p.dim, tx, ty);
        store_sums(to_v, p.dv.row, dv, 1.0f, start, p.keys, p.dim, tx, ty);
        __syncthreads();  // a block without queries has come here without one
    }
}
