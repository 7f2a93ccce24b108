//! Philox4x32-10, a counter-based random number generator.
//!
//! Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3* (SC 2011). There is no state to
//! carry from one number to the next: block `n` of stream `s` under key `k` is a pure function of
//! `(k, s, n)`. That is what makes training resumable for free (batch 1,000 is drawn from the
//! number 1,000, not from what batches 0 to 999 left behind) and what gives every story its own
//! private stream.

pub use strata_device::random::philox;

/// A stream of random words: key = seed, counter = (stream, block).
#[derive(Clone, Debug)]
pub struct Rng {
    key: [u32; 2],
    stream: u64,
    tag: u32,
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Rng {
    /// The stream number `stream` of `seed`. `tag` keeps different uses of one seed apart, so that
    /// story 7 and the windows of batch 7 do not share their numbers.
    pub fn new(seed: u64, stream: u64, tag: u32) -> Self {
        let key = halves(seed);
        Self { key, stream, tag, block: 0, words: [0; 4], used: 4 }
    }

    /// The next 32 random bits.
    #[expect(clippy::indexing_slicing, reason = "`used` is below 4 here, and then one more")]
    pub fn word(&mut self) -> u32 {
        if self.used == 4 {
            let [low, high] = halves(self.stream);
            self.words = philox([self.block, self.tag, low, high], self.key);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    /// A number below `bound`, every one exactly as likely as the next.
    ///
    /// Lemire's method: the high half of `word * bound` is the answer, and the few low halves that
    /// would favor some answers are drawn again. Exactness matters here: the probabilities that
    /// the entropy is computed from are the ones really used. A `bound` of 0 gives 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let wide = u64::from(self.word()) * u64::from(bound);
            let [low, high] = halves(wide);
            if low >= threshold {
                return high;
            }
        }
    }

    /// As [`below`](Self::below), for positions in texts longer than 2³² tokens.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a product are meant")]
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
    #[expect(clippy::cast_possible_truncation, reason = "it is below `bound`, which is a usize")]
    pub fn below_usize(&mut self, bound: usize) -> usize {
        self.below_u64(bound as u64) as usize
    }
}

/// The low and the high half.
#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
fn halves(wide: u64) -> [u32; 2] {
    [wide as u32, (wide >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the authors' own library, Random123.
    #[test]
    fn philox_gives_the_published_answers() {
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
        let mut stream = Rng::new(1, 2, 3);
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[stream.below(7) as usize] += 1;
        }
        // Standard deviation of each count is about 93.
        assert!(seen.iter().all(|&n| n.abs_diff(10_000) < 500), "{seen:?}");
        assert!((0..1000).all(|_| stream.below_u64(5_000_000_000) < 5_000_000_000));
        assert_eq!(stream.below(0), 0);
    }
}
