// What happens to a tile's sums on Hopper before they are stored, as matmul.cuh says:
//
//   c = [c +] alpha * sum + bias + residual        activated = gelu(c)
//
// Stores are slow where all multiprocessors store at one time, and a warp that stores by itself waits for
// them. So a warp puts pieces of its results into shared memory, and the copy engine takes them from there
// while the warp goes on: 16 rows of 128 bytes, swizzled so that in 16 bits no two threads meet in a bank,
// and in f32 no three.
#pragma once
#include "fragment.cuh"

#ifndef BUFFERS
#define BUFFERS 2  // pieces of a warp that may be on their way
#endif
#define PIECE (RESULT == 0 ? 32 : 64)  // columns
#define PIECE_BYTES 2048
// What residual holds is fetched before the tile is multiplied where there are registers for it.
#define EARLY (RESIDUAL && RESULT != 0 && ROWS * BN <= 192)

// Where a product's results go.
struct Output {
    const TensorMap* c_map;
    const TensorMap* activated_map;
    unsigned inner, outer;  // its place among the batches
    const result* c;        // its first element, and the distance of rows
    unsigned c_row;
    const float* bias;
    const result* residual;  // its first element; dense
    unsigned m, n;
    float alpha;
};

// The shared memory in which a warp puts its pieces.
struct Outbox {
    unsigned pieces, next;
};
__device__ __forceinline__ Outbox outbox_of(const Ring& ring) {
    return {ring.slabs + STAGES * STAGE + (threadIdx.x / 32 - 4) * BUFFERS * PIECE_BYTES, 0};
}

// region: gelu
// GELU by the card's own power of two and reciprocal, exact to a few in a million: x / (1 + 2^power).
// Far below 0 it is 0, of -infinity too.
__device__ __forceinline__ float quick_gelu(float x) {
    float power = x * (-2.302208198f - 0.1029432396f * x * x), e, part;  // gelu.cuh's, times log2(e)
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(power));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(part) : "f"(1.0f + e));
    return power > 127.0f ? 0.0f : x * part;
}
// end: gelu

// region: send
// Sends a piece: this thread's columns 8 q + 2 t and the next are y[4 q] and y[4 q + 1] in row lane / 4, and
// the two that follow in the row 8 below, as wgmma left them.
__device__ __forceinline__ void send(Outbox& box, const TensorMap* map, const Output& to, unsigned i,
                                     unsigned j, const float* y) {
    unsigned lane = threadIdx.x % 32, at = box.pieces + box.next * PIECE_BYTES;
    box.next = (box.next + 1) % BUFFERS;
    if (lane == 0) tma_store_wait_read<BUFFERS - 1>();
    __syncwarp();
#if RESULT == 0
#pragma unroll
    for (unsigned e = 0; e < PIECE / 4; e++) {
        unsigned row = lane / 4 + e % 2 * 8, part = (e / 2 * 2 + lane % 4 / 2) ^ row % 8;
        asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(at + row * 128 + part * 16 + lane % 2 * 8),
                     "f"(y[2 * e]), "f"(y[2 * e + 1]) : "memory");
    }
#else
#pragma unroll
    for (unsigned q = 0; q < PIECE / 8; q += 2) {
        unsigned row = lane % 16, part = (q + lane / 16) ^ row % 8;
        stmatrix(at + row * 128 + part * 16, pack(y[4 * q], y[4 * q + 1]),
                 pack(y[4 * q + 2], y[4 * q + 3]), pack(y[4 * q + 4], y[4 * q + 5]),
                 pack(y[4 * q + 6], y[4 * q + 7]));
    }
#endif
    proxy_fence();
    __syncwarp();
    if (lane == 0) {
        tma_store_4d(map, at, j, i, to.inner, to.outer);
        tma_store_commit();
    }
}
// end: send

// What is added to a warp's sums in 32 columns of one row: of the row lane / 4 of its 16, or 8 below.
__device__ __forceinline__ Loaded fetch_row(const result* x, unsigned stride, const Output& to,
                                            unsigned i, unsigned j) {
    i += threadIdx.x % 32 / 4;
    return fetch(x + i * stride + j, i < to.m ? (int)to.n - (int)j : 0);
}

// Finishes a warp's 16 rows of a tile, from (i, j) on: in place, and piece by piece.
__device__ __forceinline__ void finish_rows(const Output& to, Outbox& box, unsigned i, unsigned j,
                                            float (&sums)[BN / 2], Loaded (&more)[BN / 16]) {
#pragma unroll
    for (unsigned s = 0; s < BN; s += PIECE) {
        if (i >= to.m || j + s >= to.n) break;
        // region: fetch
        // What the piece has to load comes first: one wait for all of it.
        Loaded old[PIECE / 16];
        float2 add[PIECE / 8] = {};
#pragma unroll
        for (unsigned e = 0; e < PIECE / 16; e++) {
            unsigned row = i + e % 2 * 8, column = j + s + e / 2 * 32;
            if (ACCUMULATE) old[e] = fetch_row(to.c, to.c_row, to, row, column);
            if (RESIDUAL && !EARLY) more[s / 16 + e] = fetch_row(to.residual, to.n, to, row, column);
        }
#pragma unroll
        for (unsigned q = 0; q < PIECE / 8; q++) {
            unsigned column = j + s + 8 * q;
            if (BIAS && column < to.n) add[q] = *(const float2*)(to.bias + column + threadIdx.x % 4 * 2);
        }
        // end: fetch
#pragma unroll
        for (unsigned e = 0; e < PIECE / 16; e++) {
            Share was, adds;
            if (ACCUMULATE) was = share_of(old[e]);
            if (RESIDUAL) adds = share_of(more[s / 16 + e]);
            // region: finish
#pragma unroll
            for (unsigned g = 0; g < 4; g++) {
                unsigned q = e / 2 * 4 + g;
                float* x = sums + (s / 8 + q) * 4 + e % 2 * 2;
                x[0] *= to.alpha, x[1] *= to.alpha;
                if (ACCUMULATE) x[0] += was.pair[g].x, x[1] += was.pair[g].y;
                if (BIAS) x[0] += add[q].x, x[1] += add[q].y;
                if (RESIDUAL) x[0] += adds.pair[g].x, x[1] += adds.pair[g].y;
            }
            // end: finish
        }
        send(box, to.c_map, to, i, j + s, sums + s / 2);
        if (GELU) {
#pragma unroll
            for (unsigned e = 0; e < PIECE / 2; e++) sums[s / 2 + e] = quick_gelu(sums[s / 2 + e]);
            send(box, to.activated_map, to, i, j + s, sums + s / 2);
        }
    }
}

// The first row that a warp has in block r of its sums.
__device__ __forceinline__ unsigned row_of(unsigned i, unsigned part, unsigned r) {
    return i + (PINGPONG ? r : part) * 64 + threadIdx.x % 128 / 32 * 16;
}

// Before a tile is multiplied.
__device__ __forceinline__ void fetch_residual(const Output& to, unsigned i, unsigned j, unsigned part,
                                               Loaded (&more)[ROWS][BN / 16]) {
#pragma unroll
    for (unsigned r = 0; r < ROWS; r++)
#pragma unroll
        for (int e = 0; e < (EARLY ? BN / 16 : 0); e++)
            more[r][e] = fetch_row(to.residual, to.n, to, row_of(i, part, r) + e % 2 * 8, j + e / 2 * 32);
}

// And after.
__device__ __forceinline__ void finish_tile(const Output& to, Outbox& box, unsigned i, unsigned j,
                                            unsigned part, float (&sums)[ROWS][BN / 2],
                                            Loaded (&more)[ROWS][BN / 16]) {
#pragma unroll
    for (unsigned r = 0; r < ROWS; r++) finish_rows(to, box, row_of(i, part, r), j, sums[r], more[r]);
}
