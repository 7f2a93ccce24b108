// GELU backward: dx[i] = dy[i] gelu'(x[i]).
//
// tanh is not the best way to GELU on a GPU. 1/2 (1 + tanh u) is 1 / (1 + e^-2u), so that
//
//   gelu(x) = x s,   s = 1 / (1 + e),   e = e^power,   power = -2u = x (LINEAR + CUBIC x^2)
//
// costs one exponential. And nothing cancels: near x = -5 the tanh form subtracts numbers that agree
// in all their digits, while e^power still has six good ones.
//
// Idea: one thread an element. The exponential is computed again: reading it back would cost as many
// bytes as reading x, and the arithmetic is free as long as memory decides.
// Cost: about 24 FLOPs and 12 bytes an element. Expected: one and a half
// times as long as a copy of x.

#ifndef WG
#define WG 256
#endif
#define LINEAR -1.5957691216057308f  // -2 sqrt(2/pi)
#define CUBIC -0.07135481627260025f  // LINEAR * 0.044715

struct Params {
    unsigned n;
};

// gelu'(x), with one exponential.
__device__ __forceinline__ float slope(float x) {
    // TODO, about 5 lines: The derivative of x s. Watch what becomes of it where e
    //   overflows, and where the powers of x do.
    return 0.0f;
}

extern "C" __global__ void __launch_bounds__(WG)
    gelu_backward(const float* x, const float* dy, float* dx, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        // TODO, about 1 line: The chain rule.
    }
}
