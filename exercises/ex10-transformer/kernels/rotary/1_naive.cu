// Rotary position embedding: a head's numbers are turned by an angle that grows with the position.
//
// Idea (Su et al., 2021): take the numbers of a query or key in pairs, each pair as a point in the
// plane, and turn pair i of a row at position t by t * 10000^(-2i / head_dim). The product of a query
// and a key then depends on the distance between them only, so that nothing is to be learned about
// positions and none has to be added to the input.
// Two conventions are about. Here, as in Llama's weights as Hugging Face writes them, pair i is
// (x[i], x[i + head_dim / 2]): the row is split in halves. The paper pairs neighbors.
// Cost: 6 FLOPs a pair beside the power, sine and cosine; 8 bytes a number. It waits for memory:
// expect the bandwidth of a copy.

#ifndef WG
#define WG 256
#endif
#define BASE 10000.0f

struct Params {
    unsigned pairs;     // of the whole tensor: batch * heads * rows * head_dim / 2
    unsigned rows;      // T: positions of each head
    unsigned head_dim;  // even
    unsigned position;  // of the first row: what lies before it is in the KV cache
};

// x and out: [batch, heads, rows, head_dim].
extern "C" __global__ void __launch_bounds__(WG) rotary(const float* x, float* out, Params p) {
    unsigned half = p.head_dim / 2;
    unsigned step = gridDim.x * WG;
    for (unsigned at = blockIdx.x * WG + threadIdx.x; at < p.pairs; at += step) {
        unsigned i = at % half;    // the pair in its row
        unsigned row = at / half;  // the row, counted through all heads and batches
        // TODO, about 8 lines: Which angle, and which two numbers? Turn them: sinf and cosf
        //   take radians, powf(BASE, y) is 10000^y.
    }
}
