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
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream `stream` of `seed`: different streams of one seed never meet.
    pub fn new(seed: u64, stream: u32) -> Self {
        let [low, high] = halves(seed);
        Self::at([low, high ^ stream.wrapping_mul(0x9E37_79B1)], [0; 4])
    }

    /// As [`new`](Self::new), of 2⁶⁴ streams. `tag` keeps different uses of one seed apart, so that story 7
    /// and the windows of batch 7 do not share their numbers.
    pub fn tagged(seed: u64, stream: u64, tag: u32) -> Self {
        let [low, high] = halves(stream);
        Self::at(halves(seed), [0, tag, low, high])
    }

    fn at(key: [u32; 2], counter: [u32; 4]) -> Self {
        Stream { key, counter, words: [0; 4], used: 4 }
    }

    /// The next 32 random bits.
    pub fn word(&mut self) -> u32 {
        if self.used == 4 {
            self.words = philox(self.counter, self.key);
            let (block, over) = self.counter[0].overflowing_add(1);
            (self.counter[0], self.used) = (block, 0);
            self.counter[1] = self.counter[1].wrapping_add(u32::from(over));
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// A number below `bound`, every one exactly as likely as the next; a `bound` of 0 gives 0.
    ///
    /// Lemire's method: the high half of `word * bound` is the answer, and the few low halves that
    /// would favor some answers are drawn again.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let [low, high] = halves(u64::from(self.word()) * u64::from(bound));
            if low >= threshold {
                return high;
            }
        }
    }

    /// As [`below`](Self::below), for positions in texts longer than 2³² tokens.
    pub fn below_u64(&mut self, bound: u64) -> u64 {
        if let Ok(bound) = u32::try_from(bound) {
            return u64::from(self.below(bound));
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let draw = u64::from(self.word()) << 32 | u64::from(self.word());
            let wide = u128::from(draw) * u128::from(bound);
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }

    /// As [`below`](Self::below), for places in memory.
    pub fn below_usize(&mut self, bound: usize) -> usize {
        self.below_u64(bound as u64) as usize
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

/// The low and the high half.
fn halves(wide: u64) -> [u32; 2] {
    [wide as u32, (wide >> 32) as u32]
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
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn below_is_even_handed() {
        let mut stream = Stream::tagged(1, 2, 3);
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[stream.below(7) as usize] += 1;
        }
        // Standard deviation of each count is about 93.
        assert!(seen.iter().all(|&n| n.abs_diff(10_000) < 500), "{seen:?}");
        assert!((0..1000).all(|_| stream.below_u64(5_000_000_000) < 5_000_000_000));
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let x = Stream::new(7, 0).normals(100_000);
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
        let var = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.02, "mean {mean}, variance {var}");
    }
}
