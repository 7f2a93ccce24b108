// What Hopper adds (compute capability 9.0, compiled for sm_90a): an engine that copies tiles, barriers
// that count bytes, and tensor cores that read shared memory themselves.
//
// Everything here is asynchronous, and the order is the program's to keep:
//
//   producer   wait until a stage is empty -> say how many bytes will come -> start the copies
//   hardware   copies, and counts the bytes off the stage's barrier
//   consumer   wait until the stage is full -> fence, multiply, commit -> wait for the product
//              -> say that the stage is empty
//
// Functions are named after what the hardware does. Addresses of shared memory are the 32-bit numbers
// that the instructions take.
#pragma once

__device__ __forceinline__ unsigned shared_address(const void* pointer) {
    return (unsigned)__cvta_generic_to_shared(pointer);
}

// region: barrier
// An mbarrier is 8 bytes of shared memory. A phase of it ends when `count` arrivals have come and all
// bytes that were expected; then the next begins by itself. Waiting names the parity of the phase that
// should have ended: 0, 1, 0, 1, ... On a new barrier, waiting for parity 1 returns at once.
__device__ __forceinline__ void mbarrier_init(unsigned barrier, unsigned count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}

// After the last init and before the block's barrier: lets the copy engine see the new barriers.
__device__ __forceinline__ void mbarrier_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// One arrival that also announces bytes. Comes before the copies that bring them.
__device__ __forceinline__ void mbarrier_expect_bytes(unsigned barrier, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}

// One arrival: what this thread did before is seen by who waits.
__device__ __forceinline__ void mbarrier_arrive(unsigned barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// Sleeps until the phase of this parity has ended.
__device__ __forceinline__ void mbarrier_wait_parity(unsigned barrier, unsigned parity) {
    asm volatile(
        "{\n"
        ".reg .pred ended;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n"
        "@!ended bra again;\n"
        "}" ::"r"(barrier), "r"(parity) : "memory");
}
// end: barrier

// region: tma
// Where a tensor lies, its sizes and strides, the size of a tile and how its rows are laid out: encoded
// by the driver, opaque here, and passed to a kernel as `const __grid_constant__ TensorMap`.
struct alignas(64) TensorMap { unsigned long long opaque[16]; };

// One thread starts the copy of a tile to shared memory; the engine does the rest, puts zeros where the
// tile reaches beyond the tensor, and counts the tile's bytes off the barrier. Coordinates are elements,
// the innermost dimension first. With a swizzle of 128 bytes `to` is a multiple of 1024.
__device__ __forceinline__ void tma_load_4d(unsigned to, const TensorMap* map, unsigned barrier,
                                            unsigned x, unsigned y, unsigned z, unsigned w) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes"
        " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(to), "l"(map), "r"(barrier), "r"(x), "r"(y),
        "r"(z), "r"(w) : "memory");
}

// The way back: one thread starts the copy of a tile from shared memory; what lies beyond the tensor is
// left out. Who wrote the tile with ordinary stores has called proxy_fence, and then a barrier followed.
__device__ __forceinline__ void tma_store_4d(const TensorMap* map, unsigned from, unsigned x,
                                             unsigned y, unsigned z, unsigned w) {
    asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];"
                 ::"l"(map), "r"(from), "r"(x), "r"(y), "r"(z), "r"(w) : "memory");
}

// Closes a group of this thread's stores.
__device__ __forceinline__ void tma_store_commit() {
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

// Waits until at most LEFT of this thread's latest groups still read shared memory: then what the older
// ones have read may be overwritten.
template <int LEFT>
__device__ __forceinline__ void tma_store_wait_read() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(LEFT) : "memory");
}

// Waits until all of this thread's stores have arrived in global memory: whoever copies results out right
// after the kernel finds them there.
__device__ __forceinline__ void tma_store_wait() {
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

// Orders this thread's ordinary stores to shared memory before what the copy engine (or the tensor cores)
// will read there.
__device__ __forceinline__ void proxy_fence() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
// end: tma

// region: stmatrix
// A warp stores four squares of 8 x 8 16-bit numbers, as matrix instructions leave them in registers:
// thread t has two neighbors of row t / 4. Threads 8 s to 8 s + 7 give the addresses of square s's rows.
__device__ __forceinline__ void stmatrix(unsigned row, unsigned a, unsigned b, unsigned c, unsigned d) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(row), "r"(a),
                 "r"(b), "r"(c), "r"(d) : "memory");
}
// end: stmatrix

// region: registers
// A warpgroup (four warps) gives registers back to the multiprocessor, or waits until it has `COUNT` of
// them a thread (a multiple of 8). All its warps do it, at the head of their role.
template <int COUNT>
__device__ __forceinline__ void registers_give() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT));
}
template <int COUNT>
__device__ __forceinline__ void registers_take() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT));
}
// end: registers
