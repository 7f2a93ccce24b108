// Argmax: where the largest element of each row stands.
//
// Idea: one thread a row, front to back. Only a strictly larger element takes over, so the first of
// equals wins; NaN counts as larger than everything, so the first NaN wins and stays.
// Cost: 1 comparison and 4 bytes an element. Neighboring threads read a whole row apart, so each
// read fetches a 32-byte sector for 4 bytes of it, until the cache has the other 28 at hand.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

extern "C" __global__ void __launch_bounds__(WG) argmax(const stored* x, unsigned* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t row = (size_t)blockIdx.x * WG + threadIdx.x; row < p.rows; row += step) {
        const stored* here = x + row * p.width;
        float best = to_f32(here[0]);
        unsigned place = 0;
        for (unsigned i = 1; i < p.width; i++) {
            float value = to_f32(here[i]);
            if (best == best && (value > best || value != value)) {
                best = value;
                place = i;
            }
        }
        out[row] = place;
    }
}
