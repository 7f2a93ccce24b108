// How the rungs above 4_register_tiled bring slabs of the operands into shared memory: 16 bytes at a
// time, as far as the operands lie so.
//
// A slab is BK steps along k of BM rows of a, or of BN columns of b. In shared memory it lies step by
// step, turned where it must be: what a thread reads of one step is then side by side.
#pragma once

#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#ifndef A_WIDE
#define A_WIDE 0  // what lies side by side in a begins at a multiple of 16 bytes and is made of whole ones
#endif
#ifndef B_WIDE
#define B_WIDE 0
#endif

// region: permute
// Column 8 q + x of 32 goes to place 4 x + q: the four columns of a thread are one 16-byte load, and in
// c its neighbors' columns lie beside its own. 4 places after each 32 stay empty, for the banks.
__device__ __forceinline__ unsigned column_place(unsigned column) {
    return column / 32 * 36 + column % 8 * 4 + column % 32 / 8;
}
// end: permute

// Numbers from step to step of a slab. A turned row of a spreads over the banks.
#define A_PITCH (BM + 4)
#define B_PITCH (BN / 32 * 36)

// A thread's share of the slabs of an operand, in pieces of 4 numbers or 1. The operand is seen from the
// side: lines (rows of a, columns of b), and steps along k.
template <bool ALONG_K, unsigned WIDTH, unsigned PITCH, bool PERMUTED, bool WIDE>
struct Share {
    static constexpr unsigned SIZE = BK * WIDTH / THREADS;
    static constexpr unsigned PIECE = WIDE && SIZE >= 4 ? 4 : 1;
    static constexpr unsigned BESIDE = (ALONG_K ? BK : WIDTH) / PIECE;  // pieces side by side
    static constexpr unsigned NEXT = THREADS / BESIDE;  // from one of the thread's pieces to the next

    float numbers[SIZE];
    const float* at;      // the first piece, in the slab that is next
    unsigned line, step;  // between neighboring lines and steps in memory
    unsigned l, lines;    // of the first piece: its step in the slab, and the lines from it on
    unsigned place;       // and its place in shared memory

    // `first` of `count` lines is the slab's first.
    __device__ __forceinline__ Share(const float* data, unsigned line, unsigned step, unsigned first,
                                     unsigned count)
        : line(line), step(step) {
        // Neighboring threads take neighboring pieces, whichever way the matrix lies.
        unsigned along = threadIdx.x % BESIDE * PIECE, across = threadIdx.x / BESIDE;
        unsigned own = ALONG_K ? across : along;
        l = ALONG_K ? along : across;
        lines = first + own < count ? count - first - own : 0;
        at = data + (first + own) * line + l * step;
        place = l * PITCH + (PERMUTED ? column_place(own) : own);
    }

    // Fetches the next slab, of which `steps` are inside the matrix; 0 outside.
    __device__ __forceinline__ void fetch(int steps) {
        // region: fetch
#pragma unroll
        for (unsigned s = 0; s < SIZE; s += PIECE) {
            unsigned across = s / PIECE * NEXT;
            const float* from = at + across * (ALONG_K ? line : step);
            // A piece is inside or outside as a whole.
            bool in = (ALONG_K ? across : 0) < lines && int(l + (ALONG_K ? 0 : across)) < steps;
            if (PIECE == 1) numbers[s] = in ? *from : 0.0f;
            else *(float4*)&numbers[s] = in ? *(const float4*)from : float4{0.0f, 0.0f, 0.0f, 0.0f};
        }
        at += BK * step;
        // end: fetch
    }

    // Puts what was fetched into a slab.
    __device__ __forceinline__ void put(float* slab) const {
        slab += place;
        // region: put
#pragma unroll
        for (unsigned s = 0; s < SIZE; s++) {
            unsigned across = s / PIECE * NEXT, along = s % PIECE;
            unsigned line = ALONG_K ? across : along, l = ALONG_K ? along : across;
            if (PERMUTED) slab[l * PITCH + column_place(line)] = numbers[s];
            else if (ALONG_K || PIECE == 1) slab[l * PITCH + line] = numbers[s];
            else if (along == 0) *(float4*)&slab[l * PITCH] = *(const float4*)&numbers[s];
        }
        // end: put
    }
};
