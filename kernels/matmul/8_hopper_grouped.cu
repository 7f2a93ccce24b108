// Many weight gradients of a step in one launch: dW += X^T dY for a list of layers.
//
// Idea: one layer's gradient has few tiles and many terms: 384 x 384 sums of 16,384 terms are 6 tiles, and
// a card has 132 multiprocessors. Cutting k into parts would fill it, but the parts have to be stored and
// added. Several layers together have tiles enough: backward keeps X and dY until two rounds of tiles are together, then blocks
// walk over the tiles of all problems as if they were one. Each tile has one block that adds all its
// terms in order, so the bits are the same every time.
// Cost: 2 m n k FLOPs for each problem; every X and dY once from memory, if the tiles that share them run
// at one time, and they do: neighbors in the list. 8 m n bytes for the sums.
// Expected gain over one launch of 8_hopper for each layer: the card is full. Four times and more.
//
// X is [k, m] and dY [k, n], row after row: both lie across k. m, n, offsets and the rows' strides are
// multiples of 8. Maps 3 i, 3 i + 1 and 3 i + 2 are X, dY and dW of problem i.
#ifndef STORED
#define STORED 1
#endif
#define A_ALONG_K 0
#define B_ALONG_K 0
#ifndef BN
#define BN 192
#endif
#ifndef BUFFERS
#define BUFFERS 4
#endif
#ifndef PROBLEMS
#define PROBLEMS 2
#endif
#ifndef ACCUMULATE
#define ACCUMULATE 1
#endif
#define BIAS 0
#define RESIDUAL 0
#define GELU 0
#include "hopper_tile.cuh"
#include "hopper_finish.cuh"

static_assert(sizeof(stored) == 2, "factors have 16 bits");

struct TensorMaps { TensorMap of[3 * PROBLEMS]; };

// region: problem
struct Problem {
    unsigned tiles;  // of this problem and of those before it
    unsigned m, n, c_offset, c_row;
};
// end: problem
struct Params {
    unsigned k;
    float alpha;
    Problem problem[32];  // the first PROBLEMS of them
};

// region: walk
// Tile `t` of all, which belongs to problem `x` or a later one.
struct Place {
    unsigned i, j;
};
__device__ __forceinline__ Place place_of(const Params& p, unsigned t, unsigned& x) {
    while (t >= p.problem[x].tiles) x++;
    unsigned rest = t - (x > 0 ? p.problem[x - 1].tiles : 0), high = (p.problem[x].m + BM - 1) / BM;
    return {rest % high * BM, rest / high * BN};
}
// end: walk

extern "C" __global__ void __launch_bounds__(THREADS, 1)
matmul_grouped(float* c, const __grid_constant__ TensorMaps maps, const __grid_constant__ Params p) {
    extern __shared__ char shared[];
    __shared__ unsigned long long barriers[BARRIERS];
    Ring ring = ring_in(shared, barriers);
    unsigned tiles = p.problem[PROBLEMS - 1].tiles, x = 0;
    if (threadIdx.x < 128) {
        registers_give<GIVE>();
        if (threadIdx.x == 0) {
            for (unsigned t = blockIdx.x; t < tiles; t += gridDim.x) {
                Place at = place_of(p, t, x);
                Operand left = {&maps.of[3 * x], 0, 0}, right = {&maps.of[3 * x + 1], 0, 0};
                load_tile(ring, left, right, at.i, at.j, p.k);
            }
        }
    } else {
        registers_take<TAKE>();
        unsigned part = threadIdx.x / 128 - 1;
        Outbox box = outbox_of(ring);
        if (PINGPONG && part > 0) ring.skip((p.k + BK - 1) / BK);
        for (unsigned t = blockIdx.x + (PINGPONG ? part * gridDim.x : 0); t < tiles;
             t += (PINGPONG ? 2 : 1) * gridDim.x) {
            Place at = place_of(p, t, x);
            const Problem& of = p.problem[x];
            float sums[ROWS][BN / 2];
            Loaded more[ROWS][BN / 16];
            multiply_tile(ring, sums, part, p.k);
            Output to = {&maps.of[3 * x + 2], nullptr, 0, 0, c + of.c_offset, of.c_row, nullptr, nullptr,
                         of.m, of.n, p.alpha};
            finish_tile(to, box, at.i, at.j, part, sums, more);
        }
        tma_store_wait();  // results are there before the kernel ends
    }
}
