//! The size-class cache that makes a training loop's second step allocate nothing.
use crate::Memory;
use std::collections::HashMap;
use std::sync::Arc;

/// The class that `bytes` falls into: four steps to each power of two, so that at most a fifth is
/// slack, and never under 256 bytes.
pub(crate) fn class(bytes: usize) -> Option<usize> {
    if bytes <= 256 {
        return Some(256);
    }
    let step = bytes.checked_next_power_of_two()? / 8;
    let step = step.max(256);
    bytes.checked_next_multiple_of(step)
}

/// Memory waiting for its next use, by class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: HashMap<usize, Vec<Arc<Memory>>>,
}

impl Pool {
    pub(crate) fn take(&mut self, class: usize) -> Option<Arc<Memory>> {
        self.free.get_mut(&class)?.pop()
    }

    pub(crate) fn give(&mut self, memory: Arc<Memory>) {
        self.free.entry(memory.bytes()).or_default().push(memory);
    }

    /// Lets everything go; returns the bytes freed.
    pub(crate) fn clear(&mut self) -> usize {
        self.free.drain().map(|(class, list)| class * list.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn classes_hold_what_they_serve_and_waste_little() {
        for bytes in [0, 1, 255, 256, 257, 1000, 4097, 1 << 20, (1 << 20) + 1, 50_000_001] {
            let c = class(bytes).unwrap();
            assert!(c >= bytes && c.is_multiple_of(256), "{bytes} -> {c}");
            assert!(c <= bytes + bytes / 4 + 256, "{bytes} -> {c}");
        }
        assert_eq!(class(usize::MAX), None);
    }
}
