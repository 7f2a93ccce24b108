//! What a microkernel is, whichever vectors it is written for.

/// The innermost loop of a matrix product: a tile of `mr` rows and `nr` columns that stays in
/// registers while k goes by.
pub(super) struct Micro {
    pub mr: usize,
    pub nr: usize,
    /// `tile[i·nr + j] = Σ_l a[l·mr + i] · b[l·nr + j]`, over packed panels of equal depth.
    pub run: fn(a: &[f32], b: &[f32], tile: &mut [f32]),
}

/// The largest tile of any microkernel.
pub(super) const TILE: usize = 14 * 32;
