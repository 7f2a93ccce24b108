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
}

// SAFETY: the block owns its memory like a `Box<[u8]>`; the CPU device hands out views of it only
// while its queue is locked.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// `bytes` zero bytes, or `None` if the system has no room.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(ALIGN), ALIGN).ok()?;
        // SAFETY: the layout's size is not zero.
        let pointer = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Block { pointer, layout })
    }

    /// The first byte.
    pub(crate) fn pointer(&self) -> NonNull<u8> {
        self.pointer
    }

    /// A view for reading.
    ///
    /// # Safety
    /// `offset + len` lies within the block, and nobody writes the range while the view lives.
    pub(crate) unsafe fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        debug_assert!(offset + len <= self.layout.size());
        // SAFETY: the caller keeps the range inside; the memory was zeroed at birth.
        unsafe { slice::from_raw_parts(self.pointer.as_ptr().add(offset), len) }
    }

    /// A view for writing.
    ///
    /// # Safety
    /// `offset + len` lies within the block, and nobody else looks at the range while the view lives.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn bytes_mut(&self, offset: usize, len: usize) -> &mut [u8] {
        debug_assert!(offset + len <= self.layout.size());
        // SAFETY: the caller keeps the range inside and to itself.
        unsafe { slice::from_raw_parts_mut(self.pointer.as_ptr().add(offset), len) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and freed only here.
        unsafe { dealloc(self.pointer.as_ptr(), self.layout) }
    }
}
