//! Random numbers that depend on nothing but the seed, the target and the input's number: so every
//! input of a run can be made again.

/// A stream of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of one input.
    pub fn new(seed: u64, name: &str, input: u64) -> Self {
        // FNV-1a keeps the targets' streams apart.
        let name = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut random = Random(seed ^ name.rotate_left(17));
        random.0 = random.next() ^ input.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        random.next();
        random
    }

    /// Any number.
    #[allow(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where nothing is.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// A range within `0..length`: mostly short, sometimes anything.
    pub fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        let most = if self.once_in(4) { length - start } else { (length - start).min(8) };
        start..start + self.below(most + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_can_be_made_again_and_no_two_are_alike() {
        let first = |seed, name, input| Random::new(seed, name, input).next();
        assert_eq!(first(1, "a", 7), first(1, "a", 7));
        let all = [first(1, "a", 7), first(2, "a", 7), first(1, "b", 7), first(1, "a", 8)];
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one));
        }
        let mut random = Random::new(1, "a", 0);
        assert_eq!((random.below(0), random.below(1)), (0, 0));
        assert!((0..1000).all(|_| random.range(5).end <= 5));
        assert_eq!(random.range(0), 0..0);
    }
}
