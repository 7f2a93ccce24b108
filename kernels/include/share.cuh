// How the rungs above 4_register_tiled bring slabs of the operands into shared memory, and read them:
// 16 bytes at a time, as far as the operands lie so.
//
// A slab is BK steps along k of WIDTH lines: rows of a, columns of b. In shared memory it lies step by
// step, turned where it must be: what a thread reads of one step is then side by side.
#pragma once

#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#ifndef A_WIDE
#define A_WIDE 0  // a begins on 16 bytes, and so does every fourth element of those side by side
#endif
#ifndef B_WIDE
#define B_WIDE 0
#endif

// From step to step. Four more than there are rows, so that a slab that is turned spreads over the banks.
#define A_PITCH (BM + 4)
#define B_PITCH (BN / 32 * 36)

// region: permute
// Column 8 q + x of 32 goes to place 4 x + q: the four columns of a thread are one 16-byte load, and in
// c the columns of its neighbors lie beside its own. 4 places after each 32 stay empty, for the banks.
__device__ __forceinline__ unsigned place_of(unsigned column) {
    return column / 32 * 36 + column % 8 * 4 + column % 32 / 8;
}
// end: permute

// An operand seen from the side: lines (rows of a, columns of b) and their elements along k.
struct Lines {
    const float* data;
    unsigned line, step;  // from line to line, and along k
    unsigned count;       // lines there are
};

// A thread's share of the slabs of an operand, in pieces of 4 numbers or 1. Neighboring threads take
// neighboring pieces.
template <bool ALONG_K, unsigned WIDTH, unsigned PITCH, bool PERMUTED, bool WIDE>
struct Share {
    static constexpr unsigned SIZE = BK * WIDTH / THREADS;
    static constexpr unsigned PIECE = WIDE && SIZE >= 4 ? 4 : 1;
    static constexpr unsigned BESIDE = (ALONG_K ? BK : WIDTH) / PIECE;  // pieces side by side
    static constexpr unsigned NEXT = THREADS / BESIDE;  // from one of the thread's pieces to the next

    float numbers[SIZE];
    const float* at;      // the first piece of the slab that is next
    unsigned line, step;  // as in Lines
    unsigned l, lines;    // steps before that piece in its slab; lines from it on
    unsigned place;       // of that piece in a slab

    __device__ __forceinline__ Share(Lines x, unsigned first, unsigned from) : line(x.line), step(x.step) {
        unsigned along = threadIdx.x % BESIDE * PIECE, across = threadIdx.x / BESIDE;
        unsigned own = ALONG_K ? across : along;
        l = ALONG_K ? along : across;
        lines = first + own < x.count ? x.count - first - own : 0;
        at = x.data + (first + own) * line + (from + l) * step;
        place = l * PITCH + (PERMUTED ? place_of(own) : own);
    }

    // Fetches the next slab, of which `left` steps are inside the matrix; 0 outside.
    __device__ __forceinline__ void fetch(int left) {
        // region: fetch
#pragma unroll
        for (unsigned s = 0; s < SIZE; s += PIECE) {
            unsigned across = s / PIECE * NEXT;
            const float* from = at + across * (ALONG_K ? line : step);
            // A piece is inside or outside as a whole.
            bool in = (ALONG_K ? across : 0) < lines && int(l + (ALONG_K ? 0 : across)) < left;
            if (PIECE == 1) numbers[s] = in ? *from : 0.0f;
            else *(float4*)&numbers[s] = in ? *(const float4*)from : float4{0.0f, 0.0f, 0.0f, 0.0f};
        }
        // end: fetch
        at += BK * step;
    }

    // Puts what was fetched into a slab.
    __device__ __forceinline__ void put(float* slab) const {
        slab += place;
        // region: put
#pragma unroll
        for (unsigned s = 0; s < SIZE; s++) {
            unsigned across = s / PIECE * NEXT, along = s % PIECE;
            unsigned line = ALONG_K ? across : along, l = ALONG_K ? along : across;
            if (PERMUTED) slab[l * PITCH + place_of(line)] = numbers[s];
            else if (ALONG_K || PIECE == 1) slab[l * PITCH + line] = numbers[s];
            else if (along == 0) *(float4*)&slab[l * PITCH] = *(const float4*)&numbers[s];
        }
        // end: put
    }
};

// What a thread holds of one step along k.
struct Step {
    float rows[TM], columns[TN];

    // Reads it, from the thread's first row and its first place among the columns.
    __device__ __forceinline__ void take(const float* a_slab, const float* b_slab) {
        // region: take
#pragma unroll
        for (unsigned g = 0; g < TM; g += 4) *(float4*)&rows[g] = *(const float4*)&a_slab[g * 4];
#pragma unroll
        for (unsigned g = 0; g < TN; g += 4) *(float4*)&columns[g] = *(const float4*)&b_slab[g * 9];
        // end: take
    }

    // Multiplies each with each.
    __device__ __forceinline__ void multiply(float (&sums)[TM][TN]) const {
#pragma unroll
        for (unsigned r = 0; r < TM; r++)
#pragma unroll
            for (unsigned s = 0; s < TN; s++) sums[r][s] += rows[r] * columns[s];
    }
};
