// saxpy: y = a x + y. One of the oldest names in numerical computing: "single-precision a x plus y".
//
// Idea: a vector has as many elements as it has, a grid as many threads as its launch chose. They need
// not agree. Every thread begins at its own number in the grid and walks on by the number of threads
// in the whole grid, until the vector ends: the threads side by side always read side by side, and no
// element is met twice.
// Cost: 2 n FLOPs; 12 n bytes, for x is read, y is read, y is written. Memory is the limit, by far.
// Expected gain over one element a thread: none for a small vector. But a grid has a largest size, a
// vector has not; and a grid that just fills the card need not be begun anew, block after block.

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
    float a;
};

extern "C" __global__ void __launch_bounds__(WG) saxpy(const float* x, float* y, Params p) {
    // TODO, about 4 lines: The grid has gridDim.x blocks of WG threads; this one is thread
    //   threadIdx.x of block blockIdx.x. Update every element that is this thread's.
}
