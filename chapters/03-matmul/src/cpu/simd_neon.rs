//! A microkernel for 64-bit Arm.
#![allow(unsafe_code)]
use super::micro::Micro;
use std::arch::aarch64::*;

/// 8x12: twenty-four accumulators of four lanes, three vectors of `b` and two of `a`, of thirty-two
/// registers. An instruction multiplies a vector by one lane of another, so `a` is loaded whole.
pub(super) const NEON: Micro = Micro { mr: 8, nr: 12, run };

fn run(a: &[f32], b: &[f32], tile: &mut [f32]) {
    let k = b.len() / 12;
    assert!(a.len() >= 8 * k && tile.len() >= 8 * 12, "panels of unequal depth");
    // SAFETY: lengths are checked above. NEON is part of every 64-bit Arm that has an operating system.
    unsafe { neon(k, a, b, tile) }
}

#[target_feature(enable = "neon")]
fn neon(k: usize, a: &[f32], b: &[f32], tile: &mut [f32]) {
    let mut sums = [[vdupq_n_f32(0.0); 3]; 8];
    let (mut a, mut b) = (a.as_ptr(), b.as_ptr());
    for _ in 0..k {
        // SAFETY: the caller checked that `a` holds 8k and `b` 12k elements; loads of f32 vectors ask for
        // no more alignment than an f32 has.
        unsafe {
            let right = [vld1q_f32(b), vld1q_f32(b.add(4)), vld1q_f32(b.add(8))];
            for half in 0..2 {
                let left = vld1q_f32(a.add(4 * half));
                for h in 0..3 {
                    let rows = &mut sums[4 * half..];
                    rows[0][h] = vfmaq_laneq_f32::<0>(rows[0][h], right[h], left);
                    rows[1][h] = vfmaq_laneq_f32::<1>(rows[1][h], right[h], left);
                    rows[2][h] = vfmaq_laneq_f32::<2>(rows[2][h], right[h], left);
                    rows[3][h] = vfmaq_laneq_f32::<3>(rows[3][h], right[h], left);
                }
            }
            (a, b) = (a.add(8), b.add(12));
        }
    }
    for (i, row) in sums.iter().enumerate() {
        for (h, &sum) in row.iter().enumerate() {
            // SAFETY: the caller checked that the tile holds 8 rows of 12.
            unsafe { vst1q_f32(tile.as_mut_ptr().add(i * 12 + h * 4), sum) };
        }
    }
}
