//! The size-class cache that makes a training loop's second step allocate nothing.
use crate::Memory;
use std::collections::BTreeMap;
use std::sync::Arc;

/// From here on classes are finer: what is wasted is worth more than what one buffer more could serve.
const LARGE: usize = 1 << 20;

/// The class that `bytes` falls into: four steps to each power of two, so that at most a fifth is
/// slack, and never under 256 bytes; sixteen steps where it is large, and a seventeenth.
pub(crate) fn class(bytes: usize) -> Option<usize> {
    if bytes <= 256 {
        return Some(256);
    }
    let step = bytes.checked_next_power_of_two()? / if bytes < LARGE { 8 } else { 32 };
    let step = step.max(256);
    bytes.checked_next_multiple_of(step)
}

/// Memory waiting for its next use, by class.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: BTreeMap<usize, Vec<Arc<Memory>>>,
}

/// How many times as large as asked for large memory may be that is taken for want of another.
const LOOSE: usize = 3;

impl Pool {
    pub(crate) fn take(&mut self, class: usize) -> Option<Arc<Memory>> {
        self.free.get_mut(&class)?.pop()
    }

    /// Memory of that class; or where there is none and much is asked for, the least that is larger. For
    /// recordings, in which nothing is kept for long: the logits' memory lies idle while gradients are
    /// made that would otherwise need memory of their own.
    pub(crate) fn take_loose(&mut self, class: usize) -> Option<Arc<Memory>> {
        let most = if class < LARGE { class } else { class.saturating_mul(LOOSE) };
        self.free.range_mut(class..=most).find_map(|(_, list)| list.pop())
    }

    pub(crate) fn give(&mut self, memory: Arc<Memory>) {
        self.free.entry(memory.bytes()).or_default().push(memory);
    }

    /// Lets everything go; returns the bytes freed.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.free).into_iter().map(|(class, list)| class * list.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Pool, class};
    use crate::Memory;
    use std::sync::Arc;

    #[test]
    fn a_recording_takes_larger_memory_rather_than_more() {
        let mut pool = Pool::default();
        let sizes = [4 * LARGE, 2 * LARGE, 512];
        sizes.iter().for_each(|&bytes| pool.give(Arc::new(Memory::new((), bytes))));
        let taken = |memory: Option<Arc<Memory>>| memory.map(|memory| memory.bytes());
        assert_eq!(taken(pool.take(LARGE)), None, "outside of recordings it may be kept for ever");
        assert_eq!(taken(pool.take_loose(LARGE)), Some(2 * LARGE));
        assert_eq!(taken(pool.take_loose(LARGE)), None, "four times as large is too much");
        assert_eq!(taken(pool.take_loose(256)), None, "what is small is not worth it");
        assert_eq!(taken(pool.take_loose(4 * LARGE)), Some(4 * LARGE));
    }

    #[test]
    fn classes_hold_what_they_serve_and_waste_little() {
        for bytes in [0, 1, 255, 256, 257, 1000, 4097, 1 << 20, (1 << 20) + 1, 50_000_001] {
            let c = class(bytes).unwrap();
            assert!(c >= bytes && c.is_multiple_of(256), "{bytes} -> {c}");
            let slack = if bytes < LARGE { bytes / 4 + 256 } else { bytes / 16 };
            assert!(c <= bytes + slack, "{bytes} -> {c}");
        }
        assert_eq!(class(usize::MAX), None);
    }
}
