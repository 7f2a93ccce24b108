// Sums and maxima over all invocations of a workgroup, the same bits every time.
//
// Idea: a tree. Each round the lower half adds what the upper half holds, so n values take log2 n
// rounds (Harris, "Optimizing parallel reduction in CUDA", 2007: sequential addressing). The order of
// the additions is fixed by the invocations' numbers, never by who is first: deterministic.
// Cost: log2(WG) + 2 barriers, 1 KiB of workgroup memory.
//
// The file that includes this one declares `override WG: u32 = 256u;`, its workgroup's size: a power
// of two, at most 256. Every invocation of the workgroup makes the call, in uniform control flow, with
// its own `lane` (local_invocation_index), and every one gets the result, which counts as uniform.

var<workgroup> reduce_scratch: array<f32, 256>;

// Sum over the workgroup, for all its invocations.
fn block_sum(value: f32, lane: u32) -> f32 {
    reduce_scratch[lane] = value;
    workgroupBarrier();
    for (var half = WG / 2u; half > 0u; half = half / 2u) {
        if (lane < half) {
            reduce_scratch[lane] += reduce_scratch[lane + half];
        }
        workgroupBarrier();
    }
    // Brings its own barriers: the scratch may be written again right after.
    return workgroupUniformLoad(&reduce_scratch[0]);
}

// Maximum over the workgroup, for all its invocations; NaN if there is one, which is told by its bits.
fn block_max(value: f32, lane: u32) -> f32 {
    reduce_scratch[lane] = value;
    workgroupBarrier();
    for (var half = WG / 2u; half > 0u; half = half / 2u) {
        if (lane < half) {
            let a = reduce_scratch[lane];
            let b = reduce_scratch[lane + half];
            let first = a > b || (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u;
            reduce_scratch[lane] = select(b, a, first);
        }
        workgroupBarrier();
    }
    // Brings its own barriers: the scratch may be written again right after.
    return workgroupUniformLoad(&reduce_scratch[0]);
}
