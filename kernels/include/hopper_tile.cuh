// One tile of a product on Hopper: BM x BN sums, slab by slab of BK along k, by three warpgroups.
//
//   warpgroup 0      the producer: one thread of it starts copies, the rest idle
//   warpgroups 1, 2  consumers: 64 x BN of the tile each, in registers; or whole tiles in turns
//
// Between them lies a ring of STAGES slabs in shared memory. Each has two barriers: `full`, which counts
// the bytes that arrive, and `empty`, which counts the consumers that are done. The producer runs ahead
// by as much as the ring holds, also into the next tile.
//
// A slab is made of blocks of 64 lines (rows of a, columns of b) by BK = 64 steps along k: 8 KB, 64 rows
// of 128 bytes, swizzled. Where lines lie along k a block's rows are lines, elsewhere they are steps.
#pragma once
#include "hopper.cuh"
#include "wgmma.cuh"

#define BM 128
#ifndef BN
#define BN 256  // 128, 192 or 256
#endif
#define BK 64
#ifndef STAGES
#define STAGES 4  // slabs of 48, 40 or 32 KB, beside the pieces of hopper_finish: 225 KB in all
#endif
#ifndef PINGPONG
#define PINGPONG 0  // 1: each consumer has tiles of its own, and one multiplies while the other stores
#endif
#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#define BLOCK (64 * BK * 2)
#define STAGE ((BM + BN) * BK * 2)
#define ROWS (PINGPONG ? 2 : 1)  // blocks of a that one consumer multiplies
#define THREADS 384
// Registers of a thread: 168 at the start, 64,512 in all. Two blocks of a with 192 columns need most.
#define GIVE (ROWS * BN > 256 ? 24 : 40)
#define TAKE (ROWS * BN > 256 ? 240 : 232)
#if BN == 256
#define WGMMA wgmma_m64n256k16
#elif BN == 192
#define WGMMA wgmma_m64n192k16
#else
#define WGMMA wgmma_m64n128k16
#endif

// region: ring
struct Ring {
    unsigned slabs, full, empty, turn;  // addresses of stage 0, of its barriers, and of the consumers' turns
    unsigned stage, parity;             // where this thread is, and how often it went round (0 or 1)
    unsigned turns;                     // tiles this consumer began (0 or 1)

    __device__ __forceinline__ void skip(unsigned count) {
        stage += count;
        parity ^= stage / STAGES % 2;
        stage %= STAGES;
    }
};
#define BARRIERS (2 * STAGES + 2)

// Sets the barriers up; every thread of the block calls it.
__device__ __forceinline__ Ring ring_in(char* shared, unsigned long long* barriers) {
    // Swizzled blocks begin at multiples of 1024, and nothing promises that of dynamic shared memory.
    Ring ring = {(shared_address(shared) + 1023) / 1024 * 1024, shared_address(barriers)};
    ring.empty = ring.full + 8 * STAGES, ring.turn = ring.empty + 8 * STAGES;
    if (threadIdx.x == 0) {
        for (unsigned s = 0; s < STAGES; s++) {
            mbarrier_init(ring.full + 8 * s, 1);  // the producer, and bytes
            mbarrier_init(ring.empty + 8 * s, PINGPONG ? 4 : 8);  // warps that multiply it
        }
        for (unsigned s = 0; s < 2; s++) mbarrier_init(ring.turn + 8 * s, 4);
        mbarrier_init_fence();
    }
    __syncthreads();
    return ring;
}
// end: ring

// Where an operand's elements are: its map, and the place of its matrix among the batches.
struct Operand {
    const TensorMap* map;
    unsigned inner, outer;
};

// region: produce
// Starts the copy of the block of an operand that begins at this line and step.
template <bool ALONG_K>
__device__ __forceinline__ void load_block(unsigned to, Operand x, unsigned full, unsigned line,
                                           unsigned step) {
    tma_load_4d(to, x.map, full, ALONG_K ? step : line, ALONG_K ? line : step, x.inner, x.outer);
}

// Brings the slabs of the tile at (i, j) into the ring. Called by one thread.
__device__ __forceinline__ void load_tile(Ring& ring, Operand a, Operand b, unsigned i, unsigned j,
                                          unsigned k) {
    for (unsigned l = 0; l < k; l += BK) {
        unsigned to = ring.slabs + ring.stage * STAGE, full = ring.full + 8 * ring.stage;
        // The first time round a stage is empty from the start: the phase before the first has ended.
        mbarrier_wait_parity(ring.empty + 8 * ring.stage, ring.parity ^ 1);
        mbarrier_expect_bytes(full, STAGE);
#pragma unroll
        for (unsigned n = 0; n < BM; n += 64) load_block<A_ALONG_K>(to + n / 64 * BLOCK, a, full, i + n, l);
        to += BM / 64 * BLOCK;
#pragma unroll
        for (unsigned n = 0; n < BN; n += 64)
            load_block<B_ALONG_K>(to + n / 64 * BLOCK, b, full, j + n, l);
        ring.skip(1);
    }
}
// end: produce

// region: consume
// Says that this warp has done with a stage.
__device__ __forceinline__ void release(const Ring& ring, unsigned stage) {
    if (threadIdx.x % 32 == 0) mbarrier_arrive(ring.empty + 8 * stage);
}

// Multiplies the slabs of a tile. Called by a whole warpgroup: both share a tile and `part` says whose
// blocks of a these are, or they take turns with whole tiles.
__device__ __forceinline__ void multiply_tile(Ring& ring, float (&sums)[ROWS][BN / 2], unsigned part,
                                              unsigned k) {
    unsigned before = 0;
    // The other consumer has issued all its products. The first turn of consumer 0 comes by itself.
    if (PINGPONG) mbarrier_wait_parity(ring.turn + 8 * part, ring.turns ^ part ^ 1);
    for (unsigned l = 0; l < k; l += BK) {
        unsigned slab = ring.slabs + ring.stage * STAGE;
        unsigned long long a = shared_descriptor(slab + (PINGPONG ? 0 : part) * BLOCK, BLOCK, 1024);
        unsigned long long b = shared_descriptor(slab + BM / 64 * BLOCK, BLOCK, 1024);
        mbarrier_wait_parity(ring.full + 8 * ring.stage, ring.parity);
        wgmma_fence();
#pragma unroll
        for (unsigned s = 0; s < BK / 16; s++) {
#pragma unroll
            for (unsigned r = 0; r < ROWS; r++) {
                // 16 steps on, in a descriptor's units of 16 bytes: within the rows, or two atoms on.
                WGMMA<!A_ALONG_K, !B_ALONG_K>(sums[r], a + r * (BLOCK / 16) + s * (A_ALONG_K ? 2 : 128),
                                              b + s * (B_ALONG_K ? 2 : 128), l + s > 0);
            }
        }
        wgmma_commit();
        // One group stays under way; the one before it is done, and its stage free.
        wgmma_wait<1>();
        if (l > 0) release(ring, before);
        before = ring.stage;
        ring.skip(1);
    }
    if (PINGPONG) {
        ring.turns ^= 1;
        if (threadIdx.x % 32 == 0) mbarrier_arrive(ring.turn + 8 * (part ^ 1));
    }
    wgmma_wait<0>();
    release(ring, before);
    if (PINGPONG) ring.skip((k + BK - 1) / BK);  // the other consumer's slabs
}
// end: consume
