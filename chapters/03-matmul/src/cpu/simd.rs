//! Microkernels, and the choice between them at run time.
#![allow(unsafe_code)]
use super::portable;
#[cfg(target_arch = "aarch64")]
use super::simd_neon;
#[cfg(target_arch = "x86_64")]
use super::simd_x86;
use std::sync::OnceLock;

/// The innermost loop of a matrix product: a tile of `mr` rows and `nr` columns that stays in
/// registers while k goes by.
pub(super) struct Micro {
    /// The instruction set. Only x86 chooses by it.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub name: &'static str,
    pub mr: usize,
    pub nr: usize,
    /// `tile[i·nr + j] = Σ_l a[l·mr + i] · b[l·nr + j]`, over packed panels of equal depth.
    pub run: fn(a: &[f32], b: &[f32], tile: &mut [f32]),
}

/// The largest tile of any microkernel.
pub(super) const TILE: usize = 14 * 32;

/// Every microkernel that this processor can run, the widest last.
pub(super) fn all() -> Vec<&'static Micro> {
    #[allow(unused_mut)]
    let mut all = vec![&portable::MICRO];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        all.push(&simd_x86::AVX2);
        if is_x86_feature_detected!("avx512f") {
            all.push(&simd_x86::AVX512);
        }
    }
    #[cfg(target_arch = "aarch64")]
    all.push(&simd_neon::NEON);
    all
}

/// The widest microkernel that this processor can run.
pub(super) fn best() -> &'static Micro {
    static BEST: OnceLock<&'static Micro> = OnceLock::new();
    BEST.get_or_init(|| all().pop().unwrap_or(&portable::MICRO))
}

/// Runs `body` compiled for the widest vectors of this processor. Only what is inlined into the
/// closure profits: mark it `#[inline(always)]`.
#[inline(always)]
pub(super) fn vectorize<T>(body: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    match best().name {
        // SAFETY: `best` names this one only where `all` has detected AVX-512F, AVX2 and FMA.
        "avx512" => return unsafe { simd_x86::with_avx512(body) },
        // SAFETY: and this one where it has detected AVX2 and FMA.
        "avx2" => return unsafe { simd_x86::with_avx2(body) },
        _ => {}
    }
    body()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_device::random::Stream;

    #[test]
    fn every_microkernel_multiplies() {
        for micro in all() {
            for k in [0, 1, 2, 7, 100] {
                let a = Stream::new(1, 0).normals(micro.mr * k);
                let b = Stream::new(2, 0).normals(micro.nr * k);
                let mut tile = vec![f32::NAN; TILE];
                (micro.run)(&a, &b, &mut tile);
                for i in 0..micro.mr {
                    for j in 0..micro.nr {
                        let terms = (0..k).map(|l| a[l * micro.mr + i] * b[l * micro.nr + j]);
                        let want: f64 = terms.map(f64::from).sum();
                        let got = f64::from(tile[i * micro.nr + j]);
                        assert!((got - want).abs() < 1e-4, "{} {k} {i} {j}", micro.name);
                    }
                }
            }
        }
    }
}
