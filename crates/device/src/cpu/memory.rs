use crate::room::room;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::slice;

/// Cache lines, and the widest vectors, are 64 bytes.
const ALIGN: usize = 64;

/// A block of host memory, aligned for vectors.
#[derive(Debug)]
pub(crate) struct Block {
    pointer: NonNull<u8>,
    layout: Layout,
    /// The number of the [`Cpu`](super::Cpu) that made it: only behind that one's lock may it be
    /// looked at.
    owner: u64,
}

// SAFETY: the block owns its memory like a `Box<[u8]>`, and can be freed by any thread.
unsafe impl Send for Block {}
// SAFETY: sharing a block shares its address alone; the views, which race if they are misused, are
// unsafe to take.
unsafe impl Sync for Block {}

impl Block {
    /// `bytes` zero bytes, or `None` if the system has no room.
    pub(crate) fn new(bytes: usize, owner: u64) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(ALIGN), ALIGN).ok()?;
        room("cpu", bytes).ok()?;
        // SAFETY: the layout's size is not zero.
        let pointer = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Block { pointer, layout, owner })
    }

    /// The first byte.
    pub(crate) fn pointer(&self) -> NonNull<u8> {
        self.pointer
    }

    /// Whether the CPU of this number made it.
    pub(crate) fn of(&self, owner: u64) -> bool {
        self.owner == owner
    }

    /// A view for reading.
    ///
    /// # Safety
    /// `offset + len` lies within the block, and nobody writes the range while the view lives.
    pub(crate) unsafe fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        // SAFETY: the caller keeps the range inside; the memory was zeroed at birth.
        unsafe { slice::from_raw_parts(self.pointer.as_ptr().add(offset), len) }
    }

    /// A view for writing.
    ///
    /// # Safety
    /// `offset + len` lies within the block, and nobody else looks at the range while the view lives.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn bytes_mut(&self, offset: usize, len: usize) -> &mut [u8] {
        // SAFETY: the caller keeps the range inside and to itself.
        unsafe { slice::from_raw_parts_mut(self.pointer.as_ptr().add(offset), len) }
    }

    /// Copies bytes in.
    ///
    /// # Safety
    /// `offset + data.len()` lies within the block, and no view of the range lives. The data may be
    /// this very memory, as [`host_pointer`](super::host_pointer) shows it to a host language.
    pub(crate) unsafe fn put(&self, offset: usize, data: &[u8]) {
        // SAFETY: the caller keeps the range inside; `copy` allows the two to overlap.
        unsafe { data.as_ptr().copy_to(self.pointer.as_ptr().add(offset), data.len()) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and freed only here.
        unsafe { dealloc(self.pointer.as_ptr(), self.layout) }
    }
}
