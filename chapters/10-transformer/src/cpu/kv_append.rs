#![expect(
    clippy::indexing_slicing,
    reason = "`append` compares the shapes, which are in params; what is past the end is passed over"
)]

use strata_device::{CpuArgs, StepState};

/// Params: n, rows, heads, head_dim, positions, part (1 keys, 2 values).
pub(crate) fn kv_append(mut args: CpuArgs) {
    let [qkv, state, mut cache] = args.take();
    let (qkv, cache) = (qkv.f32(), cache.f32_mut());
    let position = state.of::<StepState>()[0].position as usize;
    let [rows, heads, d, positions, part] = [1, 2, 3, 4, 5].map(|i| args.size(i));
    let width = heads * d;
    for (r, row) in qkv.chunks_exact(3 * width).take(args.size(0) / width).enumerate() {
        let (b, place) = (r / rows, position + r % rows);
        if place >= positions {
            continue;
        }
        for h in 0..heads {
            let from = part * width + h * d;
            let to = ((b * heads + h) * positions + place) * d;
            cache[to..to + d].copy_from_slice(&row[from..from + d]);
        }
    }
}
