// What a warp asks of its tensor core and of the copy engine: a function for each instruction.
//
// A fragment is a small matrix that lies in the registers of a whole warp. Every lane holds a few of
// its elements, and which ones follows from
//
//     g = lane / 4 (0 to 7)          t = lane % 4 (0 to 3)
//
// A register has 32 bits: two 16-bit numbers side by side, or one tf32. All these instructions are for
// the 32 lanes of a warp together, on cards from sm_80 on.
#pragma once
#include "bf16.cuh"

// The address of shared memory as instructions take it.
__device__ __forceinline__ unsigned shared_address(const void* p) {
    return (unsigned)__cvta_generic_to_shared(p);
}

// region: ldmatrix
// Four matrices of 8 x 16 bytes from shared memory, one into each register. Lane l says where row l % 8
// of matrix l / 8 starts; lane (g, t) receives bytes 4t to 4t + 3 of row g:
//
//     16-bit numbers   row g: [2t] [2t+1]          f32   row g: [t]
//
// It takes four passes over the 32 banks, none more if the 8 rows of a matrix lie in different ones.
__device__ __forceinline__ void ldmatrix_x4(unsigned (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row)));
}

// The same, each matrix of 8 x 8 16-bit numbers turned over: lane (g, t) receives column g, rows 2t and
// 2t + 1. There is no such instruction for 32-bit numbers.
__device__ __forceinline__ void ldmatrix_x4_trans(unsigned (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row)));
}
// end: ldmatrix

// region: mma
// d += a b: a is 16 x 16, b 16 x 8, d 16 x 8. Lane (g, t) holds
//
//     a[0]: row g,     k 2t, 2t+1         a[2]: row g,     k 2t+8, 2t+9
//     a[1]: row g + 8, k 2t, 2t+1         a[3]: row g + 8, k 2t+8, 2t+9
//     b[0]: column g,  k 2t, 2t+1         b[1]: column g,  k 2t+8, 2t+9
//     d[0], d[1]: row g, columns 2t, 2t+1     d[2], d[3]: row g + 8, the same columns
//
// The last argument only says how the 16 bits are read.
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const unsigned (&a)[4],
                                             const unsigned* b, bf16) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const unsigned (&a)[4],
                                             const unsigned* b, f16) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d += a b in tf32: a is 16 x 8, b 8 x 8. The same picture with one number in a register: k is t where
// it says 2t, 2t+1, and t + 4 where it says 2t+8, 2t+9.
__device__ __forceinline__ void mma_m16n8k8(float (&d)[4], const unsigned (&a)[4],
                                            const unsigned* b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The bits of an f32 rounded to the nearest tf32 (8 bits of exponent as f32 has, 10 of mantissa as f16).
// Without it the tensor core would cut the lower 13 bits off, twice the error. Hopper has an instruction
// for it, which takes ties to even; older cards test for infinity and add, and ties go away from zero.
__device__ __forceinline__ unsigned to_tf32(unsigned f32) {
    unsigned y;
#if __CUDA_ARCH__ >= 900
    asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(y) : "r"(f32));
#else
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "r"(f32));
#endif
    return y;
}
// end: mma

// region: cp_async
// Starts a copy of 16 bytes from global to shared memory that passes by the registers; both addresses
// are multiples of 16. Bytes from `bytes` on are written as zeros and not read.
__device__ __forceinline__ void cp_async_16(void* to, const void* from, unsigned bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(bytes)
                 : "memory");
}

// Closes this thread's group of the copies started since the last one; a group may be empty.
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most the `LEFT` youngest of this thread's groups are under way. Other threads' copies
// are there only after a barrier too.
template <unsigned LEFT>
__device__ __forceinline__ void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}
// end: cp_async
