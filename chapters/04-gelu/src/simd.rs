//! One function body, compiled for the vectors of this processor.
//!
//! A program built for any x86-64 may use vectors of four floats and no fused multiply-add. Most
//! processors have eight and the fusion, which is three to four times as fast. So a loop that is
//! worth it is written once, as a [`Body`], and compiled twice; [`widest`] picks at run time.
#![allow(unsafe_code)]

/// A loop that the compiler turns into vector instructions.
///
/// Write `#[inline(always)]` on `run`: only what is inlined is compiled for the wider vectors.
pub trait Body {
    /// Its result.
    type Out;

    /// Runs it. `FMA` says that a fused multiply-add is one instruction: pass it to
    /// [`math`](crate::math).
    fn run<const FMA: bool>(self) -> Self::Out;
}

/// Runs `body` with the widest vectors this processor has.
#[inline]
pub fn widest<B: Body>(body: B) -> B::Out {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has just said that it knows AVX2 and FMA, which is all that is enabled.
        return unsafe { avx2(body) };
    }
    // Every 64-bit Arm has the fused multiply-add.
    #[cfg(target_arch = "aarch64")]
    return body.run::<true>();
    #[cfg(not(target_arch = "aarch64"))]
    body.run::<false>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<B: Body>(body: B) -> B::Out {
    body.run::<true>()
}
