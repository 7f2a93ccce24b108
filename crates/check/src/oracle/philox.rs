//! Philox4x32-10 (Salmon et al., 2011): random numbers without state.
//!
//! A block cipher run over a counter. Any element's number can be computed on its own, so every
//! device and every number of threads draws the same ones.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Added to the key each round: the golden ratio and sqrt(3) - 1, as fractions of 2^32.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words for a counter and a key.
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut c0, mut c1, mut c2, mut c3], [mut k0, mut k1]) = (counter, key);
    for _ in 0..10 {
        let (high0, low0) = multiply(MULTIPLIERS[0], c0);
        let (high1, low1) = multiply(MULTIPLIERS[1], c2);
        (c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

/// The high and the low word of a product.
fn multiply(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, product as u32)
}

/// Word `i` of the stream that belongs to (seed, step, op): word `i % 4` of the block with counter
/// `[i / 4, op, step, 0]` under the key `[low, high]` of the seed.
pub fn word(seed: u64, step: u32, op: u32, i: usize) -> u32 {
    let key = [seed as u32, (seed >> 32) as u32];
    philox4x32_10([(i / 4) as u32, op, step, 0], key)[i % 4]
}

/// A number in `[0, 1)` from a word: its upper 24 bits, which an f32 holds exactly.
pub fn uniform(word: u32) -> f64 {
    f64::from(word >> 8) / f64::from(1 << 24)
}
