// What every rung of matmul shares: the params, and what happens to a sum before it is stored.
//
//   c = [c +] alpha * sum + bias + residual        activated = gelu(c)
//
// The rungs differ in how they come to the sums. The epilogue is compiled in or out by -D flags, so
// that a plain product pays nothing for it.
#pragma once
#include "stored.cuh"

#ifndef ACCUMULATE
#define ACCUMULATE 0
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef RESIDUAL
#define RESIDUAL 0
#endif
#ifndef GELU
#define GELU 0
#endif

struct Params {
    unsigned m, n, k;
    unsigned batches;  // products; product b is (b / inner, b % inner)
    unsigned inner;
    unsigned a_offset, a_row, a_col, a_outer, a_inner;  // a[i, l]: offset + i row + l col + batch
    unsigned b_offset, b_row, b_col, b_outer, b_inner;
    unsigned c_offset, c_row, c_outer, c_inner;  // columns of c lie side by side
    float alpha;
    unsigned span;  // terms of each sum that one block adds up (see split_sum)
};

// The first element of product b's matrices.
__device__ __forceinline__ unsigned a_start(const Params& p, unsigned b) {
    return p.a_offset + b / p.inner * p.a_outer + b % p.inner * p.a_inner;
}
__device__ __forceinline__ unsigned b_start(const Params& p, unsigned b) {
    return p.b_offset + b / p.inner * p.b_outer + b % p.inner * p.b_inner;
}

// tanh GELU (Hendrycks and Gimpel, 2016). Below u = -10 it is 0, of -infinity too.
__device__ __forceinline__ float gelu(float x) {
    float u = 0.7978845608f * (x + 0.044715f * x * x * x);
    return u < -10.0f ? 0.0f : 0.5f * x * (1.0f + tanhf(u));
}

// The same to within what a result of type T can tell. (1 + tanh u) / 2 is 1 / (1 + exp(-2 u)), and 16
// bits do not see the error of the card's quick exponential and reciprocal.
template <typename T>
__device__ __forceinline__ float gelu_for(float x) {
    if (sizeof(T) == 4) return gelu(x);
    if (x < -20.0f) x = -20.0f;  // an infinity times 0 would be no number
    float power = x * (1.0f + 0.044715f * x * x) * -2.3022082f, e, part;  // -2 u / log 2
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(power));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(part) : "f"(1.0f + e));
    return x * part;
}

// Where element (i, j) of product b is: in c, and in what has c's shape but no gaps.
struct Place {
    unsigned c, dense;
};
__device__ __forceinline__ Place place_of(const Params& p, unsigned b, unsigned i, unsigned j) {
    return {p.c_offset + b / p.inner * p.c_outer + b % p.inner * p.c_inner + i * p.c_row + j,
            (b * p.m + i) * p.n + j};
}

// Finishes element (i, j) of product b.
template <typename T>
__device__ __forceinline__ void finish(const Params& p, unsigned b, unsigned i, unsigned j, float sum,
                                       const float* bias, const T* residual, T* c, T* activated) {
    Place at = place_of(p, b, i, j);
    // region: finish
    float value = p.alpha * sum;
    if (ACCUMULATE) value += to_f32(c[at.c]);
    if (BIAS) value += bias[j];
    if (RESIDUAL) value += to_f32(residual[at.dense]);
    c[at.c] = from_f32<T>(value);
    if (GELU) activated[at.dense] = from_f32<T>(gelu_for<T>(value));
    // end: finish
}

// The same for N elements of row i that are `apart` columns from each other, as far as they are there.
// All is read before anything is written: a read that may meet a write does not pass it, and a thread
// would wait N times.
template <unsigned N, typename T>
__device__ __forceinline__ void finish_row(const Params& p, unsigned b, unsigned i, unsigned j,
                                           unsigned apart, const float (&sums)[N], const float* bias,
                                           const T* residual, T* c, T* activated) {
    Place at = place_of(p, b, i, j);
    float values[N];
#pragma unroll
    for (unsigned s = 0; s < N; s++) {
        unsigned on = s * apart;
        values[s] = p.alpha * sums[s];
        if (i >= p.m || j + on >= p.n) continue;
        if (ACCUMULATE) values[s] += to_f32(c[at.c + on]);
        if (BIAS) values[s] += bias[j + on];
        if (RESIDUAL) values[s] += to_f32(residual[at.dense + on]);
    }
#pragma unroll
    for (unsigned s = 0; s < N; s++) {
        unsigned on = s * apart;
        if (i >= p.m || j + on >= p.n) continue;
        c[at.c + on] = from_f32<T>(values[s]);
        if (GELU) activated[at.dense + on] = from_f32<T>(gelu(values[s]));
    }
}

__device__ __forceinline__ float4 plus(float4 x, float4 y) {
    return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
}

// The same for COUNT times four columns: (i[f], j[f]) is the first of them, a multiple of four elements
// from the start. First all loads, then all stores: for all the compiler knows they are the same memory,
// and a load behind a store would wait for it.
template <unsigned COUNT, typename T>
__device__ __forceinline__ void finish_fours(const Params& p, unsigned b, const unsigned (&i)[COUNT],
                                             const unsigned (&j)[COUNT], float4 (&value)[COUNT],
                                             const float* bias, const T* residual, T* c, T* activated) {
#pragma unroll
    for (unsigned f = 0; f < COUNT; f++) {
        float4& v = value[f];
        v = make_float4(p.alpha * v.x, p.alpha * v.y, p.alpha * v.z, p.alpha * v.w);
        if (i[f] >= p.m || j[f] >= p.n) continue;
        Place at = place_of(p, b, i[f], j[f]);
        if (ACCUMULATE) v = plus(v, load4(&c[at.c]));
        if (BIAS) v = plus(v, load4(&bias[j[f]]));
        if (RESIDUAL) v = plus(v, load4(&residual[at.dense]));
    }
#pragma unroll
    for (unsigned f = 0; f < COUNT; f++) {
        float4 v = value[f];
        if (i[f] >= p.m || j[f] >= p.n) continue;
        Place at = place_of(p, b, i[f], j[f]);
        store4(&c[at.c], v);
        v = make_float4(gelu_for<T>(v.x), gelu_for<T>(v.y), gelu_for<T>(v.z), gelu_for<T>(v.w));
        if (GELU) store4(&activated[at.dense], v);
    }
}
