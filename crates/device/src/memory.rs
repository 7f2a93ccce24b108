use crate::{MaybeSend, MaybeSync, Opaque};
use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A block of a device's memory. Only the backend that made it knows what is inside.
pub struct Memory {
    inner: Box<Opaque>,
    bytes: usize,
    id: u64,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Memory {
    /// Wraps a backend's own handle on `bytes` bytes.
    pub fn new<T: Any + MaybeSend + MaybeSync>(inner: T, bytes: usize) -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Memory { inner: Box::new(inner), bytes, id }
    }

    /// The backend's handle, if it is a `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.inner.downcast_ref()
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A number no other block of this process has: a key for caches.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory(#{}, {} bytes)", self.id, self.bytes)
    }
}
