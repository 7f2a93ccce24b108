//! Philox4x32-10: random numbers that are a pure function of (key, counter), the same on every
//! device.
//!
//! Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Ten rounds of multiply,
//! swap and xor; no state to carry, so lane 7 of block 12 can draw its number without asking
//! anyone.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words for a counter under a key.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let b = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// A word as a float in [0, 1): its upper 24 bits.
pub fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Two words as two independent standard normals (Box-Muller).
pub fn normal(a: u32, b: u32) -> [f32; 2] {
    // The first factor must not be ln 0: shift the grid by half a step.
    let u = (f64::from(a >> 8) + 0.5) / 16_777_216.0;
    let v = f64::from(b >> 8) / 16_777_216.0;
    let radius = (-2.0 * u.ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
    [(radius * cos) as f32, (radius * sin) as f32]
}

/// A stream of random numbers on the host: a key and a running counter.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    counter: u64,
    spare: Vec<u32>,
}

impl Stream {
    /// The stream `stream` of `seed`: different streams of one seed never meet.
    pub fn new(seed: u64, stream: u32) -> Self {
        let key = [seed as u32, (seed >> 32) as u32 ^ stream.wrapping_mul(0x9E37_79B1)];
        Stream { key, counter: 0, spare: Vec::new() }
    }

    /// The next 32 random bits.
    pub fn word(&mut self) -> u32 {
        if let Some(word) = self.spare.pop() {
            return word;
        }
        let words = philox([self.counter as u32, (self.counter >> 32) as u32, 0, 0], self.key);
        self.counter += 1;
        self.spare.extend([words[3], words[2], words[1]]);
        words[0]
    }

    /// A float in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        uniform(self.word())
    }

    /// `n` standard normals.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(n + 1);
        while out.len() < n {
            let (a, b) = (self.word(), self.word());
            out.extend(normal(a, b));
        }
        out.truncate(n);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_vectors() {
        // The known answers that accompany the paper's reference implementation.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let x = Stream::new(7, 0).normals(100_000);
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
        let var = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.02, "mean {mean}, variance {var}");
    }
}
