// Argmax by a tree: a block shares each row.
//
// Idea: every thread looks at its share of the row, side by side with its neighbors, and keeps the
// best value and where it stood; then the upper half of the threads hands its finds to the lower
// half, in shared memory, until one is left. Of equals the one further in front wins, whoever looked
// at it; NaN counts as larger than everything.
// Cost: as naive, 1 comparison and 4 bytes an element. Expected gain: whole lines are read, and a
// single row (the next token of a text) keeps 256 threads busy instead of one.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

// Whether w at place j goes before v at place i.
__device__ __forceinline__ bool ahead(float w, unsigned j, float v, unsigned i) {
    if (v != v || w != w) return w != w && (v == v || j < i);
    return w > v || (w == v && j < i);
}

extern "C" __global__ void __launch_bounds__(WG) argmax(const stored* x, unsigned* out, Params p) {
    __shared__ float values[WG];
    __shared__ unsigned places[WG];
    unsigned lane = threadIdx.x;
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        const stored* here = x + (size_t)row * p.width;
        float best = to_f32(here[0]);
        unsigned place = 0;
        for (unsigned i = lane; i < p.width; i += WG) {
            float value = to_f32(here[i]);
            if (ahead(value, i, best, place)) {
                best = value;
                place = i;
            }
        }
        values[lane] = best;
        places[lane] = place;
        __syncthreads();
        for (unsigned half = WG / 2; half > 0; half /= 2) {
            if (lane < half && ahead(values[lane + half], places[lane + half], values[lane], places[lane])) {
                values[lane] = values[lane + half];
                places[lane] = places[lane + half];
            }
            __syncthreads();
        }
        if (lane == 0) out[row] = places[0];
        __syncthreads();  // the next row writes the finds again
    }
}
