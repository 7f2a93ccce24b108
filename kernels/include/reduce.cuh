// Sums and maxima over all threads of a block, the same bits every time.
//
// Idea: first inside each warp, where 32 threads swap registers without touching memory: five steps,
// each with the partner whose lane differs in one bit (a butterfly, so that every lane ends up with
// the result). Then one number per warp goes through shared memory, and every warp reduces those.
// Cost: 10 shuffles and 2 barriers for up to 1024 threads; a tree in shared memory takes 10 barriers.
// The order of the additions is fixed by the lanes' numbers, never by who is first: deterministic.
//
// Every thread of the block must make the call (no early return before it), and the block must be a
// multiple of 32 threads. Every thread gets the result.
#pragma once

// Sum over the 32 lanes of a warp, for all of them.
__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2)
        value += __shfl_xor_sync(0xffffffffu, value, distance);
    return value;
}

// The larger of two; NaN if either is (fmaxf would drop it).
__device__ __forceinline__ float max_nan(float a, float b) { return a > b || a != a ? a : b; }

// Maximum over the 32 lanes of a warp, for all of them; NaN if there is one.
__device__ __forceinline__ float warp_max(float value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2)
        value = max_nan(value, __shfl_xor_sync(0xffffffffu, value, distance));
    return value;
}

// One number of each warp to every thread: warp w's result, or `neutral` where there is no warp w,
// in lane w.
__device__ __forceinline__ float reduce_exchange(float of_warp, float neutral) {
    __shared__ float results[32];
    unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned warps = (blockDim.x * blockDim.y * blockDim.z) / 32;
    __syncthreads();  // the call before this one may still be reading
    if (thread % 32 == 0) results[thread / 32] = of_warp;
    __syncthreads();
    return thread % 32 < warps ? results[thread % 32] : neutral;
}

// Sum over the block, for all its threads.
__device__ __forceinline__ float block_sum(float value) {
    return warp_sum(reduce_exchange(warp_sum(value), 0.0f));
}

// Maximum over the block, for all its threads; NaN if there is one.
__device__ __forceinline__ float block_max(float value) {
    return warp_max(reduce_exchange(warp_max(value), __uint_as_float(0xff800000u)));
}
