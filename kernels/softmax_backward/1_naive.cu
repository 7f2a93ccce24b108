// Softmax backward, from the output: dx = y (dy - sum(dy y)). With LOG = 1, log-softmax backward:
// dx = dy - e^y sum(dy).
//
// Idea: one thread a row, two walks: the sum, then dx.
// Cost: 4 FLOPs (LOG: 13) and at least 12 bytes an element, read as badly as in softmax/1_naive.

#ifndef WG
#define WG 256
#endif
#ifndef LOG
#define LOG 0
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

extern "C" __global__ void __launch_bounds__(WG)
    softmax_backward(const float* y, const float* dy, float* dx, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        // region: walks
        float sum = 0.0f;
        for (size_t i = start; i < start + p.width; i++) sum += LOG ? dy[i] : dy[i] * y[i];
        for (size_t i = start; i < start + p.width; i++) {
            dx[i] = LOG ? dy[i] - expf(y[i]) * sum : y[i] * (dy[i] - sum);
        }
        // end: walks
    }
}
