//! The border itself: outcomes become values or thrown errors, panics become errors too.
use crate::failure::{Failure, Outcome};
use napi::bindgen_prelude::{Function, FunctionRef, Unknown};
use napi::{Env, Status, sys};
use napi_derive::napi;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

type ErrorClass = FunctionRef<Words, ()>;
type Words = napi::bindgen_prelude::FnArgs<(String, String, String)>;

thread_local! {
    /// The runtime's handle of this thread, and the class that errors are made of there.
    static HOME: RefCell<Option<(sys::napi_env, ErrorClass)>> = const { RefCell::new(None) };
}

/// Hands over the class that errors are made of. The package calls it before anything else.
#[napi]
pub fn set_error_class(env: Env, error_class: Function<Words, ()>) -> napi::Result<()> {
    let class = error_class.create_ref()?;
    if let Some((before, old)) = HOME.replace(Some((env.raw(), class)))
        && before != env.raw()
    {
        // Some runtimes run one realm after another on a thread. What belonged to the last one is
        // gone with it.
        std::mem::forget(old);
        crate::table::new_realm();
        crate::autograd::new_realm();
    }
    Ok(())
}

/// The runtime's handle of this thread, once [`set_error_class`] was called.
pub(crate) fn env() -> Option<Env> {
    HOME.with_borrow(|home| home.as_ref().map(|(raw, _)| Env::from_raw(*raw)))
}

impl Failure {
    /// As an error that the runtime throws: an instance of the package's class.
    pub fn thrown(self) -> napi::Error {
        let plain = napi::Error::new(Status::GenericFailure, self.message.clone());
        HOME.with_borrow(|home| {
            let Some((raw, class)) = home else { return plain };
            let env = Env::from_raw(*raw);
            let words = (self.code.to_string(), self.message, self.op);
            let made = class.borrow_back(&env).and_then(|class| class.new_instance(words.into()));
            made.map_or(plain, |error: Unknown| error.into())
        })
    }
}

/// Runs the body of an exported function.
pub(crate) fn guard<T>(body: impl FnOnce() -> Outcome<T>) -> napi::Result<T> {
    caught(body).map_err(Failure::thrown)
}

/// A panic as an outcome: on a thread of the runtime's pool it would end the process.
pub(crate) fn caught<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    // What the body borrowed is either gone with it or behind locks that shrug off poison.
    let done = catch_unwind(AssertUnwindSafe(body));
    done.unwrap_or_else(|payload| Err(Failure::panic(&*payload)))
}
