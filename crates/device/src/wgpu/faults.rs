//! Faults that WebGPU reports out of band, turned into errors of the next call.
use super::wait;
use crate::{Error, Result};
use ::wgpu::ErrorFilter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The faults of one device: the first that nobody has heard of yet, and whether it was lost.
pub(super) struct Faults {
    label: String,
    /// Cheap to ask on every launch.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The first error that no call has returned yet.
    error: Option<Error>,
    /// Why the device was lost.
    lost: Option<String>,
}

impl Faults {
    /// Starts listening, so that a fault is noted down instead of ending the process.
    pub(super) fn watch(device: &::wgpu::Device, label: String) -> Arc<Self> {
        let faults = Arc::new(Faults { label, any: false.into(), state: Mutex::default() });
        let listener = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| listener.note(&error)));
        let listener = faults.clone();
        device.set_device_lost_callback(move |why, message| {
            let message = match message.trim() {
                "" => format!("{why:?}"),
                text => text.to_string(),
            };
            listener.lose(message);
        });
        faults
    }

    /// The device is gone; every call from now on says so.
    pub(super) fn lose(&self, message: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lost.get_or_insert(message);
        self.any.store(true, Ordering::Release);
    }

    fn note(&self, error: &::wgpu::Error) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.error.get_or_insert_with(|| Error::Driver {
            device: self.label.clone(),
            call: "work handed over earlier".into(),
            reason: reason(error),
        });
        self.any.store(true, Ordering::Release);
    }

    /// # Errors
    /// A fault that nobody has heard of yet (told once), or the loss of the device (told always).
    pub(super) fn check(&self) -> Result<()> {
        if !self.any.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = state.lost.clone() {
            return Err(Error::Lost { device: self.label.clone(), reason });
        }
        self.any.store(false, Ordering::Release);
        state.error.take().map_or(Ok(()), Err)
    }
}

/// Runs `make`; a fault on the way is its outcome.
///
/// A page hears of faults only later, when nobody can return them any more: there they go the way of
/// all faults that nobody caught, to [`Faults`], and the next call tells them.
pub(super) fn catch<T>(
    device: &::wgpu::Device,
    make: impl FnOnce() -> T,
) -> Result<T, ::wgpu::Error> {
    if cfg!(target_family = "wasm") {
        return Ok(make());
    }
    let scopes = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation];
    let scopes = scopes.map(|filter| device.push_error_scope(filter));
    let made = make();
    // Innermost first; natively the answers are there at once.
    let faults = scopes.into_iter().rev().map(|scope| wait::now(scope.pop()).flatten());
    // Every scope must be popped in order, so none is left out once a fault is found.
    let first = faults.fold(None, |first, fault| first.or(fault));
    first.map_or(Ok(made), Err)
}

/// An error's text without the lines that only WebGPU's own developers need.
pub(super) fn reason(error: &::wgpu::Error) -> String {
    match error {
        ::wgpu::Error::OutOfMemory { .. } => "out of memory; try smaller shapes".into(),
        ::wgpu::Error::Validation { description, .. }
        | ::wgpu::Error::Internal { description, .. } => {
            let text = description.strip_prefix("Validation Error\n\nCaused by:\n");
            text.unwrap_or(description).trim().to_string()
        }
    }
}
