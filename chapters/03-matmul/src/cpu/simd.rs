//! Microkernels, one for each kind of vectors.
use super::micro::Micro;
use super::portable;
#[cfg(target_arch = "aarch64")]
use super::simd_neon;
#[cfg(target_arch = "x86_64")]
use super::simd_x86;
use strata_lanes::{Isa, Width};

/// The microkernel for these vectors.
pub(super) fn of(width: Width) -> &'static Micro {
    match width.isa() {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => &simd_x86::AVX512,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => &simd_x86::AVX2,
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => &simd_neon::NEON,
        Isa::Portable => &portable::MICRO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::micro::TILE;
    use strata_device::random::Stream;

    #[test]
    fn every_microkernel_multiplies() {
        for width in Width::all() {
            let micro = of(width);
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
                        assert!((got - want).abs() < 1e-4, "{width:?} {k} {i} {j}");
                    }
                }
            }
        }
    }
}
