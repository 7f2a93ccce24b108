// FlashAttention (Dao et al., 2022), forward: softmax(scale Q K^T) V without ever storing a
// probability.
//
// Idea: a block owns TILE queries and goes through the keys tile by tile. For each query it keeps
// the largest score so far m, the sum l of e^(s - m), and the sum o of e^(s - m) v. When a tile
// brings a larger score, l and o are multiplied by e^(m - m_new), as if they had been taken under
// it from the start. At the end o / l is the output, and m + ln l all that the backward pass needs.
// Cost: 4 DIM FLOPs for each query-key pair; K and V are read once for every TILE queries.
// Expected gain over 1_naive: ten times and more, and O(rows) memory instead of O(rows keys).
//
// PARTS threads share a query. Of a tile's scores each makes MINE and reads all; of the output each
// owns COLUMNS. All of them keep the same m and l.
#include "attention.cuh"

#ifndef TILE
#define TILE 64
#endif
#ifndef DIM
#define DIM 64
#endif

const unsigned PARTS = 256 / TILE, MINE = TILE / PARTS, COLUMNS = DIM / PARTS;
const unsigned WIDE = DIM + 4;  // from one row of a tile to the next
// Where in shared memory: key j at KEYS + j * WIDE, value j at VALUES + j * WIDE, and the score of
// query and key j at SCORES + j * TILE + query.
const unsigned KEYS = 0, VALUES = TILE * WIDE, SCORES = 2 * TILE * WIDE;

// The rows from..from + TILE of a head into shared memory, 0 where there are none.
__device__ __forceinline__ void load_tile(float* tile, const float* head, unsigned step,
                                          unsigned from, unsigned rows, unsigned dim) {
    for (unsigned i = threadIdx.x; i < TILE * DIM; i += 256) {
        unsigned row = i / DIM, d = i % DIM;
        bool there = from + row < rows && d < dim;
        tile[row * WIDE + d] = there ? head[(from + row) * step + d] : 0.0f;
    }
}

__device__ __forceinline__ float dot(const float (&a)[DIM], const float* b) {
    float sum = 0.0f;
#pragma unroll
    for (unsigned d = 0; d < DIM; d++) sum += a[d] * b[d];
    return sum;
}

// Dropout's factor for a value: 0 or 1 / (1 - p), and 1 where nothing is dropped.
__device__ __forceinline__ float kept(const Params& p, const StepState* state, unsigned bh,
                                      unsigned row, unsigned key) {
#if DROPOUT
    return dropout_mask_of(p, state, bh, row, key);
#else
    return 1.0f;
#endif
}

extern "C" __global__ __launch_bounds__(256) void flash1(const float* q, const float* k,
                                                         const float* v, const StepState* state,
                                                         float* out, float* lse, Params p) {
    extern __shared__ __align__(16) float shared[];
    const float infinity = __uint_as_float(0x7f800000u);
    const unsigned query = threadIdx.x % TILE, part = threadIdx.x / TILE;
    const unsigned valid = valid_keys(p, state), tiles = (p.rows + TILE - 1) / TILE;
    for (unsigned work = blockIdx.x; work < tiles * p.batch * p.heads; work += gridDim.x) {
        // The last tiles see the most keys: they start first, so that none is left over at the end.
        const unsigned bh = work / tiles, first = (tiles - 1 - work % tiles) * TILE;
        const unsigned row = first + query, seen = visible(p, valid, row);
        const float* from = q + head_at(p.q, p, bh) + row * p.q.row;
        float x[DIM], o[COLUMNS] = {}, m = -infinity, l = 0.0f;
#pragma unroll
        for (unsigned d = 0; d < DIM; d++) x[d] = row < p.rows && d < p.dim ? from[d] : 0.0f;

        const unsigned end = visible(p, valid, min(first + TILE, p.rows) - 1);
        for (unsigned start = 0; start < end; start += TILE) {
            load_tile(shared + KEYS, k + head_at(p.k, p, bh), p.k.row, start, valid, p.dim);
            load_tile(shared + VALUES, v + head_at(p.v, p, bh), p.v.row, start, valid, p.dim);
            // TODO, about 7 lines: Scores. Once the tile is there, this thread makes
            //   those of x and the keys j = part * MINE, ... MINE of them, and stores them for all:
            //   p.scale times their product, or -infinity where start + j is not below seen. Then
            //   all wait again.

            // TODO, about 14 lines: Softmax. The largest of m and this query's TILE
            //   scores is the new m; bring l and o under it. Each score's weight e^(score - m) goes
            //   into l, and times kept(p, state, bh, row, start + j) times value j (its columns
            //   from part * COLUMNS on) into o. Last of all: who still reads what the next turn
            //   overwrites?
        }
        if (row < p.rows) {
            float* to = out + head_at(p.out, p, bh) + row * p.out.row;
#pragma unroll
            for (unsigned n = 0; n < COLUMNS; n++)
                if (part * COLUMNS + n < p.dim) to[part * COLUMNS + n] = o[n] / l;
            if (part == 0) lse[bh * p.rows + row] = m + logf(l);
        }
    }
}
