// FlashAttention backward, last of three kernels: the gradient of the queries.
//
//   P = exp(S - lse)    dP = dO V^T    dS = P (dP - delta)    dQ = scale dS K
//
// Idea: a block owns TILE queries and goes through the keys they see, as in forward. That makes P a
// second time, but dQ sums over keys where dK and dV sum over queries: one kernel for both would need
// atomics, and their order is another one every time.
// Cost: 6 D FLOPs for each query-key pair; K and V are read once for every TILE queries.
#include "attention_mask.cuh"
#include "attention_pairs.cuh"
#include "stored.cuh"

#if DIM <= 64
#define BLOCKS 2
#else
#define BLOCKS 1
#endif

extern "C" __global__ __launch_bounds__(256, BLOCKS) void dq(
    const stored* q, const stored* k, const stored* v, const stored* d_out, const float* lse,
    const float* delta, const StepState* state, stored* grads, Params p) {
    extern __shared__ float4 shared[];
    float* queries = (float*)shared;
    float* d_outs = queries + TILE * WIDE;
    float* keys = d_outs + TILE * WIDE;
    float* values = keys + TILE * WIDE;
    float* weights = values + TILE * WIDE;
    const unsigned tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    const unsigned valid = valid_keys(p, state), tiles = (p.rows + TILE - 1) / TILE;

    for (unsigned work = blockIdx.x; work < tiles * p.batch * p.heads; work += gridDim.x) {
        const unsigned bh = work / tiles, first = (tiles - 1 - work % tiles) * TILE;
        load_tile(queries, q + head_at(p.q, p, bh), p.q.row, first, p.rows, p.dim);
        load_tile(d_outs, d_out + head_at(p.out, p, bh), p.out.row, first, p.rows, p.dim);
        float dq[R][N] = {}, of_lse[R], of_delta[R];
#pragma unroll
        for (unsigned r = 0; r < R; r++) {
            const unsigned row = first + ty + 16 * r;
            of_lse[r] = row < p.rows ? lse[bh * p.rows + row] : 0.0f;
            of_delta[r] = row < p.rows ? delta[bh * p.rows + row] : 0.0f;
        }

        const unsigned end = visible(p, valid, min(first + TILE, p.rows) - 1);
        for (unsigned start = 0; start < end; start += TILE) {
            const stored* k_head = k + head_at(p.k, p, bh);
            const bool wild = load_tile(keys, k_head, p.k.row, start, valid, p.dim);
            load_tile(values, v + head_at(p.v, p, bh), p.v.row, start, valid, p.dim);
            const bool careful = __syncthreads_or(wild);
            float s[R][R], d[R][R];
            scores_of(s, queries, keys, tx, ty);
            scores_of(d, d_outs, values, tx, ty);
            bool open[R];
            unmasked_of(open, p, state, bh, start, tx);
#pragma unroll
            for (unsigned r = 0; r < R; r++) {
                const unsigned row = first + ty + 16 * r, seen = visible(p, valid, row);
                float mask[R];
#if DROPOUT
                mask_of(mask, p, state, bh, row, start, tx);
#endif
#pragma unroll
                for (unsigned c = 0; c < R; c++) {
                    const bool on = open[c] && start + tx + 16 * c < seen;
                    const float probability = on ? expf(p.scale * s[r][c] - of_lse[r]) : 0.0f;
                    const float kept = DROPOUT ? mask[c] : 1.0f;
                    const float gradient = probability * (through(d[r][c], kept) - of_delta[r]);
                    d[r][c] = on ? gradient : 0.0f;
                }
            }
            // region: sum
            store_scores(weights, d, tx, ty);
            if (!careful) add_weighted(dq, weights, keys, tx, ty);
            else add_counted(dq, weights, keys, tx, ty, [&](unsigned r, unsigned j) {
                return counts_pair(p, state, valid, bh, first + r, start + j, false);
            });
            // end: sum
            __syncthreads();
        }
        stored* to = grads + head_at(p.dq, p, bh);
        store_sums(to, p.dq.row, dq, p.scale, first, p.rows, p.dim, tx, ty);
    }
}
