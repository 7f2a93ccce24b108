// Cumsum: out[j] = x[0] + .. + x[j] along one dimension of a tensor [outer, length, inner].
//
// Idea: one thread a column, which walks along the dimension and writes its running sum. What each
// addition rounds off is kept and added to the next term (Kahan, 1965): a plain running sum drifts away
// from a long row of equal numbers.
// Cost: 4 FLOPs and 8 bytes an element. Good where many columns lie side by side; a single long row
// leaves all threads but one idle.

#include "cumsum.cuh"

#ifndef WG
#define WG 256
#endif

extern "C" __global__ void __launch_bounds__(WG) cumsum(const unsigned* x, unsigned* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.columns; i += step) {
        // region: walk
        unsigned column = (unsigned)i;
        unsigned whole = p.first > 0 ? out[place(p, column, p.first - 1)] : 0u;
        float sum = __uint_as_float(whole), lost = 0.0f;
        for (unsigned j = p.first; j < p.first + p.count; j++) {
            size_t at = place(p, column, j);
            if (INTEGER) {
                whole += x[at];
                out[at] = whole;
                continue;
            }
            float term = __uint_as_float(x[at]) - lost;
            float next = sum + term;
            // Infinity and NaN have lost nothing.
            lost = isfinite(next) ? (next - sum) - term : 0.0f;
            sum = next;
            out[at] = __float_as_uint(sum);
        }
        // end: walk
    }
}
