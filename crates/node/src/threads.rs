//! Who computes: JavaScript's thread, and helpers of its own.
use crate::carry::NativeDevice;
use crate::guard::guard;
use napi_derive::napi;
use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    /// For this thread alone, and for its whole life: a pool of all threads would have this one
    /// sleep while it waits for another's work.
    static HELPERS: Option<ThreadPool> = {
        // What the environment asks for is bounded first; nobody is here to read a warning.
        let _ = strata_bindings::bounded_threads();
        let threads = rayon::current_num_threads();
        ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build().ok()
    };
}

/// The processor. JavaScript's thread takes part in the work that it shares out from now on: if it
/// slept instead, the system would wake its helpers on one core, and short work is over before it
/// moves one.
#[napi]
pub fn cpu_device() -> napi::Result<NativeDevice> {
    guard(|| {
        HELPERS.with(|_| ());
        strata_bindings::cpu_device()
    })
}
