// Cumsum by blocks: out[j] = x[0] + .. + x[j] along one dimension of a tensor [outer, length, inner].
//
// Idea: a block takes a column, WG elements at a time. Each thread adds what stands 1, then 2, then 4
// places before it, until nothing is left to add (Hillis and Steele, 1986): log2(WG) rounds instead of
// WG steps. The sum of all tiles so far is carried on to the next, with what rounding took from it, as
// rung 1 does.
// Cost: log2(WG) FLOPs and 8 bytes an element. Expected gain over naive: a single long row keeps WG
// threads busy, and where it lies in one piece its lines are read whole.

#include "cumsum.cuh"

#ifndef WG
#define WG 256
#endif

__device__ __forceinline__ unsigned add(unsigned a, unsigned b) {
    return INTEGER ? a + b : __float_as_uint(__uint_as_float(a) + __uint_as_float(b));
}

// What is left of a sum's tile once `lost`, by which the sum before it is too large, is taken off.
__device__ __forceinline__ unsigned less(unsigned sum, float lost) {
    return INTEGER ? sum : __float_as_uint(__uint_as_float(sum) - lost);
}

extern "C" __global__ void __launch_bounds__(WG) cumsum(const unsigned* x, unsigned* out, Params p) {
    __shared__ unsigned sums[WG];
    unsigned lane = threadIdx.x, end = p.first + p.count;
    for (unsigned column = blockIdx.x; column < p.columns; column += gridDim.x) {
        unsigned carry = p.first > 0 ? out[place(p, column, p.first - 1)] : 0u;
        float lost = 0.0f;
        for (unsigned tile = p.first; tile < end; tile += WG) {
            // region: scan
            unsigned j = tile + lane;
            unsigned sum = j < end ? x[place(p, column, j)] : 0u;
            sums[lane] = sum;
            __syncthreads();
            for (unsigned distance = 1; distance < WG; distance *= 2) {
                unsigned before = lane >= distance ? sums[lane - distance] : 0u;
                __syncthreads();
                if (lane >= distance) sums[lane] = sum = add(before, sum);
                __syncthreads();
            }
            if (j < end) out[place(p, column, j)] = add(carry, less(sum, lost));
            unsigned term = less(sums[WG - 1], lost), next = add(carry, term);
            float whole = __uint_as_float(next);
            // Infinity and NaN have lost nothing.
            lost = isfinite(whole) ? (whole - __uint_as_float(carry)) - __uint_as_float(term) : 0.0f;
            carry = next;
            __syncthreads();  // the next tile writes the sums again
            // end: scan
        }
    }
}
