// Hopper's matrix instruction: the four warps of a warpgroup multiply a 64 x 16 piece of a by a 16 x N
// piece of b, both in shared memory, and add it to sums in their registers.
//
// Order: wgmma_fence, any number of wgmma, wgmma_commit, and in the end wgmma_wait; in between the sums
// belong to the tensor cores and no instruction may touch them (the compiler then waits after each
// wgmma, with the warning C7510).
#pragma once
#include "stored.cuh"

#if STORED == 2
#define WGMMA_TYPES ".f32.f16.f16 "
#else
#define WGMMA_TYPES ".f32.bf16.bf16 "
#endif

// region: order
// Orders the threads' own uses of the sums before the products that follow.
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

// Closes a group: what was issued since the last one.
__device__ __forceinline__ void wgmma_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until at most LEFT of the latest groups are still under way.
template <int LEFT>
__device__ __forceinline__ void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}
// end: order

// region: descriptor
// A tile in shared memory as wgmma is told of it. The unit is an atom: 8 rows of 128 bytes, whose 16-byte
// pieces the swizzle exchanged (piece ^= row % 8), aligned to 1024 bytes. Rows and columns of an atom:
//
//   along k (K-major)    8 lines (rows of a, columns of b) of 64 elements along k.
//                        stride: bytes from 8 lines to the next 8. leading: not used.
//                        16 further along k is 32 bytes on, within the rows.
//   across k (MN-major)  8 steps along k of 64 lines each; wgmma's transpose flag is 1.
//                        stride: bytes from 8 steps to the next 8. leading: from 64 lines to the next.
//                        16 further along k is two atoms on.
__device__ __forceinline__ unsigned long long shared_descriptor(unsigned address, unsigned leading,
                                                                unsigned stride) {
    const unsigned long long swizzle_128 = 1ull << 62;
    return swizzle_128 | (unsigned long long)(stride / 16) << 32 | leading / 16 << 16 | address / 16;
}
// end: descriptor

// The sums' operands: in the instruction's text, and as the registers they stand for.
#define SUMS_64 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15" \
    ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31" \
    ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47" \
    ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SUMS_96 \
    ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79" \
    ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define SUMS_128 \
    ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111" \
    ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define FOUR(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SIXTEEN(d, i) FOUR(d, i), FOUR(d, i + 4), FOUR(d, i + 8), FOUR(d, i + 12)

// region: wgmma
// Thread t of the warpgroup holds of the 64 x N sums, for every 8 columns 8 q: row t / 32 * 16 + t % 32 / 4
// in d[4 q] and d[4 q + 1], the row 8 below it in d[4 q + 2] and d[4 q + 3]; columns 8 q + t % 4 * 2 and
// the next. Without `add` the old sums are not read. A_ACROSS and B_ACROSS: the tile lies across k.
template <int A_ACROSS, int B_ACROSS>
__device__ __forceinline__ void wgmma_m64n128k16(float (&d)[64], unsigned long long a,
                                                 unsigned long long b, bool add) {
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16" WGMMA_TYPES "{" SUMS_64 "},"
        " %64, %65, add, 1, 1, %67, %68;\n"
        "}"
        : SIXTEEN(d, 0), SIXTEEN(d, 16), SIXTEEN(d, 32), SIXTEEN(d, 48)
        : "l"(a), "l"(b), "r"((int)add), "n"(A_ACROSS), "n"(B_ACROSS));
}
template <int A_ACROSS, int B_ACROSS>
__device__ __forceinline__ void wgmma_m64n192k16(float (&d)[96], unsigned long long a,
                                                 unsigned long long b, bool add) {
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %98, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n192k16" WGMMA_TYPES "{" SUMS_64 SUMS_96 "},"
        " %96, %97, add, 1, 1, %99, %100;\n"
        "}"
        : SIXTEEN(d, 0), SIXTEEN(d, 16), SIXTEEN(d, 32), SIXTEEN(d, 48),
          SIXTEEN(d, 64), SIXTEEN(d, 80)
        : "l"(a), "l"(b), "r"((int)add), "n"(A_ACROSS), "n"(B_ACROSS));
}
template <int A_ACROSS, int B_ACROSS>
__device__ __forceinline__ void wgmma_m64n256k16(float (&d)[128], unsigned long long a,
                                                 unsigned long long b, bool add) {
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k16" WGMMA_TYPES "{" SUMS_64 SUMS_96 SUMS_128 "},"
        " %128, %129, add, 1, 1, %131, %132;\n"
        "}"
        : SIXTEEN(d, 0), SIXTEEN(d, 16), SIXTEEN(d, 32), SIXTEEN(d, 48),
          SIXTEEN(d, 64), SIXTEEN(d, 80), SIXTEEN(d, 96), SIXTEEN(d, 112)
        : "l"(a), "l"(b), "r"((int)add), "n"(A_ACROSS), "n"(B_ACROSS));
}
// end: wgmma
