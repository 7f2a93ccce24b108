//! Microkernels for x86-64 with AVX2 and with AVX-512.
#![allow(unsafe_code)]
use super::micro::Micro;
use std::arch::x86_64::*;

/// 6x16: twelve accumulators of eight lanes, two vectors of `b` and one element of `a` fill fifteen
/// of the sixteen registers.
pub(super) const AVX2: Micro = Micro { mr: 6, nr: 16, run: avx2_checked };

/// 14x32: twenty-eight accumulators of sixteen lanes, two vectors of `b` and one element of `a`, of
/// thirty-two registers. Each step of k loads 16 values for 28 fused multiply-adds.
pub(super) const AVX512: Micro = Micro { mr: 14, nr: 32, run: avx512_checked };

/// How far ahead of its use `b` is fetched into the first cache, in steps of k.
const AHEAD: usize = 8;

fn avx2_checked(a: &[f32], b: &[f32], tile: &mut [f32]) {
    let k = b.len() / 16;
    assert!(a.len() >= 6 * k && tile.len() >= 6 * 16, "panels of unequal depth");
    // SAFETY: lengths are checked above. The instructions are there: nobody but `simd::of` names this
    // kernel, and it does for a `Width` of AVX2, which is had only where AVX2 and FMA were detected.
    unsafe { avx2(k, a, b, tile) }
}

#[target_feature(enable = "avx2,fma")]
fn avx2(k: usize, a: &[f32], b: &[f32], tile: &mut [f32]) {
    let mut sums = [[_mm256_setzero_ps(); 2]; 6];
    let (mut a, mut b) = (a.as_ptr(), b.as_ptr());
    for _ in 0..k {
        // SAFETY: the caller checked that `a` holds 6k and `b` 16k elements.
        unsafe {
            let (b0, b1) = (_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8)));
            for i in 0..6 {
                let x = _mm256_set1_ps(*a.add(i));
                sums[i][0] = _mm256_fmadd_ps(x, b0, sums[i][0]);
                sums[i][1] = _mm256_fmadd_ps(x, b1, sums[i][1]);
            }
            (a, b) = (a.add(6), b.add(16));
        }
    }
    for (i, row) in sums.iter().enumerate() {
        for (h, &sum) in row.iter().enumerate() {
            // SAFETY: the caller checked that the tile holds 6 rows of 16.
            unsafe { _mm256_storeu_ps(tile.as_mut_ptr().add(i * 16 + h * 8), sum) };
        }
    }
}

fn avx512_checked(a: &[f32], b: &[f32], tile: &mut [f32]) {
    let k = b.len() / 32;
    assert!(a.len() >= 14 * k && tile.len() >= 14 * 32, "panels of unequal depth");
    // SAFETY: as for AVX2; here it is a `Width` of AVX-512.
    unsafe { avx512(k, a, b, tile) }
}

#[target_feature(enable = "avx512f")]
fn avx512(k: usize, a: &[f32], b: &[f32], tile: &mut [f32]) {
    let mut sums = [[_mm512_setzero_ps(); 2]; 14];
    let (mut a, mut b) = (a.as_ptr(), b.as_ptr());
    for _ in 0..k {
        // Prefetching past the end is harmless: it never faults, and the address is wrapped, not
        // offset, so that it may lie outside the slice.
        _mm_prefetch::<_MM_HINT_T0>(b.wrapping_add(32 * AHEAD).cast());
        _mm_prefetch::<_MM_HINT_T0>(b.wrapping_add(32 * AHEAD + 16).cast());
        // SAFETY: the caller checked that `a` holds 14k and `b` 32k elements.
        unsafe {
            // region: step
            let (b0, b1) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16)));
            for i in 0..14 {
                let x = _mm512_set1_ps(*a.add(i));
                sums[i][0] = _mm512_fmadd_ps(x, b0, sums[i][0]);
                sums[i][1] = _mm512_fmadd_ps(x, b1, sums[i][1]);
            }
            // end: step
            (a, b) = (a.add(14), b.add(32));
        }
    }
    for (i, row) in sums.iter().enumerate() {
        for (h, &sum) in row.iter().enumerate() {
            // SAFETY: the caller checked that the tile holds 14 rows of 32.
            unsafe { _mm512_storeu_ps(tile.as_mut_ptr().add(i * 32 + h * 16), sum) };
        }
    }
}
