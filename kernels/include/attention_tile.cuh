// A block of 16 x 16 threads works on tiles of TILE rows: loading them, and the two products that
// every tiled attention is made of.
//
//   scores   S[r][c] += A[row][d] B[column][d]     both operands by rows: Q K^T, dO V^T
//   sums     O[r][n] += P[row][j] B[j][d]          weights times rows: P V, dS K, ...
//
// Thread (tx, ty) owns R = TILE / 16 rows ty + 16 r. In scores it owns the columns tx + 16 c: then 16
// threads read 16 neighboring rows of B, which with rows DIM + 4 apart lie in different banks. In
// sums it owns the N = DIM / 16 columns tx N + n. The sixteen threads that share rows are half a warp,
// so a row of scores is reduced by shuffles and needs no barrier.
//
// Both products take four terms at a time: R + R (or R + N) loads of four floats from shared memory
// for 4 R R fused multiply-adds.
//
// What is masked has the weight 0, which does not silence infinity or NaN: tiles of B that hold such a
// number are summed pair by pair (attention_pairs).
#pragma once
#include "attention.cuh"
#include "stored.cuh"

#ifndef TILE
#define TILE 64
#endif
#ifndef DIM
#define DIM 64
#endif
#ifndef BY_FOUR
#define BY_FOUR 0
#endif

const unsigned R = TILE / 16;      // rows of a thread
const unsigned N = DIM / 16;       // columns of sums of a thread
const unsigned WIDE = DIM + 4;     // from one row of an operand's tile to the next
const unsigned NARROW = TILE + 4;  // from one row of a tile of scores to the next

// Four numbers of a row from column d on, as floats; 0 beyond its end.
template <typename T>
__device__ __forceinline__ float4 four_of(const T* row, unsigned d, unsigned dim) {
#if BY_FOUR
    return d < dim ? load4(row + d) : make_float4(0, 0, 0, 0);
#else
    return make_float4(d < dim ? to_f32(row[d]) : 0, d + 1 < dim ? to_f32(row[d + 1]) : 0,
                       d + 2 < dim ? to_f32(row[d + 2]) : 0, d + 3 < dim ? to_f32(row[d + 3]) : 0);
#endif
}

// The rows from..from + TILE of a head into shared memory, as floats; 0 where there are none. Whether
// this thread has met infinity or NaN: 0 times those is NaN.
template <typename T>
__device__ __forceinline__ bool load_tile(float* tile, const T* head, unsigned stride,
                                          unsigned from, unsigned rows, unsigned dim) {
    float silenced = 0.0f;
#pragma unroll
    for (unsigned i = threadIdx.x; i < TILE * DIM / 4; i += 256) {
        unsigned row = i / (DIM / 4), d = i % (DIM / 4) * 4;
        float4 x = make_float4(0, 0, 0, 0);
        if (from + row < rows) x = four_of(head + (from + row) * stride, d, dim);
        *(float4*)(tile + row * WIDE + d) = x;
        silenced += 0.0f * x.x + 0.0f * x.y + 0.0f * x.z + 0.0f * x.w;
    }
    return silenced != 0.0f;
}

// S[r][c] = A[ty + 16 r] . B[tx + 16 c]
__device__ __forceinline__ void scores_of(float (&s)[R][R], const float* a, const float* b,
                                          unsigned tx, unsigned ty) {
#pragma unroll
    for (unsigned r = 0; r < R; r++)
        for (unsigned c = 0; c < R; c++) s[r][c] = 0.0f;
#pragma unroll 4
    for (unsigned d = 0; d < DIM; d += 4) {
        // region: products
        float4 x[R], y[R];
#pragma unroll
        for (unsigned r = 0; r < R; r++) x[r] = *(const float4*)(a + (ty + 16 * r) * WIDE + d);
#pragma unroll
        for (unsigned c = 0; c < R; c++) y[c] = *(const float4*)(b + (tx + 16 * c) * WIDE + d);
#pragma unroll
        for (unsigned r = 0; r < R; r++)
#pragma unroll
            for (unsigned c = 0; c < R; c++)
                s[r][c] += x[r].x * y[c].x + x[r].y * y[c].y + x[r].z * y[c].z + x[r].w * y[c].w;
        // end: products
    }
}

// N neighboring floats of shared memory, in the widest loads their number allows.
__device__ __forceinline__ void load_columns(float (&x)[N], const float* from) {
#pragma unroll
    for (unsigned n = 0; n < N; n += N % 4 == 0 ? 4 : N % 2 == 0 ? 2 : 1) {
        if (N % 4 == 0) {
            float4 y = *(const float4*)(from + n);
            x[n] = y.x, x[(n + 1) % N] = y.y, x[(n + 2) % N] = y.z, x[(n + 3) % N] = y.w;
        } else if (N % 2 == 0) {
            float2 y = *(const float2*)(from + n);
            x[n] = y.x, x[(n + 1) % N] = y.y;
        } else {
            x[n] = from[n];
        }
    }
}

// O[r][n] += sum over j of P[ty + 16 r][j] B[j][tx N + n]
__device__ __forceinline__ void add_weighted(float (&o)[R][N], const float* p, const float* b,
                                             unsigned tx, unsigned ty) {
#pragma unroll 4
    for (unsigned j = 0; j < TILE; j += 4) {
        float4 w[R];
#pragma unroll
        for (unsigned r = 0; r < R; r++) w[r] = *(const float4*)(p + (ty + 16 * r) * NARROW + j);
#pragma unroll
        for (unsigned e = 0; e < 4; e++) {
            float y[N];
            load_columns(y, b + (j + e) * WIDE + tx * N);
#pragma unroll
            for (unsigned r = 0; r < R; r++) {
                float x = e == 0 ? w[r].x : e == 1 ? w[r].y : e == 2 ? w[r].z : w[r].w;
#pragma unroll
                for (unsigned n = 0; n < N; n++) o[r][n] += x * y[n];
            }
        }
    }
}

// A thread's scores into shared memory, for the sixteen threads that share its rows.
__device__ __forceinline__ void store_scores(float* tile, const float (&s)[R][R], unsigned tx,
                                             unsigned ty) {
    __syncwarp();  // who still reads what the last call stored
#pragma unroll
    for (unsigned r = 0; r < R; r++)
#pragma unroll
        for (unsigned c = 0; c < R; c++) tile[(ty + 16 * r) * NARROW + tx + 16 * c] = s[r][c];
    __syncwarp();
}

// A thread's sums, times a factor, into the rows of a head: the one place where they are rounded.
template <typename T>
__device__ __forceinline__ void store_sums(T* head, unsigned stride, const float (&o)[R][N],
                                           float factor, unsigned from, unsigned rows, unsigned dim,
                                           unsigned tx, unsigned ty) {
#pragma unroll
    for (unsigned r = 0; r < R; r++) {
        unsigned row = from + ty + 16 * r;
        if (row >= rows) continue;
#pragma unroll
        for (unsigned n = 0; n < N; n++)
            if (tx * N + n < dim) head[row * stride + tx * N + n] = from_f32<T>(factor * o[r][n]);
    }
}

// Dropout's mask for a query and the keys first + lane + 16 c.
__device__ __forceinline__ void mask_of(float (&mask)[R], const Params& p, const StepState* state,
                                        unsigned bh, unsigned row, unsigned first, unsigned lane) {
    float4 m = dropout_mask(p, state, bh, row, first / 64 * 64 + lane);
#pragma unroll
    for (unsigned c = 0; c < R; c++) {
        unsigned word = (first / 16 + c) % 4;
        mask[c] = word == 0 ? m.x : word == 1 ? m.y : word == 2 ? m.z : m.w;
    }
}
