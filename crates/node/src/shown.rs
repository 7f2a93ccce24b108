//! The memory of Rust's that JavaScript sees: which it is, and how to read it in peace.
use crate::failure::Outcome;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use strata_ml::device::Buffer;

/// Buffers by their first byte's address, and how many `ArrayBuffer`s show each. One for the whole
/// process: an `ArrayBuffer` may be transferred to a worker, and come back from there.
static SHOWN: Mutex<BTreeMap<usize, (Buffer, usize)>> = Mutex::new(BTreeMap::new());

fn shown() -> MutexGuard<'static, BTreeMap<usize, (Buffer, usize)>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that one more `ArrayBuffer` shows a buffer, which begins at `address`.
pub(crate) fn add(address: usize, buffer: &Buffer) {
    shown().entry(address).or_insert_with(|| (buffer.clone(), 0)).1 += 1;
}

/// Notes that one fewer does.
pub(crate) fn remove(address: usize) {
    let mut shown = shown();
    let Some((_, times)) = shown.get_mut(&address) else { return };
    *times -= 1;
    let last = if *times == 0 { shown.remove(&address) } else { None };
    // Dropped outside of the lock: it goes back to its device.
    drop(shown);
    drop(last);
}

/// A copy of these bytes if they are Rust's own, made while no kernel writes there.
pub(crate) fn copy(address: usize, bytes: usize) -> Outcome<Option<Vec<u8>>> {
    let found = {
        let shown = shown();
        let below = shown.range(..=address).next_back();
        below.map(|(&start, (buffer, _))| (start, buffer.clone()))
    };
    let Some((start, buffer)) = found else { return Ok(None) };
    let first = address - start;
    if first >= buffer.bytes() {
        return Ok(None);
    }
    // Devices are read from multiples of four bytes on.
    let skip = first % 4;
    let mut copy = buffer.read_blocking(first - skip, skip + bytes)?;
    copy.drain(..skip);
    Ok(Some(copy))
}
