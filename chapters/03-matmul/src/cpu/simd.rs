//! Microkernels, and the choice between them at run time.
use super::portable;

/// The innermost loop of a matrix product: a tile of `mr` rows and `nr` columns that stays in
/// registers while k goes by.
pub(super) struct Micro {
    /// The instruction set.
    #[allow(dead_code)] // tests name it
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
    vec![&portable::MICRO]
}

/// The widest microkernel that this processor can run.
pub(super) fn best() -> &'static Micro {
    static BEST: std::sync::OnceLock<&'static Micro> = std::sync::OnceLock::new();
    BEST.get_or_init(|| all().pop().unwrap_or(&portable::MICRO))
}
