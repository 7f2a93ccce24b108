// GELU: out[i] = gelu(x[i]).
//
// Idea: one thread an element; the threads of a warp read 32 neighbors, which is one request.
// Cost: about 16 FLOPs and 8 bytes an element (4 in 16 bits): 2 FLOPs a byte, where a large card
// could do 20. Memory decides, and the prediction to check is time = 8 n bytes / bandwidth.
#include "gelu.cuh"
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
};

extern "C" __global__ void __launch_bounds__(WG) gelu(const stored* x, stored* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        out[i] = from_f32<stored>(gelu_of(to_f32(x[i])));
    }
}
