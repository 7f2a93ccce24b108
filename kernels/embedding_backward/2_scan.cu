// Gradient of the token table, rung 2: the block reads the ids together.
//
// Idea: on rung 1 every thread reads every id. Here thread t of a block of 128 reads id base + t, and
// each warp notes with one ballot which of its 32 ids name the block's row: four words say it for 128
// ids. Nearly always all four are zero and the block goes on; else their bits are taken from the
// lowest up, so the sum runs over the tokens in increasing order: the same bits as rung 1.
// Cost: as rung 1, but a walk over n ids takes n / 128 steps instead of n.
// Gain: the walk, nearly all of rung 1's time, becomes some 30 times shorter.
#include "stored.cuh"

#ifndef WG
#define WG 128
#endif

struct Params {
    unsigned n;           // tokens
    unsigned width;
    unsigned vocab;       // rows of the table
    unsigned accumulate;  // add to what the table's gradient holds
};

extern "C" __global__ void embedding_backward(
    const unsigned* ids, const stored* dy, float* dtokens, Params p
) {
    // Two sets: while slow warps still read one, fast warps write the other.
    __shared__ unsigned found[2][WG / 32];
    unsigned c = blockIdx.y * WG + threadIdx.x;
    unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32, set = 0;
    for (unsigned row = blockIdx.x; row < p.vocab; row += gridDim.x) {
        float sum = 0.0f;
        bool named = false;
        for (unsigned base = 0; base < p.n; base += WG) {
            // region: look
            unsigned i = base + threadIdx.x;
            unsigned mask = __ballot_sync(0xffffffffu, i < p.n && ids[i] == row);
            if (lane == 0) found[set][warp] = mask;
            __syncthreads();
            // end: look
            // region: sum
            for (unsigned w = 0; w < WG / 32; w++) {
                for (unsigned bits = found[set][w]; bits != 0; bits &= bits - 1) {
                    unsigned token = base + 32 * w + (__ffs(bits) - 1);
                    if (c < p.width) sum += to_f32(dy[(size_t)token * p.width + c]);
                    named = true;
                }
            }
            // end: sum
            set ^= 1;
        }
        size_t e = (size_t)row * p.width + c;
        if (c >= p.width) continue;
        if (!p.accumulate) {
            dtokens[e] = sum;
        } else if (named) {
            dtokens[e] += sum;
        }
    }
}
