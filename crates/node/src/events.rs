//! Calls from other threads to functions of JavaScript.
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, bindgen_prelude::Unknown};

type Raw = ThreadsafeFunction<String, Unknown<'static>, String, Status, false>;

/// A function of JavaScript that any thread may call with a line of JSON.
pub(crate) struct Listener(Raw);

impl Listener {
    pub fn new(on: &Function<String, Unknown<'static>>) -> napi::Result<Self> {
        Ok(Listener(on.build_threadsafe_function::<String>().build()?))
    }

    /// Queues a call; false where the runtime is shutting down.
    pub fn tell(&self, event: &serde_json::Value) -> bool {
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        self.0.call(event.to_string(), mode) == Status::Ok
    }
}
