use strata_device::random::{philox, uniform};
use strata_device::{CpuArgs, StepState};

/// Where the rows of a tensor `[batch, heads, rows, dim]` lie.
#[derive(Clone, Copy)]
pub(super) struct View {
    offset: usize,
    batch: usize,
    head: usize,
    row: usize,
}

impl View {
    fn read(words: &[u32]) -> Self {
        let at = |i: usize| words[i] as usize;
        View { offset: at(0), batch: at(1), head: at(2), row: at(3) }
    }

    /// The first element of a row.
    #[inline(always)]
    pub fn at(&self, batch: usize, head: usize, row: usize) -> usize {
        self.offset + batch * self.batch + head * self.head + row * self.row
    }

    /// Whether the heads of a row lie nearer to each other than the rows of a head.
    pub fn heads_inside_rows(&self) -> bool {
        self.head < self.row
    }
}

/// The `Params` of every attention kernel (kernels/include/attention.cuh has the same), with what
/// the step state adds.
pub(super) struct Params<'a> {
    pub q: View,
    pub k: View,
    pub v: View,
    /// The output in forward, its gradient in backward.
    pub out: View,
    pub dq: View,
    pub dk: View,
    pub dv: View,
    pub batch: usize,
    pub heads: usize,
    pub rows: usize,
    /// Keys the tensors have room for.
    pub capacity: usize,
    /// Keys that are valid.
    pub keys: usize,
    /// Place of the first query among the keys.
    pub first: usize,
    pub dim: usize,
    pub scale: f32,
    pub causal: bool,
    pub dropout: Option<Dropout>,
    mask: Option<Mask<'a>>,
}

impl<'a> Params<'a> {
    pub fn read(args: &CpuArgs, state: &'a [u32]) -> Self {
        let (state, words) = state.split_at(size_of::<StepState>() / size_of::<u32>());
        let state: StepState = bytemuck::pod_read_unaligned(bytemuck::cast_slice(state));
        let bits = args.constant("MASK", 0);
        let view = |i: usize| View::read(&args.params[i..i + 4]);
        let (rows, capacity) = (args.size(18), args.size(19));
        let cached = args.constant("USE_POSITION", 0) == 1;
        let keys = match cached {
            true => capacity.min((state.position as usize).saturating_add(rows)),
            false => capacity,
        };
        let dropout = (args.constant("DROPOUT", 0) == 1).then(|| Dropout {
            p: args.float(22),
            op: args.params[23],
            key: [state.seed, state.step],
        });
        Params {
            q: view(0),
            k: view(4),
            v: view(8),
            out: view(12),
            dq: view(24),
            dk: view(28),
            dv: view(32),
            batch: args.size(16),
            heads: args.size(17),
            rows,
            capacity,
            keys,
            first: keys.saturating_sub(rows),
            dim: args.size(20),
            scale: args.float(21),
            causal: args.constant("CAUSAL", 0) == 1,
            dropout,
            mask: (bits != 0).then_some(Mask { words, bits }),
        }
    }

    /// Heads of all sequences.
    pub fn all_heads(&self) -> usize {
        self.batch * self.heads
    }

    /// A row of a tensor; `head` counts over all sequences.
    #[inline(always)]
    pub fn row<'d>(&self, data: &'d [f32], view: &View, head: usize, row: usize) -> &'d [f32] {
        &data[view.at(head / self.heads, head % self.heads, row)..][..self.dim]
    }

    /// How many keys, from the first, a query may see.
    #[inline(always)]
    pub fn visible(&self, row: usize) -> usize {
        if self.causal { self.keys.min(self.first + row + 1) } else { self.keys }
    }

    /// Whether the padding mask leaves a key of the sequence that a head belongs to.
    #[inline(always)]
    pub fn unmasked(&self, head: usize, key: usize) -> bool {
        let at = head / self.heads * self.capacity + key;
        self.mask.as_ref().is_none_or(|mask| mask.words[at] & mask.bits != 0)
    }

    /// Whether a query sees a key.
    #[inline(always)]
    pub fn sees(&self, head: usize, row: usize, key: usize) -> bool {
        key < self.visible(row) && self.unmasked(head, key)
    }

    /// Whether a query sees no key at all.
    pub fn blank(&self, head: usize, row: usize) -> bool {
        self.mask.is_some() && (0..self.visible(row)).all(|key| !self.unmasked(head, key))
    }

    /// Puts `x` in the place of masked keys, in a row of them from `first` on.
    #[inline(always)]
    pub fn cover(&self, head: usize, first: usize, row: &mut [f32], x: f32) {
        if let Some(mask) = &self.mask {
            let words = &mask.words[head / self.heads * self.capacity + first..];
            let masked = row.iter_mut().zip(words).filter(|(_, word)| *word & mask.bits == 0);
            masked.for_each(|(y, _)| *y = x);
        }
    }

    /// Whether dropout takes this key from this query.
    pub fn drops(&self, head: usize, row: usize, key: usize) -> bool {
        self.dropout.as_ref().is_some_and(|dropout| !dropout.keeps(head, row, key))
    }
}

/// A padding mask: a word for each key of each sequence, and which of its bits count.
struct Mask<'a> {
    words: &'a [u32],
    bits: u32,
}

/// Dropout of probabilities.
pub(super) struct Dropout {
    p: f32,
    op: u32,
    key: [u32; 2],
}

impl Dropout {
    /// Whether one key of a row is kept.
    pub fn keeps(&self, head: usize, row: usize, key: usize) -> bool {
        let counter = [(key / 64 * 16 + key % 16) as u32, row as u32, head as u32, self.op];
        uniform(philox(counter, self.key)[key / 16 % 4]) >= self.p
    }

    /// What the probabilities of a row are multiplied with, for the keys from `first` on, a
    /// multiple of 64: 0 or 1 / (1 - p).
    ///
    /// One draw gives four words. They go to keys 16 apart, for that is how GPU threads share a row.
    pub fn mask(&self, head: usize, row: usize, first: usize, mask: &mut [f32]) {
        let kept = 1.0 / (1.0 - self.p);
        for (block, mask) in mask.chunks_mut(64).enumerate() {
            for lane in 0..mask.len().min(16) {
                let draw = (first / 64 + block) * 16 + lane;
                let counter = [draw as u32, row as u32, head as u32, self.op];
                let words = philox(counter, self.key);
                for (m, &word) in mask[lane..].iter_mut().step_by(16).zip(&words) {
                    *m = if uniform(word) >= self.p { kept } else { 0.0 };
                }
            }
        }
    }
}
