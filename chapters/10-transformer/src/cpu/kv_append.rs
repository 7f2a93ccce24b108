#![expect(
    clippy::indexing_slicing,
    reason = "`append` compares the shapes, which are in params; what is past the end is passed over"
)]

use crate::cache::append;

/// Row after row of `qkv`.
pub(crate) fn kv_append(append::Cpu { qkv, state, cache, params, .. }: append::Cpu<'_>) {
    let append::Params { n, rows, heads, head_dim: d, positions, part } = params;
    let (position, width) = (state.position as usize, heads * d);
    for (r, row) in qkv.chunks_exact(3 * width).take(n / width).enumerate() {
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
