//! The memory of Rust's that JavaScript sees: `ArrayBuffer`s over it, and how to read it in peace.
use crate::guard::guard;
use napi::bindgen_prelude::{ArrayBuffer, ToNapiValue};
use napi::{Env, sys};
use napi_derive::napi;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};
use strata_bindings::{Error, Result, Storage, count_view};

thread_local! {
    static ALIASES: Cell<bool> = const { Cell::new(true) };
}

/// Whether [`storage`] shows Rust's memory here; false once the runtime has forced a copy.
#[napi]
pub fn aliases() -> bool {
    ALIASES.get()
}

/// Memory by its first byte's address, and how many `ArrayBuffer`s are over it. One for the whole
/// process: an `ArrayBuffer` may be transferred to a worker, and come back from there.
static VIEWS: Mutex<BTreeMap<usize, (Storage, usize)>> = Mutex::new(BTreeMap::new());

fn views() -> MutexGuard<'static, BTreeMap<usize, (Storage, usize)>> {
    VIEWS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that one more `ArrayBuffer` is over a storage, which begins at `address`.
fn add(address: usize, storage: &Storage) {
    count_view(storage.bytes(), true);
    views().entry(address).or_insert_with(|| (storage.clone(), 0)).1 += 1;
}

/// Notes that one fewer is.
fn remove(address: usize, bytes: usize) {
    count_view(bytes, false);
    let mut views = views();
    let Some((_, times)) = views.get_mut(&address) else { return };
    *times -= 1;
    let last = if *times == 0 { views.remove(&address) } else { None };
    // Dropped outside of the lock: it goes back to its device.
    drop(views);
    drop(last);
}

/// A copy of these bytes if they are Rust's own, made while no kernel writes there.
pub(crate) fn copy(address: usize, bytes: usize) -> Result<Option<Vec<u8>>> {
    let found = {
        let views = views();
        let below = views.range(..=address).next_back();
        below.map(|(&start, (storage, _))| (start, storage.clone()))
    };
    let Some((start, storage)) = found else { return Ok(None) };
    let first = address - start;
    if first >= storage.bytes() {
        return Ok(None);
    }
    // Devices are read from multiples of four bytes on.
    let skip = first % 4;
    let mut copy = storage.copy(first - skip, skip + bytes)?;
    copy.drain(..skip);
    Ok(Some(copy))
}

/// A value that is made already.
pub struct RawValue(sys::napi_value);

impl ToNapiValue for RawValue {
    unsafe fn to_napi_value(_: sys::napi_env, made: Self) -> napi::Result<sys::napi_value> {
        Ok(made.0)
    }
}

/// Lets go of the storage that an `ArrayBuffer` was over.
unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `storage` made `hint` of a box, and the runtime calls this once.
    let storage = unsafe { Box::from_raw(hint.cast::<Storage>()) };
    remove(data.addr(), storage.bytes());
}

/// The whole storage of a CPU tensor as an `ArrayBuffer` over Rust's own memory, which lives for as
/// long as it is reachable.
#[napi]
pub fn storage(env: Env, a: u32) -> napi::Result<RawValue> {
    guard(|| {
        let storage = strata_bindings::storage(a)?;
        let (pointer, bytes) = (storage.pointer()?, storage.bytes());
        add(pointer.as_ptr().addr(), &storage);
        let hint = Box::into_raw(Box::new(storage.clone()));
        let mut made = std::ptr::null_mut();
        // SAFETY: the memory has at least `bytes` bytes (a buffer is no longer than its memory),
        // and stays where it is until `release` drops the storage in `hint`. It was zeroed at birth.
        // Kernels write it only on calls from JavaScript's thread, or on a run's own thread, where
        // whoever looks sees something in between, as with any shared array. Where Rust is given
        // this memory back, as an array to read, it reads through the device (`elements.rs`).
        let status = unsafe {
            sys::napi_create_external_arraybuffer(
                env.raw(),
                pointer.as_ptr().cast(),
                bytes,
                Some(release),
                hint.cast(),
                &mut made,
            )
        };
        if status == sys::Status::napi_ok {
            return Ok(RawValue(made));
        }
        remove(pointer.as_ptr().addr(), bytes);
        // SAFETY: the runtime refused, so nobody else has the box.
        drop(unsafe { Box::from_raw(hint) });
        ALIASES.set(false);
        let copied = ArrayBuffer::from_data(&env, storage.copy(0, bytes)?);
        let internal = |error: napi::Error| Error::new("internal", "view", error.reason.clone());
        // SAFETY: `env` is this call's own.
        let raw = copied.and_then(|c| unsafe { ToNapiValue::to_napi_value(env.raw(), c) });
        Ok(RawValue(raw.map_err(internal)?))
    })
}
