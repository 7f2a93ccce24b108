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

template <bool ALONG_K, unsigned WIDTH, unsigned THREADS>
struct Slab {
    static const unsigned ROWS = ALONG_K ? WIDTH : BK, CHUNKS = (ALONG_K ? BK : WIDTH) / EACH;
    static const unsigned ROW = CHUNKS * 16, BYTES = ROWS * ROW;
    // Rows that one chunk for each thread fills; the swizzle is the same that many rows on.
    static const unsigned FILLED = THREADS / CHUNKS, FILLS = ROWS / FILLED;
    static_assert(THREADS % CHUNKS == 0 && ROWS % FILLED == 0 && FILLED % (ALONG_K || STORED ? 8 : 4) == 0, "");

    // region: swizzle
    // Where chunk `chunk` of row `row` lies in a slab, in bytes.
    static __device__ __forceinline__ unsigned place(unsigned row, unsigned chunk) {
        // A turned fragment of tf32 takes 4 rows and 2 chunks of each at a time: 8 groups again.
        unsigned turn = ALONG_K || STORED ? row % 8 : row % 4 * 2;
        return row * ROW + (chunk ^ turn) * 16;
    }
    // end: swizzle

    // Fetches this thread's chunks of a quarter of a slab: lines `first` on, elements `from` to `end`;
    // zeros outside.
    static __device__ __forceinline__ void fetch(char* slab, const Lines& x, unsigned first,
                                                 unsigned from, unsigned end, unsigned quarter) {
        // region: fetch
        // Neighbors take neighboring chunks.
        unsigned row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
        unsigned line = first + (ALONG_K ? row : chunk * EACH);
        unsigned l = from + (ALONG_K ? chunk * EACH : row);
        unsigned source = line * x.line + l * x.step, down = ALONG_K ? x.line : x.step;
        char* to = slab + place(row, chunk);
        UNROLL
        for (unsigned f = quarter * FILLS / 4; f < (quarter + 1) * FILLS / 4; f++) {
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

    // region: fragment
    // A fragment is 16 lines and STEP elements of each. As mma takes its operand a, the upper 8 lines are
    // in registers 1 and 3; as two operands b of 8 columns, in registers 2 and 3.
    //
    // Where this lane reads the first fragment of lines `line` on, which is a multiple of 128 bytes where
    // lines lie side by side.
    template <bool AS_A>
    static __device__ __forceinline__ unsigned start(unsigned line) {
        unsigned lane = threadIdx.x % 32;
        if (!ALONG_K && !STORED) return place(lane % 4, (line + lane / 4) / EACH) + lane / 4 % EACH * 4;
        // Matrix 1 lies 8 rows on from matrix 0 and matrix 2 a chunk on, or the other way.
        bool rows_first = ALONG_K == AS_A;
        unsigned row = lane % 8 + (rows_first ? lane / 8 % 2 : lane / 16) * 8;
        unsigned chunk = rows_first ? lane / 16 : lane / 8 % 2;
        return ALONG_K ? place(line + row, chunk) : place(row, line / EACH + chunk);
    }

    // Fragment `i` of those lines, `step` steps along k.
    template <bool AS_A>
    static __device__ __forceinline__ void fragment(unsigned (&r)[4], const char* slab, unsigned start,
                                                    unsigned i, unsigned step) {
        // Rows down are added; bytes along a row turn with the swizzle.
        unsigned down = ALONG_K ? i * 16 : step * STEP;
        unsigned along = ALONG_K ? step * 32 : i * 16 * sizeof(stored);
        const char* at = slab + (start ^ along % 128) + along / 128 * 128 + down * ROW;
        if (ALONG_K) {
            ldmatrix_x4(r, at);
        } else if (STORED) {
            ldmatrix_x4_trans(r, at);
        } else {
            const char* up = slab + (start ^ along % 128 ^ 32) + along / 128 * 128 + down * ROW;
            r[0] = *(const unsigned*)at;
            r[AS_A ? 1 : 2] = *(const unsigned*)up;              // 8 lines on
            r[AS_A ? 2 : 1] = *(const unsigned*)(at + 4 * ROW);  // 4 along k
            r[3] = *(const unsigned*)(up + 4 * ROW);
        }
    }
    // end: fragment
};
