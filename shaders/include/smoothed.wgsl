// What the rungs of smoothed cross-entropy share: the params, and the end of a row.
//
// The same params as in kernels/include/smoothed.cuh and chapters/06-loss/src/smoothed.rs. The file that
// includes this one also includes math, and declares the bindings.

override WEIGHTED: u32 = 1u;

struct Params {
    rows: u32,
    width: u32,
    smoothing: f32,
    invalid: f32,  // NaN: the loss of a target beyond the vocabulary
}

// What the walks along a row find.
struct Walked {
    largest: f32,
    sum: f32,      // sum_j e^(x[j] - largest)
    below: f32,    // sum_j w[j] (largest - x[j])
    weights: f32,  // sum_j w[j]
}

// region: row
// Stores a row's loss and the four numbers that its gradient needs.
fn finish_row(row: u32, walked: Walked) {
    let goal = targets[row];
    let log_sum = log_exact(walked.sum);
    var weight = 0.0;
    var loss = 0.0;
    if (goal != 0xffffffffu) {  // it is scored
        var there = walked.largest;
        weight = p.invalid;
        if (goal < p.width) {
            there = logits[row * p.width + goal];
            weight = 1.0;
            if (WEIGHTED == 1u) {
                weight = classes[goal];
            }
        }
        loss = (1.0 - p.smoothing) * weight * (log_sum + (walked.largest - there));
        // Only if asked for: a score of -inf makes the mean of all an infinity.
        if (p.smoothing > 0.0) {
            loss += p.smoothing / f32(p.width) * (walked.weights * log_sum + walked.below);
        }
    }
    losses[row] = loss;
    kept[row] = vec4<f32>(walked.largest, log_sum, weight, walked.weights);
}
// end: row
