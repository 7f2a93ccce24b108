// One-hot: for each id a row of `classes` numbers, 1 at the id and 0 elsewhere.
//
// Idea: one thread an element of the output, which compares its column with the row's id. An id that is
// no class gives a row of NaN: as in the embedding it should show in the loss, and not be lost as a row
// of zeros. The table is a product's left side more often than it should be: embedding and gather read
// one row where this writes `classes` numbers.
// Cost: no FLOPs, 4 bytes written an element.

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;        // ids times classes
    unsigned classes;
    unsigned known;    // an id from here on is no class: of i32, what is negative comes last
};

extern "C" __global__ void __launch_bounds__(WG) one_hot(const unsigned* ids, float* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned id = ids[i / p.classes];
        float hot = id == (unsigned)(i % p.classes) ? 1.0f : 0.0f;
        out[i] = id < p.known ? hot : __uint_as_float(0x7fc00000u);
    }
}
