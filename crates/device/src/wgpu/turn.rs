//! One device is opened or closed at a time.
//!
//! Vulkan allows two threads to do that at once, but several loaders and drivers (NVIDIA's among
//! them) hang or crash when one thread makes a device while another lets one go, as tests that run
//! side by side do.
#[cfg(not(target_family = "wasm"))]
use std::sync::{Condvar, Mutex, PoisonError};

#[cfg(not(target_family = "wasm"))]
static BUSY: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// The right to open or close a device, until it is dropped. Unlike a mutex's guard it may cross an
/// `await`.
pub(super) struct Turn(());

impl Turn {
    /// Waits for it. A page has one thread and no such drivers, so there it is free.
    pub(super) fn take() -> Self {
        #[cfg(not(target_family = "wasm"))]
        {
            let busy = BUSY.0.lock().unwrap_or_else(PoisonError::into_inner);
            let busy = BUSY.1.wait_while(busy, |busy| *busy);
            *busy.unwrap_or_else(PoisonError::into_inner) = true;
        }
        Turn(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        #[cfg(not(target_family = "wasm"))]
        {
            *BUSY.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
            BUSY.1.notify_one();
        }
    }
}
