// Cross-entropy with smoothed labels and class weights, each row's loss: with s the smoothing, w the
// weights and nll(j) = log sum(e^(x - max)) + max - x[j], it is
//     (1 - s) w[target] nll(target) + s / width * sum_j w[j] nll(j)
//
// Idea: one thread a row, two walks along it: the maximum, then three sums. The gradient gets four
// numbers a row: the maximum, the logarithm of the sum, the target's weight, the sum of all weights.
// Cost: 17 FLOPs an element; 4 bytes and 4 more for the weights if row and weights stayed in cache, in
// truth far more, as in cross_entropy/1_naive. For rows too short for a block each.

#ifndef WG
#define WG 256
#endif
#ifndef WEIGHTED
#define WEIGHTED 1
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float smoothing;
    float invalid;  // NaN: the loss of a target beyond the vocabulary
};

extern "C" __global__ void __launch_bounds__(WG)
    smoothed_cross_entropy(const float* logits, const unsigned* targets, const float* classes,
                           float* kept, float* losses, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        const float* x = logits + (size_t)row * p.width;
        // region: walks
        float largest = -3.402823466e38f, sum = 0.0f, below = 0.0f, weights = 0.0f;
        for (unsigned j = 0; j < p.width; j++)
            largest = x[j] > largest || x[j] != x[j] ? x[j] : largest;  // fmaxf would drop NaN
        for (unsigned j = 0; j < p.width; j++) {
            float weight = WEIGHTED ? classes[j] : 1.0f;
            sum += expf(x[j] - largest);
            below += weight * (largest - x[j]);
            weights += weight;
        }
        // end: walks
        unsigned target = targets[row];
        float log_sum = logf(sum), weight = 0.0f, loss = 0.0f;
        if (target != 0xffffffffu) {  // it is scored
            bool known = target < p.width;
            weight = !known ? p.invalid : WEIGHTED ? classes[target] : 1.0f;
            float there = known ? x[target] : largest;
            loss = (1.0f - p.smoothing) * weight * (log_sum + (largest - there));
            // Only if asked for: a score of -inf makes the mean of all an infinity.
            if (p.smoothing > 0.0f)
                loss += p.smoothing / (float)p.width * (weights * log_sum + below);
        }
        losses[row] = loss;
        float* out = kept + 4 * (size_t)row;
        out[0] = largest;
        out[1] = log_sum;
        out[2] = weight;
        out[3] = weights;
    }
}
