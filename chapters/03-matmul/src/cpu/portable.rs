//! A microkernel in plain Rust: the compiler makes vectors of it, on wasm32 too.
use super::micro::Micro;

const MR: usize = 4;
const NR: usize = 8;

/// 4x8: eight accumulators of four lanes, half of the sixteen registers that SSE2 has.
pub(super) const MICRO: Micro = Micro { mr: MR, nr: NR, run };

fn run(a: &[f32], b: &[f32], tile: &mut [f32]) {
    let mut sums = [[0.0; NR]; MR];
    let (a, b) = (a.as_chunks::<MR>().0, b.as_chunks::<NR>().0);
    for (a, b) in a.iter().zip(b) {
        for i in 0..MR {
            for j in 0..NR {
                sums[i][j] += a[i] * b[j];
            }
        }
    }
    tile[..MR * NR].copy_from_slice(sums.as_flattened());
}
