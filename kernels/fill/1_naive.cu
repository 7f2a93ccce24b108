// Fill: every word of a tensor gets the same bits.
//
// Idea: one thread a word, walking on by the width of the grid (a grid-stride loop), so that any
// number of words is served by at most 65,535 blocks. Neighboring threads write neighboring words,
// which the memory system merges into whole lines.
// Cost: no arithmetic, 4 bytes a word. Bound by write bandwidth alone.
//
// 16-bit tensors get two elements a word. An odd one at the end shares its word with whatever comes
// after the tensor, so only that word's lower half is replaced.

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned words;  // whole words
    unsigned bits;
    unsigned odd;    // 1: half a word follows
};

extern "C" __global__ void __launch_bounds__(WG) fill(unsigned* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < (size_t)p.words + p.odd; i += step) {
        out[i] = i < p.words ? p.bits : (out[i] & 0xffff0000u) | (p.bits & 0xffffu);
    }
}
