//! Functions of JavaScript that Rust calls: listeners from any thread, hooks and bodies on their own.
use crate::carry::{NativeCheckpoint, NativeDataset, NativeRun, NativeTokenizer, NativeTrainer};
use crate::guard::{env, guard};
use crate::promise::{Promised, on_own_thread, promise};
use napi::bindgen_prelude::{AsyncTask, FromNapiValue, Function, Object, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use napi_derive::napi;
use strata_bindings::Listen;

/// A function of JavaScript that any thread may call with a line of JSON.
pub struct Listener(ThreadsafeFunction<String, Unknown<'static>, String, Status, false>);

impl Listen for Listener {
    /// Queues a call; false where the runtime is shutting down.
    fn tell(&self, event: &serde_json::Value) -> bool {
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        self.0.call(event.to_string(), mode) == Status::Ok
    }
}

impl FromNapiValue for Listener {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` are those of the call in progress.
        let on: Function<String, Unknown<'static>> =
            unsafe { Function::from_napi_value(env, value)? };
        Ok(Listener(on.build_threadsafe_function::<String>().build()?))
    }
}

/// What a hook of the package returns when it threw; the package keeps what was thrown.
const THREW: u32 = u32::MAX;

/// Calls `hook` with the complete gradient; what it returns takes its place, 0 leaves it.
#[napi]
pub fn hook(a: u32, hook: Function<u32, u32>) -> napi::Result<()> {
    let hook = hook.create_ref()?;
    guard(|| {
        strata_bindings::hook(a, move |grad| {
            let Some(env) = env() else { return Err("the hook is gone".into()) };
            match hook.borrow_back(&env).and_then(|hook| hook.call(grad)) {
                Ok(THREW) => Err("the hook threw".into()),
                Ok(instead) => Ok(instead),
                Err(error) => Err(error.reason.clone()),
            }
        })
    })
}

/// Runs `body` without a tape.
#[napi]
pub fn no_grad(body: Function<(), ()>) -> napi::Result<()> {
    guard(|| Ok(strata_bindings::no_grad(|| body.call(()))))?
}

/// Reads a text, makes the tokenizer, splits the text into rows. `on` hears `{ stage, done, total }`.
#[napi]
pub fn prepare_dataset(
    options: String,
    tokenizer: Option<&NativeTokenizer>,
    on: Listener,
) -> napi::Result<AsyncTask<Promised<NativeDataset>>> {
    promise(|| strata_bindings::prepare_dataset(options, tokenizer.map(|t| &t.0), on))
}

#[napi]
impl NativeCheckpoint {
    /// Its trainer, for a run to go on; the first call takes it.
    #[napi]
    pub fn trainer(&self) -> napi::Result<Option<NativeTrainer>> {
        guard(|| Ok(self.0.trainer()?.map(NativeTrainer::from)))
    }
}

#[napi]
impl NativeRun {
    /// Starts the run; resolves when it has ended.
    #[napi]
    pub fn outcome<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        on_own_thread(env, "fit", || self.0.outcome())
    }
}
