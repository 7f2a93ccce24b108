// A slab of an operand in shared memory: how it is fetched, how it lies, how a warp reads fragments.
//
// An operand is seen from the side, so that a and b are the same thing: lines (rows of a, columns of b)
// and elements along k. A slab has WIDTH lines and BK elements of each. It lies as the operand does in
// global memory, in rows of 16-byte chunks: a row is a line where lines run along k, else an element
// of each line.
//
// ldmatrix reads the same chunk of eight rows at once. Rows are a multiple of 128 bytes, so all eight
// would lie in the same 4 of 32 banks. The swizzle spreads them: chunk c of row r is put in place
// c ^ (r % 8), eight different groups of banks for eight rows, and no byte is lost to padding.
#pragma once
#include "mma.cuh"
#include "stored.cuh"

#ifndef ALIGNED
#define ALIGNED 1  // rows of chunks start at multiples of 16 bytes and have whole chunks
#endif
#if ALIGNED
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("unroll 1")
#endif

// Elements of a chunk, and along k of a slab: rows of 128 bytes where lines run along k.
#define EACH (16 / (unsigned)sizeof(stored))
#define BK (8 * EACH)
// Elements along k that one mma multiplies.
#define STEP (2 * EACH)

// An operand: its lines and their elements along k.
struct Lines {
    const stored* data;
    unsigned line, step;  // from line to line, and along k
    unsigned count;       // lines there are
};

// FIRST: mma takes it as its operand a, else as b.
template <bool ALONG_K, bool FIRST, unsigned WIDTH, unsigned THREADS>
struct Slab {
    static const unsigned ROWS = ALONG_K ? WIDTH : BK, CHUNKS = (ALONG_K ? BK : WIDTH) / EACH;
    static const unsigned ROW = CHUNKS * 16, BYTES = ROWS * ROW;
    // Rows that one chunk for each thread fills; the swizzle is the same that many rows on.
    static const unsigned FILLED = THREADS / CHUNKS, FILLS = ROWS / FILLED;
    static_assert(THREADS % CHUNKS == 0 && ROWS % FILLED == 0, "threads fill whole rows");
    static_assert(FILLED % (ALONG_K ? 16 : STORED ? 8 : 4) == 0, "the swizzle repeats");
    // The first operand of tf32 has its lines in pairs (see `fragments`).
    static const bool PAIRED = FIRST && !STORED;

    // region: swizzle
    // Where chunk `chunk` of row `row` lies in a slab, in bytes.
    static __device__ __forceinline__ unsigned place(unsigned row, unsigned chunk) {
        unsigned turn = PAIRED && ALONG_K ? row / 2 % 8  // a matrix has every other row
                        : ALONG_K || STORED ? row % 8    // a matrix has 8 rows
                                            : row % 4 * 2;  // lanes read 4 rows, 2 chunks of each
        return row * ROW + (chunk ^ turn) * 16;
    }
    // end: swizzle

    // Fetches this thread's chunks of part `part` OF a slab: elements `from` to `end` of lines `first` on,
    // zeros outside. `start` is where the operand's first element is.
    template <unsigned OF>
    static __device__ __forceinline__ void fetch(char* slab, const Lines& x, unsigned start,
                                                 unsigned first, unsigned from, unsigned end,
                                                 unsigned part) {
        // region: fetch
        // Neighbors take neighboring chunks.
        unsigned row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
        unsigned line = first + (ALONG_K ? row : chunk * EACH);
        unsigned l = from + (ALONG_K ? chunk * EACH : row);
        unsigned source = start + line * x.line + l * x.step, down = ALONG_K ? x.line : x.step;
        char* to = slab + place(row, chunk);
        UNROLL
        for (unsigned f = part * FILLS / OF; f < (part + 1) * FILLS / OF; f++) {
            unsigned r = f * FILLED;
            unsigned line_r = line + (ALONG_K ? r : 0), l_r = l + (ALONG_K ? 0 : r);
            bool in = line_r < x.count && l_r < end;
            const stored* at = x.data + (source + r * down);
#if ALIGNED
            cp_async_16(to + r * ROW, at, in ? 16 : 0);
#else
            unsigned there = in ? ALONG_K ? end - l_r : x.count - line_r : 0;
            __align__(16) stored copy[EACH] = {};
#pragma unroll
            for (unsigned n = 0; n < EACH; n++)
                if (n < there) copy[n] = at[n * (ALONG_K ? x.step : x.line)];
            *(uint4*)(to + r * ROW) = *(uint4*)copy;
#endif
        }
        // end: fetch
    }

    // region: fragments
    // A fragment is 16 lines in two halves of 8, and STEP elements of each. As operand a the second half
    // is in registers 1 and 3, as two operands b of 8 lines in 2 and 3. Which lines make a half is free;
    // lines 0 to 7 it is, but in the first operand of tf32 every other one: then a lane's lines lie side
    // by side in a turned slab, and registers 0 and 1 are one load.
    //
    // Where this lane reads the first fragment of lines `line` on, which is a multiple of 128 bytes where
    // lines lie side by side.
    static __device__ __forceinline__ unsigned start(unsigned line) {
        unsigned lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
        if (!ALONG_K && !STORED) {
            line += PAIRED ? g * 2 : g;
            return place(t, line / EACH) + line % EACH * 4;
        }
        // Matrix 1 is the second half and matrix 2 the second chunk, or the other way.
        unsigned half = ALONG_K == FIRST ? lane / 8 % 2 : lane / 16;
        unsigned chunk = ALONG_K == FIRST ? lane / 16 : lane / 8 % 2;
        unsigned row = PAIRED ? lane % 8 * 2 + half : lane % 8 + half * 8;
        return ALONG_K ? place(line + row, chunk) : place(row, line / EACH + chunk);
    }

    // COUNT fragments of those lines, `step` steps along k.
    template <unsigned COUNT>
    static __device__ __forceinline__ void fragments(unsigned (&r)[COUNT][4], const char* slab,
                                                     unsigned start, unsigned step) {
#pragma unroll
        for (unsigned i = 0; i < COUNT; i++) {
            // Rows down are added; bytes along a row turn with the swizzle.
            unsigned down = ALONG_K ? i * 16 : step * STEP;
            unsigned along = ALONG_K ? step * 32 : i * 16 * sizeof(stored);
            const char* at = slab + (start ^ along % 128) + along / 128 * 128 + down * ROW;
            if (ALONG_K) {
                ldmatrix_x4(r[i], at);
            } else if (STORED) {
                ldmatrix_x4_trans(r[i], at);
            } else if (PAIRED) {
                *(uint2*)&r[i][0] = *(const uint2*)at;
                *(uint2*)&r[i][2] = *(const uint2*)(at + 4 * ROW);  // 4 along k
            } else {
                const char* up = slab + (start ^ along % 128 ^ 32) + along / 128 * 128 + down * ROW;
                r[i][0] = *(const unsigned*)at;
                r[i][1] = *(const unsigned*)(at + 4 * ROW);
                r[i][2] = *(const unsigned*)up;  // 8 lines on
                r[i][3] = *(const unsigned*)(up + 4 * ROW);
            }
            if (!STORED)
#pragma unroll
                for (unsigned q = 0; q < 4; q++) r[i][q] = to_tf32(r[i][q]);
        }
    }
    // end: fragments
};
