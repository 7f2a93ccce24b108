//! One function body, compiled for the vectors of this processor.
//!
//! A program built for any x86-64 may use vectors of four floats and no fused multiply-add. Most
//! processors have eight or sixteen and the fusion, which is three to four times as fast. So a loop that
//! is worth it is written once, as a [`Body`], and compiled for each; [`widest`] picks at run time.
#![allow(unsafe_code)]
use std::sync::OnceLock;

/// A loop that the compiler turns into vector instructions.
///
/// Write `#[inline(always)]` on `run`: only what is inlined is compiled for the wider vectors.
pub trait Body {
    /// Its result.
    type Out;

    /// Runs it. `FMA` says that a fused multiply-add is one instruction: pass it to
    /// [`exp`](crate::exp) and the others.
    fn run<const FMA: bool>(self) -> Self::Out;
}

/// Vector instructions that loops are compiled for; of another kind of processor there are none here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What the compiler may assume of every processor of this kind.
    Portable,
    /// Four floats and the fusion: every 64-bit Arm.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Eight floats and the fusion.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Sixteen floats and the fusion.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Vector instructions that this processor has. There is no way to a `Width` but to ask the processor,
/// so whoever holds one may call what is compiled for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width(Isa);

impl Width {
    /// Every width of this processor, the widest last.
    pub fn all() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut all = vec![Width(Isa::Portable)];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(Width(Isa::Avx2));
            if is_x86_feature_detected!("avx512f") {
                all.push(Width(Isa::Avx512));
            }
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Width(Isa::Neon));
        all
    }

    /// The widest. The processor is asked once.
    #[inline]
    pub fn widest() -> Self {
        static WIDEST: OnceLock<Width> = OnceLock::new();
        *WIDEST.get_or_init(|| Self::all().pop().unwrap_or(Width(Isa::Portable)))
    }

    /// What to match on, for microkernels that are written for one set of instructions each.
    #[inline]
    pub fn isa(self) -> Isa {
        self.0
    }

    /// Runs `body` with these vectors.
    #[inline]
    pub fn run<B: Body>(self, body: B) -> B::Out {
        match self.0 {
            // SAFETY: a `Width` of this kind is made only where AVX-512F, AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512(body) },
            // SAFETY: and this one where AVX2 and FMA were.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2(body) },
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => body.run::<true>(),
            Isa::Portable => body.run::<false>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512<B: Body>(body: B) -> B::Out {
    body.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<B: Body>(body: B) -> B::Out {
    body.run::<true>()
}

/// Runs `body` with the widest vectors this processor has.
#[inline]
pub fn widest<B: Body>(body: B) -> B::Out {
    Width::widest().run(body)
}

/// The same for a closure, which has no use for the fusion: its results are the same bits at every
/// width. Only what is inlined into it profits: mark that `#[inline(always)]`.
#[inline]
pub fn vectorize<T>(body: impl FnOnce() -> T) -> T {
    widest(Plain(body))
}

struct Plain<F>(F);

impl<T, F: FnOnce() -> T> Body for Plain<F> {
    type Out = T;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> T {
        (self.0)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dot, exp, max, sigmoid, sum, tanh};

    /// Loops over numbers of all sizes.
    struct Loops<'a>(&'a [f32]);

    impl Body for Loops<'_> {
        type Out = (bool, Vec<u32>);

        #[inline(always)]
        fn run<const FMA: bool>(self) -> (bool, Vec<u32>) {
            let x = self.0;
            let mut out = vec![sum([x], |[x]| x), max(x), dot::<FMA>(x, x)];
            out.extend(x.iter().map(|&x| exp::<FMA>(x)));
            out.extend(x.iter().map(|&x| tanh::<FMA>(x)));
            out.extend(x.iter().map(|&x| sigmoid::<FMA>(x)));
            (FMA, out.into_iter().map(f32::to_bits).collect())
        }
    }

    #[test]
    fn a_width_changes_no_bits_but_by_the_fusion() {
        let x: Vec<f32> = (0..10_007).map(|i| (i as f32 - 5000.0) * 0.02).collect();
        let plain = Loops(&x).run::<false>();
        let fused = Loops(&x).run::<true>();
        for width in Width::all() {
            let got = width.run(Loops(&x));
            assert!(got == if got.0 { fused.clone() } else { plain.clone() }, "{width:?}");
        }
    }

    #[test]
    fn the_widest_is_the_last() {
        assert_eq!(Some(&Width::widest()), Width::all().last());
        assert_eq!(vectorize(|| 6 * 7), 42);
    }
}
