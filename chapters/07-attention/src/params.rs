//! What all attention's kernels take, whatever they bind: declared here, once.
use strata_device::{Bound, CpuBinding, DType, Element, StepState, Word, Words, kernel};

/// Where the rows of a tensor `[batch, heads, rows, dim]` lie: its first element, then the steps
/// from one batch, one head and one row to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    pub offset: usize,
    pub batch: usize,
    pub head: usize,
    pub row: usize,
}

impl View {
    /// The first element of a row.
    #[inline(always)]
    pub fn at(&self, batch: usize, head: usize, row: usize) -> usize {
        self.offset + batch * self.batch + head * self.head + row * self.row
    }

    /// Whether the heads of a row lie nearer to each other than the rows of a head.
    pub fn heads_inside_rows(&self) -> bool {
        self.head < self.row
    }

    /// Its words, as kernels have them.
    pub fn words(self) -> [usize; 4] {
        [self.offset, self.batch, self.head, self.row]
    }
}

impl From<[usize; 4]> for View {
    fn from([offset, batch, head, row]: [usize; 4]) -> Self {
        View { offset, batch, head, row }
    }
}

impl Word for View {
    const DTYPE: DType = DType::U32;
    const WORDS: usize = 4;

    fn put(self, to: &mut Words) {
        self.words().put(to);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        <[usize; 4]>::take(from).into()
    }
}

kernel! {
    /// The params of every attention kernel.
    pub(crate) mod shared {
        params {
            q: View,
            k: View,
            v: View,
            /// The output in forward, its gradient in backward.
            out: View,
            batch: usize,
            heads: usize,
            rows: usize,
            /// Keys the tensors have room for.
            keys: usize,
            dim: usize,
            scale: f32,
            /// Probability of being dropped.
            p: f32,
            /// Tells this op's random numbers from those of others.
            op: u32,
            /// The gradients, written in backward, all in one buffer.
            dq: View,
            dk: View,
            dv: View,
        }
    }
}
pub(crate) use shared::Params;

impl Params {
    /// Heads of all sequences.
    pub fn all_heads(&self) -> usize {
        self.batch * self.heads
    }

    /// A row of a tensor; `head` counts over all sequences.
    #[inline(always)]
    pub fn row<'d>(&self, data: &'d [f32], view: &View, head: usize, row: usize) -> &'d [f32] {
        &data[view.at(head / self.heads, head % self.heads, row)..][..self.dim]
    }
}

/// A binding with the step state, and behind it the words of a mask: one for each key of each
/// sequence.
pub(crate) enum MaskedState {}

/// What a CPU body sees of a [`MaskedState`].
#[derive(Clone, Copy)]
pub(crate) struct Masked<'a> {
    pub state: &'a StepState,
    /// None at all without a mask.
    pub mask: &'a [u32],
}

impl Bound for MaskedState {
    const ELEMENT: Element = Element::State;
    type Read<'a> = Masked<'a>;
    type Write<'a> = Masked<'a>;

    fn read(binding: CpuBinding<'_>) -> Masked<'_> {
        let (state, mask) = binding.into_read().split_at(size_of::<StepState>());
        Masked { state: bytemuck::from_bytes(state), mask: bytemuck::cast_slice(mask) }
    }

    /// No kernel writes one.
    fn write(binding: CpuBinding<'_>) -> Masked<'_> {
        Self::read(binding)
    }
}
