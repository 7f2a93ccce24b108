// Matrix multiply as Hopper wants it: 16-bit operands, f32 sums.
//
// Idea: in 7_tensor_core the threads that multiply also copy, compute addresses and hold both operands in
// registers. Here an engine copies (TMA), the tensor cores read shared memory themselves (wgmma), and
// what is left to the threads is to start one and wait for the other. So they part: a producer starts
// copies, two consumers multiply, and barriers that count bytes stand between them (hopper_tile). Blocks
// stay and walk over the tiles, so that the copies of a tile begin while the one before is finished.
// Results leave through the copy engine, too (hopper_finish).
// Cost: 2 m n k FLOPs; 2 m n k (1 / BM + 1 / BN) bytes from L2 into shared memory; m n results once.
// Expected gain over 7_tensor_core: one and a half times where k is long. mma.sync reaches about 0.6 of
// what the tensor cores can at the clock that the card's power allows, wgmma more than 0.9.
//
// Where k is long the consumers share a tile, which is as large as registers allow. Where it is short,
// finishing a tile takes as long as multiplying it: PINGPONG gives each a tile of its own, and they take
// turns. The copy engine asks for rows that begin at multiples of 16 bytes: n, strides and offsets are
// multiples of 8. Other shapes are 7_tensor_core's.
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

struct Corner {
    unsigned outer, inner, i, j;
};

// region: walk
// Tile `t` of the walk. It goes down STRIPE rows of tiles, then to the next column of them: the tiles
// that are worked on at one time form a square, and share rows of a and columns of b in L2.
__device__ __forceinline__ Corner corner_of(const Params& p, unsigned t) {
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned batch = t / (wide * high), rest = t % (wide * high);
    unsigned top = rest / (STRIPE * wide) * STRIPE, rows = min(STRIPE, high - top);
    rest %= STRIPE * wide;
    return {batch / p.inner, batch % p.inner, (top + rest % rows) * BM, rest / rows * BN};
}
// end: walk

extern "C" __global__ void __launch_bounds__(THREADS, 1)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, const __grid_constant__ TensorMap a_map,
       const __grid_constant__ TensorMap b_map, const __grid_constant__ TensorMap c_map,
       const __grid_constant__ TensorMap activated_map, const __grid_constant__ Params p) {
    extern __shared__ char shared[];
    __shared__ unsigned long long barriers[BARRIERS];
    Ring ring = ring_in(shared, barriers);
    unsigned tiles = (p.n + BN - 1) / BN * ((p.m + BM - 1) / BM) * p.batches;
    // region: roles
    if (threadIdx.x < 128) {
        registers_give<GIVE>();
        if (threadIdx.x == 0) {
            for (unsigned t = blockIdx.x; t < tiles; t += gridDim.x) {
                Corner at = corner_of(p, t);
                // An operand that all batches share has the stride 0, and one matrix in its map.
                Operand left = {&a_map, p.a_inner ? at.inner : 0, p.a_outer ? at.outer : 0};
                Operand right = {&b_map, p.b_inner ? at.inner : 0, p.b_outer ? at.outer : 0};
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
            Corner at = corner_of(p, t);
            float sums[ROWS][BN / 2];
            Loaded more[ROWS][BN / 16];
            Output to = {&c_map, &activated_map, at.inner, at.outer,
                         c + p.c_offset + at.outer * p.c_outer + at.inner * p.c_inner, p.c_row, bias,
                         residual + (at.outer * p.inner + at.inner) * p.m * p.n, p.m, p.n, p.alpha};
            fetch_residual(to, at.i, at.j, part, more);
            multiply_tile(ring, sums, part, p.k);
            finish_tile(to, box, at.i, at.j, part, sums, more);
        }
        tma_store_wait();  // results are there before the kernel ends
    }
    // end: roles
}
