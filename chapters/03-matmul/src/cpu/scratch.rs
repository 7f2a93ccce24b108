//! Memory for packed panels, kept from call to call: fresh pages would cost more than the packing.
use bytemuck::{Pod, Zeroable};
use std::cell::Cell;

/// A cache line, so that vectors never straddle two.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

thread_local! {
    static KEPT: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// This thread's scratch memory.
pub(super) struct Scratch(Vec<Line>);

impl Scratch {
    /// Takes the memory; a nested call would find none and bring its own.
    pub fn take() -> Self {
        Scratch(KEPT.take())
    }

    /// Two slices of at least these lengths. They hold whatever was there before.
    pub fn split(&mut self, left: usize, right: usize) -> (&mut [f32], &mut [f32]) {
        let (left, right) = (left.div_ceil(LINE), right.div_ceil(LINE));
        if self.0.len() < left + right {
            self.0.resize(left + right, Line([0.0; LINE]));
        }
        let (left, right) = self.0.split_at_mut(left);
        (bytemuck::cast_slice_mut(left), bytemuck::cast_slice_mut(right))
    }

    /// Keeps it for this thread's next call.
    pub fn give_back(self) {
        KEPT.set(self.0);
    }
}
