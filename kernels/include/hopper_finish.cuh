// What happens to a tile's sums on Hopper before they are stored, as matmul.cuh says:
//
//   c = [c +] alpha * sum + bias + residual        activated = gelu(c)
#pragma once
#include "fragment.cuh"

// Where a product's results go: its first elements, and sizes.
struct Output {
    result* c;
    unsigned c_row, m, n;  // residual and activated are dense
    float alpha;
    const float* bias;
    const result* residual;
    result* activated;
};

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

// Finishes a warp's 16 rows of a tile, from (i, j) on. Its threads have row lane / 4 and the one 8 below.
__device__ __forceinline__ void finish_rows(const Output& to, unsigned i, unsigned j,
                                            const float (&sums)[BN / 2]) {
    i += threadIdx.x % 32 / 4;
    int left = (int)to.n - (int)j;  // columns from j on
#pragma unroll
    for (int s = 0; s < BN; s += 64) {
        // region: fetch
        // Twice 32 columns of both rows. What they have to load comes first: one wait for all of it.
        Loaded old[4], more[4];
        float2 add[8] = {};
#pragma unroll
        for (int q = 0; q < 8; q++)
            if (BIAS && s + 8 * q < left) add[q] = *(const float2*)(to.bias + j + s + 8 * q + threadIdx.x % 4 * 2);
#pragma unroll
        for (int e = 0; e < 4; e++) {
            unsigned row = i + e % 2 * 8;
            int column = s + e / 2 * 32, count = row < to.m ? left - column : 0;
            if (ACCUMULATE) old[e] = fetch(to.c + row * to.c_row + j + column, count);
            if (RESIDUAL) more[e] = fetch(to.residual + row * to.n + j + column, count);
        }
        // end: fetch
#pragma unroll
        for (int e = 0; e < 4; e++) {
            unsigned row = i + e % 2 * 8;
            int column = s + e / 2 * 32, count = row < to.m ? left - column : 0;
            Share x, was, adds, after;
            if (ACCUMULATE) was = share_of(old[e]);
            if (RESIDUAL) adds = share_of(more[e]);
            // region: finish
#pragma unroll
            for (int q = 0; q < 4; q++) {
                const float* sum = sums + (column / 8 + q) * 4 + e % 2 * 2;
                float2 y = make_float2(to.alpha * sum[0], to.alpha * sum[1]);
                if (ACCUMULATE) y.x += was.pair[q].x, y.y += was.pair[q].y;
                if (BIAS) y.x += add[e / 2 * 4 + q].x, y.y += add[e / 2 * 4 + q].y;
                if (RESIDUAL) y.x += adds.pair[q].x, y.y += adds.pair[q].y;
                x.pair[q] = y;
                if (GELU) after.pair[q] = make_float2(quick_gelu(y.x), quick_gelu(y.y));
            }
            // end: finish
            put(to.c + row * to.c_row + j + column, count, x);
            if (GELU) put(to.activated + row * to.n + j + column, count, after);
        }
    }
}
