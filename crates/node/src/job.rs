//! Work off JavaScript's thread, as a promise.
use crate::failure::{Failure, Outcome};
use crate::guard::caught;
use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, Task, ValueType, sys};
use std::marker::PhantomData;

/// What runs on the pool, and what is made of its outcome back on JavaScript's thread.
pub struct Job<T, J> {
    work: Option<Box<dyn FnOnce() -> Outcome<T> + Send>>,
    finish: fn(T) -> Outcome<J>,
    made: PhantomData<fn() -> J>,
}

/// A promise of what `finish` makes of what `work` did.
pub(crate) fn job<T, J>(
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
    finish: fn(T) -> Outcome<J>,
) -> AsyncTask<Job<T, J>>
where
    T: Send + 'static,
    J: ToNapiValue + TypeName + 'static,
{
    AsyncTask::new(Job { work: Some(Box::new(work)), finish, made: PhantomData })
}

/// A promise of nothing but the end.
pub(crate) fn errand(
    work: impl FnOnce() -> Outcome<()> + Send + 'static,
) -> AsyncTask<Job<(), ()>> {
    job(work, Ok)
}

impl<T, J> Task for Job<T, J>
where
    T: Send + 'static,
    J: ToNapiValue + TypeName + 'static,
{
    type Output = Outcome<T>;
    type JsValue = J;

    fn compute(&mut self) -> napi::Result<Outcome<T>> {
        let again = || Err(Failure::new("internal", "", "a job was run twice"));
        Ok(self.work.take().map_or_else(again, caught))
    }

    fn resolve(&mut self, _: Env, output: Outcome<T>) -> napi::Result<J> {
        caught(|| (self.finish)(output?)).map_err(Failure::thrown)
    }
}

/// Bytes that become an `ArrayBuffer`.
pub struct Bytes(pub Vec<u8>);

impl TypeName for Bytes {
    fn type_name() -> &'static str {
        "ArrayBuffer"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Bytes {
    unsafe fn to_napi_value(env: sys::napi_env, bytes: Self) -> napi::Result<sys::napi_value> {
        let buffer = napi::bindgen_prelude::ArrayBuffer::from_data(&Env::from_raw(env), bytes.0)?;
        // SAFETY: `env` is the one this function was called with.
        unsafe { ToNapiValue::to_napi_value(env, buffer) }
    }
}
