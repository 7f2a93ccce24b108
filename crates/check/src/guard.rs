//! Poison and guard words: how a kernel is caught writing too little or too much.
//!
//! Before a launch, the output is filled with [`POISON`]. An element that still holds it was never
//! written. Around the buffer lie [`GUARD`] words. If one has changed, a lane wrote outside its
//! tensor; on a GPU that is silent, until the day it hits something that matters.
//!
//! Both words are NaN, as one f32 and as two f16 or bf16, so reading them by mistake spoils the
//! result instead of hiding in it.
//!
//! ```
//! use strata_check::guard;
//! let layout = guard::wrap(12); // three f32
//! let mut bytes = layout.fill(); // upload this; give the kernel layout.offset and layout.len
//! bytes[layout.offset..][..4].copy_from_slice(&1.0f32.to_le_bytes());
//! layout.check(&bytes)?;
//! assert_eq!(layout.payload(&bytes).len(), 12);
//! # Ok::<(), guard::Breach>(())
//! ```

use thiserror::Error;

/// What outputs hold before a launch.
pub const POISON: u32 = 0x7fed_7fed;
/// What stands before and after every buffer under test.
pub const GUARD: u32 = 0x7fd6_7fd6;
/// Bytes of guard words on each side; also the alignment a storage buffer's offset must have.
pub const GUARD_BYTES: usize = 256;

/// The poison of f32 outputs.
pub fn poison_f32() -> f32 {
    f32::from_bits(POISON)
}

/// Whether the f32 with these bits is poison, also where it was widened from bf16 or f16.
pub fn is_poison(bits: u32) -> bool {
    bits == POISON || bits == 0x7fed_0000 || bits == 0x7ffd_a000
}

/// Where a guarded buffer keeps what, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where the payload starts.
    pub offset: usize,
    /// Length of the payload.
    pub len: usize,
    /// Length of everything.
    pub total: usize,
}

/// Guards a payload of `len` bytes.
pub fn wrap(len: usize) -> Layout {
    Layout { offset: GUARD_BYTES, len, total: GUARD_BYTES + len.next_multiple_of(4) + GUARD_BYTES }
}

impl Layout {
    /// The whole buffer before the launch: poison inside, guard words around it.
    pub fn fill(&self) -> Vec<u8> {
        let word = |at: usize| if self.inside(at) { POISON } else { GUARD };
        (0..self.total).map(|at| word(at).to_le_bytes()[at % 4]).collect()
    }

    /// The whole buffer before the launch, with `payload` inside: for inputs, or outputs that are
    /// accumulated into. Missing bytes are poison, superfluous ones are left out.
    pub fn fill_with(&self, payload: &[u8]) -> Vec<u8> {
        let mut bytes = self.fill();
        let len = payload.len().min(self.len);
        bytes[self.offset..][..len].copy_from_slice(&payload[..len]);
        bytes
    }

    /// The payload's bytes, of the whole buffer `bytes`.
    pub fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.offset..][..self.len]
    }

    /// Looks at the guard words of the whole buffer `bytes`, after the launch.
    ///
    /// # Errors
    ///
    /// [`Breach`] if one has changed, or if the buffer does not have this layout's length.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Breach> {
        if bytes.len() != self.total {
            return Err(Breach::Length { expected: self.total, found: bytes.len() });
        }
        let changed: Vec<isize> = (0..self.total)
            .filter(|&at| !self.inside(at) && bytes[at] != GUARD.to_le_bytes()[at % 4])
            .map(|at| at as isize - self.offset as isize)
            .collect();
        let (Some(&first), Some(&last)) = (changed.first(), changed.last()) else {
            return Ok(());
        };
        Err(Breach::Written { count: changed.len(), first, last, len: self.len })
    }

    /// Whether byte `at` belongs to the payload, or to the word its last byte lies in: 16-bit
    /// elements are written in pairs.
    fn inside(&self, at: usize) -> bool {
        (self.offset..self.offset + self.len.next_multiple_of(4)).contains(&at)
    }
}

/// The guard words tell of a write outside the buffer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Breach {
    /// Bytes outside the payload have changed.
    #[error(
        "{count} bytes outside the buffer were written, from byte {first} to byte {last} of a buffer of {len}"
    )]
    Written {
        /// How many bytes.
        count: usize,
        /// The first of them, counted from the payload's start; negative if it lies before.
        first: isize,
        /// The last of them, counted likewise.
        last: isize,
        /// Length of the payload.
        len: usize,
    },
    /// The buffer read back does not have the layout's length.
    #[error("the guarded buffer has {expected} bytes, but {found} were read back")]
    Length {
        /// Length of the layout.
        expected: usize,
        /// Length of what was read back.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poison_and_guards_are_nan_in_every_format() {
        for word in [POISON, GUARD] {
            assert!(f32::from_bits(word).is_nan());
            let half = word & 0xffff;
            assert_eq!(half, word >> 16);
            assert!(f32::from_bits(half << 16).is_nan(), "bf16");
            assert!(half & 0x7c00 == 0x7c00 && half & 0x03ff != 0, "f16");
        }
        assert!(is_poison(poison_f32().to_bits()));
    }

    #[test]
    fn untouched_and_properly_written_buffers_pass() {
        for len in [0, 2, 4, 6, 400] {
            let layout = wrap(len);
            let mut bytes = layout.fill();
            assert_eq!(layout.check(&bytes), Ok(()));
            bytes[layout.offset..][..len.next_multiple_of(4)].fill(0);
            assert_eq!(layout.check(&bytes), Ok(()));
            assert_eq!(layout.payload(&bytes), vec![0; len]);
        }
    }

    #[test]
    fn writes_on_either_side_are_found() {
        let layout = wrap(8);
        let mut bytes = layout.fill_with(&[1; 8]);
        bytes[layout.offset + 8..][..4].fill(0);
        let breach = Breach::Written { count: 4, first: 8, last: 11, len: 8 };
        assert_eq!(layout.check(&bytes), Err(breach));

        let mut bytes = layout.fill();
        bytes[layout.offset - 1] = 0;
        let breach = Breach::Written { count: 1, first: -1, last: -1, len: 8 };
        assert_eq!(layout.check(&bytes), Err(breach));
        assert_eq!(layout.check(&bytes[1..]), Err(Breach::Length { expected: 520, found: 519 }));
    }
}
