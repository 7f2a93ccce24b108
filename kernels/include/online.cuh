// The maximum m of a row and its sum s of e^(x - m), in one walk (Milakov and Gimelshein, "Online
// normalizer calculation for softmax", 2018).
//
// A running sum is kept relative to the running maximum. When a larger x comes, what was summed so
// far shrinks by e^(old - new); else x adds e^(x - m). Either way one exponential, of -|x - m|. Two
// such pairs join by the same rule, so a row can be split among the threads of a block.
//
// NaN and +inf make the sum NaN, as they make the softmax.
#pragma once
#include "reduce.cuh"
#include "stored.cuh"

struct Online {
    float max;
    float sum;
};

// Of nothing. Not minus infinity: a row may hold that, and -inf - -inf is not a number.
__device__ __forceinline__ Online online_start() {
    Online none = {-3.402823466e38f, 0.0f};
    return none;
}

// region: add
__device__ __forceinline__ void online_add(Online& o, float x) {
    float e = expf(-fabsf(x - o.max));
    if (x > o.max) {
        o.sum = o.sum * e + 1.0f;
        o.max = x;
    } else {
        o.sum += e;
    }
}
// end: add

// region: join
// The pair of the whole row, for every thread of the block, which walks it together.
template <typename T>
__device__ __forceinline__ Online online_row(const T* row, unsigned width) {
    Online o = online_start();
    for (unsigned j = threadIdx.x; j < width; j += blockDim.x) online_add(o, to_f32(row[j]));
    float largest = block_max(o.max);
    Online all = {largest, block_sum(o.sum * expf(o.max - largest))};
    return all;
}
// end: join
