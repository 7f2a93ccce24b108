// FlashAttention (Dao et al., 2022), forward: softmax(scale Q K^T) V without ever storing a
// probability.
//
// Idea: a block owns TILE queries and goes through the keys tile by tile. For each query it keeps the
// largest score so far m, the sum l of e^(s - m), and the sum O of e^(s - m) v. When a new tile brings
// a larger score, l and O are multiplied by e^(m - m_new), as if they had been taken under it from the
// start. At the end O / l is the output and m + ln l the log-sum-exp, all that backward needs.
// Tiles above the diagonal are skipped.
// Cost: 4 D FLOPs for each query-key pair; K and V are read once for every TILE queries.
// Gain: no P in memory (O(T) instead of O(T^2)); products from registers: some 20 times 1_naive.
#include "attention_mask.cuh"
#include "attention_pairs.cuh"
#include "stored.cuh"

// An m below all scores, and the least of a row that saw a key under a mask: told apart at the end. Not
// minus infinity: scores may be that, and -inf - -inf is not a number.
const float NOTHING = -3.402823466e38f, LOWEST = -3.4e38f;

extern "C" __global__ __launch_bounds__(256) void flash1(const stored* q, const stored* k,
                                                         const stored* v, const StepState* state,
                                                         stored* out, float* lse, Params p) {
    extern __shared__ float4 shared[];
    float* queries = (float*)shared;
    float* keys = queries + TILE * WIDE;
    float* values = keys + TILE * WIDE;
    float* weights = values + TILE * WIDE;
    const unsigned tx = threadIdx.x % 16, ty = threadIdx.x / 16;
    const float infinity = __uint_as_float(0x7f800000u);
    const unsigned valid = valid_keys(p, state), tiles = (p.rows + TILE - 1) / TILE;

    for (unsigned work = blockIdx.x; work < tiles * p.batch * p.heads; work += gridDim.x) {
        // The last tiles see the most keys: they start first, so that none is left over at the end.
        const unsigned bh = work / tiles, first = (tiles - 1 - work % tiles) * TILE;
        load_tile(queries, q + head_at(p.q, p, bh), p.q.row, first, p.rows, p.dim);
        float o[R][N] = {}, m[R], l[R];
        for (unsigned r = 0; r < R; r++) m[r] = NOTHING, l[r] = 0.0f;

        const unsigned end = visible(p, valid, min(first + TILE, p.rows) - 1);
        for (unsigned start = 0; start < end; start += TILE) {
            // region: scores
            load_tile(keys, k + head_at(p.k, p, bh), p.k.row, start, valid, p.dim);
            const stored* v_head = v + head_at(p.v, p, bh);
            const bool wild = load_tile(values, v_head, p.v.row, start, valid, p.dim);
            const bool careful = __syncthreads_or(wild);
            float s[R][R];
            scores_of(s, queries, keys, tx, ty);
            // end: scores
            bool open[R];
            unmasked_of(open, p, state, bh, start, tx);
#pragma unroll
            for (unsigned r = 0; r < R; r++) {
                // region: online
                const unsigned row = first + ty + 16 * r, seen = visible(p, valid, row);
                float largest = m[r], sum = 0.0f;
#pragma unroll
                for (unsigned c = 0; c < R; c++) {
                    const bool on = open[c] && start + tx + 16 * c < seen;
                    s[r][c] = on ? p.scale * s[r][c] : -infinity;
                    largest = fmaxf(largest, s[r][c]);  // drops NaN; e^(NaN - m) brings it back
                    if (MASK && on) largest = fmaxf(largest, LOWEST);
                }
                for (int lane = 8; lane > 0; lane /= 2)
                    largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, lane));
                const float correction = expf(m[r] - largest);
                m[r] = largest;
#pragma unroll
                for (unsigned c = 0; c < R; c++) sum += s[r][c] = expf(s[r][c] - largest);
                // A thread sums up its own columns only; the sixteen sums meet at the end.
                l[r] = l[r] * correction + sum;
#pragma unroll
                for (unsigned n = 0; n < N; n++) o[r][n] *= correction;
                // end: online
#if DROPOUT
                float mask[R];
                mask_of(mask, p, state, bh, row, start, tx);
#pragma unroll
                for (unsigned c = 0; c < R; c++) s[r][c] *= mask[c];
#endif
            }
            store_scores(weights, s, tx, ty);
            if (!careful) add_weighted(o, weights, values, tx, ty);
            else add_counted(o, weights, values, tx, ty, [&](unsigned r, unsigned j) {
                return counts_pair(p, state, valid, bh, first + r, start + j, true);
            });
            __syncthreads();
        }
#pragma unroll
        for (unsigned r = 0; r < R; r++) {
            // region: finish
            for (int lane = 8; lane > 0; lane /= 2)
                l[r] += __shfl_xor_sync(0xffffffffu, l[r], lane);
            // Nothing but masked keys: 0, and a log-sum-exp of minus infinity.
            const bool blank = MASK && m[r] == NOTHING;
            for (unsigned n = 0; n < N; n++) o[r][n] = blank ? 0.0f : o[r][n] / l[r];
            const unsigned row = first + ty + 16 * r;
            if (tx == 0 && row < p.rows) lse[bh * p.rows + row] = m[r] + logf(l[r]);
            // end: finish
        }
        store_sums(out + head_at(p.out, p, bh), p.out.row, o, 1.0f, first, p.rows, p.dim, tx, ty);
    }
}
