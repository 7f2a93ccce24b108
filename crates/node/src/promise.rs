//! Work off JavaScript's thread, as a promise.
use crate::guard::{guard, thrown};
use napi::bindgen_prelude::{AsyncTask, Object, ToNapiValue, TypeName};
use napi::{Env, Task};
use std::thread;
use strata_bindings::{Error, Finish, Job, Result, catch_panic};

/// A job for the runtime's pool.
pub struct Promised<N>(Option<Job<N>>);

/// A promise of what a job gives.
pub(crate) fn promise<J: 'static, N>(
    start: impl FnOnce() -> Result<Job<J>>,
) -> napi::Result<AsyncTask<Promised<N>>>
where
    N: From<J> + ToNapiValue + TypeName + 'static,
{
    guard(|| Ok(AsyncTask::new(Promised(Some(start()?.map(N::from))))))
}

/// The work of a job, to its end. A panic on a thread of the pool would end the process.
fn work<N: 'static>(job: Job<N>) -> Result<Finish<N>> {
    catch_panic(|| pollster::block_on(job.work()))
}

impl<N: ToNapiValue + TypeName + 'static> Task for Promised<N> {
    type Output = Result<Finish<N>>;
    type JsValue = N;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let again = || Err(Error::new("internal", "", "a job was run twice"));
        Ok(self.0.take().map_or_else(again, work))
    }

    fn resolve(&mut self, _: Env, done: Self::Output) -> napi::Result<N> {
        catch_panic(|| done?()).map_err(thrown)
    }
}

/// A promise of what a job gives that takes hours: it gets a thread of its own.
pub(crate) fn on_own_thread<'env, N: ToNapiValue + Send + 'static>(
    env: &'env Env,
    name: &str,
    start: impl FnOnce() -> Result<Job<N>>,
) -> napi::Result<Object<'env>> {
    let job = guard(start)?;
    let (deferred, promise) = env.create_deferred()?;
    let run = move || {
        let done = work(job);
        deferred.resolve(move |_| catch_panic(|| done?()).map_err(thrown));
    };
    guard(|| {
        let started = thread::Builder::new().name(format!("strata-{name}")).spawn(run);
        started.map_err(|e| Error::new("internal", name, format!("{name}: no thread: {e}")))
    })
    .map(|_: thread::JoinHandle<()>| promise)
}
