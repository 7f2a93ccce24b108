//! Batches of a long text: windows of `context` tokens, each predicting the next, in shuffled order.
//!
//! A batch is a function of the seed and the step. There is no list to save and no position to
//! restore: to go on at step 700, ask for batch 700.
#![allow(unused, unreachable_code, clippy::all)]

/// Inputs and targets, equally long.
pub type Pairs = (Vec<u32>, Vec<u32>);

/// A stream of random numbers: the same seed and stream give the same numbers, any other two give
/// others. (SplitMix64, by Steele, Lea and Flood, 2014.)
pub struct Random(u64);

impl Random {
    /// The numbers of a stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut of_seed = Random(seed);
        Random(of_seed.next() ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `bound`, which is at least 1; no number is preferred to any other.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// How many windows a text of `tokens` tokens has. Window w reads the `context` tokens from
/// `w * context` on, and the last of them has a token after it to predict. What is left over at the
/// end of the text is not used.
pub fn count(tokens: usize, context: usize) -> usize {
    // TODO, about 1 line: Who must have a token after it?
    todo!("count the windows")
}

/// Window `index`: what the model reads, and at each position the token that comes next.
pub fn window(tokens: &[u32], context: usize, index: usize) -> Pairs {
    // TODO, about 4 lines: Two slices of the text.
    todo!("cut the window out")
}

/// The order in which an epoch visits `windows` windows: each once, all orders equally likely, a
/// function of seed and epoch.
pub fn order(windows: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut random = Random::new(seed, epoch);
    let mut order: Vec<usize> = (0..windows).collect();
    // TODO, about 4 lines: Shuffle it (Fisher and Yates): from the last place down, exchange
    //   each with one of those up to and including itself.
    todo!("shuffle")
}

/// The batch of a step: `rows` windows, one after the other. Epochs follow each other without a gap:
/// a batch may hold the last windows of one and the first of the next. The text has at least one
/// window.
pub fn batch(tokens: &[u32], context: usize, rows: usize, seed: u64, step: u64) -> Pairs {
    let windows = count(tokens.len(), context);
    let (mut inputs, mut targets): Pairs = Default::default();
    // TODO, about 8 lines: Number the rows of all batches of the run through. Which epoch is
    //   a row in, and which of its places?
    todo!("gather the rows")
}
