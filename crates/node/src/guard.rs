//! The border itself: outcomes become values or thrown errors, panics become errors too.
use napi::bindgen_prelude::{Function, FunctionRef, Unknown};
use napi::{Env, Status, sys};
use napi_derive::napi;
use std::cell::RefCell;
use strata_bindings::{Error, Result, catch_panic, new_realm, set_collector};

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
        new_realm();
    }
    set_collector(|bytes| {
        // A runtime that does not listen collects by its own lights.
        let _ = self::env().map(|env| env.adjust_external_memory(bytes));
    });
    Ok(())
}

/// The runtime's handle of this thread, once [`set_error_class`] was called.
pub(crate) fn env() -> Option<Env> {
    HOME.with_borrow(|home| home.as_ref().map(|(raw, _)| Env::from_raw(*raw)))
}

/// An error as the runtime throws it: an instance of the package's class.
pub(crate) fn thrown(error: Error) -> napi::Error {
    let plain = napi::Error::new(Status::GenericFailure, error.message.clone());
    HOME.with_borrow(|home| {
        let Some((raw, class)) = home else { return plain };
        let env = Env::from_raw(*raw);
        let words = (error.code.to_string(), error.message, error.op);
        let made = class.borrow_back(&env).and_then(|class| class.new_instance(words.into()));
        made.map_or(plain, |error: Unknown| error.into())
    })
}

/// Runs the body of an exported function, and makes of its outcome what JavaScript gets.
pub(crate) fn guard<T, N: From<T>>(body: impl FnOnce() -> Result<T>) -> napi::Result<N> {
    catch_panic(body).map(N::from).map_err(thrown)
}
