// Gradient of the token table: every row of the table looks for its tokens, with the block's help.
//
// Idea: many tokens name one row, and who adds first must not be left to chance: floats do not
// associate, and an atomic addition would give other bits on every run. So the row looks for its
// tokens. A block owns one row and 128 of its columns, one to a thread. Instead of every thread
// reading every id, thread t reads id base + t, and each warp notes with one ballot which of its 32
// ids name the row: four words say it for 128 ids. Nearly always all four are 0. Else their bits are
// taken from the lowest up, so that the sum runs over the tokens in order: the same bits every time.
// Cost: n * width additions and 8 bytes for each; and a walk of n / 128 steps for each row.
// Expected gain over 1_naive: the walk over the ids, nearly all of its time, is many times shorter.
#ifndef WG
#define WG 128
#endif

struct Params {
    unsigned n;           // tokens
    unsigned width;
    unsigned vocab;       // rows of the table
    unsigned accumulate;  // 1: add to what dtokens holds; rows that no token names stay as they are
};

extern "C" __global__ void embedding_backward(
    const unsigned* ids, const float* dy, float* dtokens, Params p
) {
    __shared__ unsigned found[WG / 32];  // bit b of word w: token base + 32 w + b names the row
    unsigned c = blockIdx.y * WG + threadIdx.x;
    unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (unsigned row = blockIdx.x; row < p.vocab; row += gridDim.x) {
        float sum = 0.0f;
        bool named = false;
        for (unsigned base = 0; base < p.n; base += WG) {
            // TODO, about 4 lines: Look at one id each and note what the warp has found. A
            //   ballot needs all 32 threads: beyond the last id one votes no, but votes.
            for (unsigned w = 0; w < WG / 32; w++) {
                // TODO, about 5 lines: For each bit of found[w], from the lowest up: add this
                //   thread's column of that token's dy (if c is a column) and set named. __ffs(bits)
                //   is one more than the number of the lowest bit; bits & (bits - 1) is without it.
            }
            // TODO, about 1 line: What must be over before the next 128 ids?
        }
        size_t e = (size_t)row * p.width + c;
        // TODO, about 2 lines: Store sum, or add it, as accumulate asks.
    }
}
