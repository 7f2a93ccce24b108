// Matrix multiply as Hopper wants it: 16-bit operands, f32 sums.
//
// Idea: in 7_tensor_core the threads that multiply also copy, compute addresses and hold both operands in
// registers. Here an engine copies (TMA), the tensor cores read shared memory themselves (wgmma), and
// what is left to the threads is to start one and wait for the other. So they part: a producer starts
// copies, two consumers multiply, and barriers that count bytes stand between them (hopper_tile). Blocks
// stay and walk over the tiles, so that the copies of a tile begin while the one before is stored, and
// the two consumers work half a tile apart: one multiplies while the other stores.
// Cost: 2 m n k FLOPs; 2 m n k (1 / BM + 1 / BN) bytes from L2, 16 m n k / BN + 4 m n k / BN... from
// shared memory: the operands twice; m n results once.
// Expected gain over 7_tensor_core: one and a half times where k is long. mma.sync reaches about 0.6 of
// the tensor cores' speed, wgmma more than 0.8.
//
// The copy engine asks for rows that begin at multiples of 16 bytes, and so do the stores: n, the
// strides and the offsets are multiples of 8. Other shapes are 7_tensor_core's.
#ifndef STORED
#define STORED 1
#endif
#ifndef RESULT
#define RESULT 1
#endif
#include "matmul.cuh"
#include "hopper_tile.cuh"
#include "hopper_finish.cuh"

#ifndef STRIPE
#define STRIPE 16  // rows of tiles that are walked together
#endif

struct Place {
    unsigned batch, i, j;
};

__device__ __forceinline__ unsigned c_start(const Params& p, unsigned b) {
    return p.c_offset + b / p.inner * p.c_outer + b % p.inner * p.c_inner;
}

// region: walk
// Tile `t` of the walk. It goes down STRIPE rows of tiles, then to the next column of them: the tiles
// that are worked on at one time form a square, and share rows of a and columns of b in L2. The blocks of
// a cluster take rows of tiles below each other.
__device__ __forceinline__ Place place_of(const Params& p, unsigned t) {
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + CLUSTER * BM - 1) / (CLUSTER * BM);
    unsigned batch = t / (wide * high), rest = t % (wide * high);
    unsigned top = rest / (STRIPE * wide) * STRIPE, rows = min(STRIPE, high - top);
    rest %= STRIPE * wide;
    unsigned row = top + rest % rows;
    if (CLUSTER > 1) row = row * CLUSTER + cluster_rank();
    return {batch, row * BM, rest / rows * BN};
}
// end: walk

extern "C" __global__ void __launch_bounds__(THREADS, 1)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, const __grid_constant__ TensorMap a_map,
       const __grid_constant__ TensorMap b_map, const __grid_constant__ Params p) {
    extern __shared__ char shared[];
    __shared__ unsigned long long barriers[2 * STAGES];
    Ring ring = ring_in(shared, barriers);
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + CLUSTER * BM - 1) / (CLUSTER * BM);
    unsigned tiles = wide * high * p.batches, step = gridDim.x / CLUSTER;
    // region: roles
    if (threadIdx.x < 128) {
        registers_give<40>();
        if (threadIdx.x == 0) {
            for (unsigned t = blockIdx.x / CLUSTER; t < tiles; t += step) {
                Place at = place_of(p, t);
                // An operand that all batches share has the stride 0, and one matrix in its map.
                unsigned outer = at.batch / p.inner, inner = at.batch % p.inner;
                Operand left = {&a_map, p.a_inner ? inner : 0, p.a_outer ? outer : 0};
                Operand right = {&b_map, p.b_inner ? inner : 0, p.b_outer ? outer : 0};
                load_tile(ring, left, right, at.i, at.j, p.k);
            }
        }
    } else {
        registers_take<232>();
        unsigned part = threadIdx.x / 128 - 1, warp = threadIdx.x % 128 / 32;
        start_late(ring, part, p.k);
        for (unsigned t = blockIdx.x / CLUSTER; t < tiles; t += step) {
            Place at = place_of(p, t);
            float sums[BN / 2];
            multiply_tile(ring, sums, part, p.k);
            unsigned dense = at.batch * p.m * p.n;
            finish_rows({c + c_start(p, at.batch), p.c_row, p.m, p.n, p.alpha, bias, residual + dense,
                         activated + dense}, at.i + part * 64 + warp * 16, at.j, sums);
        }
    }
    // end: roles
    if (CLUSTER > 1) cluster_sync();
}
