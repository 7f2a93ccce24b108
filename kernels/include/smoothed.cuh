// What the rungs of smoothed cross-entropy share: the params, and the end of a row.
//
// The same params as in shaders/include/smoothed.wgsl and chapters/06-loss/src/smoothed.rs.
#pragma once
#include "stored.cuh"

#ifndef WEIGHTED
#define WEIGHTED 1
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float smoothing;
    float invalid;  // NaN: the loss of a target beyond the vocabulary
};

// What the walks along a row find.
struct Walked {
    float largest;
    float sum;      // sum_j e^(x[j] - largest)
    float below;    // sum_j w[j] (largest - x[j])
    float weights;  // sum_j w[j]
};

// region: row
// Stores a row's loss and the four numbers that its gradient needs.
template <typename T>
__device__ __forceinline__ void finish_row(const Params& p, unsigned row, Walked walked, const T* x,
                                           unsigned target, const float* classes, float* kept,
                                           float* losses) {
    float log_sum = logf(walked.sum), weight = 0.0f, loss = 0.0f;
    if (target != 0xffffffffu) {  // it is scored
        bool known = target < p.width;
        weight = !known ? p.invalid : WEIGHTED ? classes[target] : 1.0f;
        float there = known ? to_f32(x[target]) : walked.largest;
        loss = (1.0f - p.smoothing) * weight * (log_sum + (walked.largest - there));
        // Only if asked for: a score of -inf makes the mean of all an infinity.
        if (p.smoothing > 0.0f)
            loss += p.smoothing / (float)p.width * (walked.weights * log_sum + walked.below);
    }
    losses[row] = loss;
    float* out = kept + 4 * (size_t)row;
    out[0] = walked.largest;
    out[1] = log_sum;
    out[2] = weight;
    out[3] = walked.weights;
}
// end: row
