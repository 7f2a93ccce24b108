//! The tape.
use crate::failure::Failure;
use crate::guard::{env, guard};
use crate::table::{get, get_option, put, put_tensor, replace, spent};
use napi::bindgen_prelude::{Function, FunctionRef};
use napi_derive::napi;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::thread;
use strata_ml::autograd::{self, Var};
use strata_ml::device::trace;
use strata_ml::tensor::Error;

/// Makes a leaf that wants a gradient, or a constant.
#[napi]
pub fn set_requires_grad(a: u32, wants: bool) -> napi::Result<()> {
    guard(|| {
        let var = get(a)?;
        let refuse =
            |why: &str| Err(Failure::new("graph", "requiresGrad", format!("requiresGrad: {why}")));
        let spent = spent(a)?.is_some();
        if var.requires_grad() == wants && !spent {
            return Ok(());
        }
        if (var.op().is_some() && var.requires_grad()) || spent {
            return refuse("only a leaf may change; this tensor was made by an op (detach() it)");
        }
        if var.name().is_some() {
            return refuse("a GPT's parameter keeps its gradient; leave it out of the optimizer");
        }
        if !var.value().dtype().is_float() && wants {
            return refuse(&format!("{} has no fractions, so no gradient", var.value().dtype()));
        }
        let value = var.value().clone();
        replace(a, if wants { Var::leaf(value) } else { Var::constant(value) }, None);
        Ok(())
    })
}

/// The same memory without a past.
#[napi]
pub fn detach(a: u32) -> napi::Result<u32> {
    guard(|| Ok(put(get(a)?.detach())))
}

/// Derivatives of this number (or of `grad` · this) with respect to every leaf behind it.
#[napi]
pub fn backward(a: u32, grad: u32, retain: bool) -> napi::Result<()> {
    guard(|| {
        let (var, grad) = (get(a)?, get_option(grad)?);
        if spent(a)?.is_some() {
            let message = "backward: the tape behind this tensor was walked already and let go; \
                           backward({ retainGraph: true }) keeps it for another walk";
            return Err(Failure::new("graph", "backward", message));
        }
        trace::on(|| match &grad {
            Some(grad) => var.backward_with(grad.value().clone()),
            None => var.backward(),
        })?;
        if let Some(op) = var.op().filter(|_| !retain) {
            replace(a, var.detach(), Some(op));
        }
        Ok(())
    })
}

/// The gradient; 0 if there is none.
#[napi]
pub fn grad(a: u32) -> napi::Result<u32> {
    guard(|| Ok(get(a)?.grad().map_or(0, put_tensor)))
}

/// Forgets the gradient.
#[napi]
pub fn zero_grad(a: u32) -> napi::Result<()> {
    guard(|| Ok(get(a)?.zero_grad()?))
}

/// Keeps an inner tensor's gradient.
#[napi]
pub fn retain_grad(a: u32) -> napi::Result<()> {
    guard(|| {
        get(a)?.retain_grad();
        Ok(())
    })
}

type Hook = FunctionRef<u32, u32>;

thread_local! {
    /// JavaScript's functions stay on its thread; what the tape holds is a key to this map.
    static HOOKS: RefCell<HashMap<u64, Rc<Hook>>> = RefCell::default();
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// A hook's key; given up when the tape that holds it goes.
struct Key {
    number: u64,
    home: thread::ThreadId,
}

impl Drop for Key {
    fn drop(&mut self) {
        // Elsewhere the map is another thread's. The function then stays until its thread ends.
        if thread::current().id() == self.home {
            // At a thread's very end the map may be gone already.
            let _ = HOOKS.try_with(|hooks| hooks.borrow_mut().remove(&self.number));
        }
    }
}

/// Another realm has taken over this thread. The last one's functions are gone with it; to let them
/// go in its name would be a call into nothing.
pub(crate) fn new_realm() {
    std::mem::forget(HOOKS.take());
}

/// What a hook of the package returns when it threw; the package keeps what was thrown.
const THREW: u32 = u32::MAX;

/// Calls `hook` with the complete gradient; what it returns takes its place, 0 leaves it.
#[napi]
pub fn hook(a: u32, hook: Function<u32, u32>) -> napi::Result<()> {
    let hook = hook.create_ref()?;
    guard(|| {
        let var = get(a)?;
        let key = Key { number: NEXT.replace(NEXT.get() + 1), home: thread::current().id() };
        HOOKS.with_borrow_mut(|hooks| hooks.insert(key.number, Rc::new(hook)));
        var.hook(move |grad| {
            // The whole key: it must live as long as the hook.
            let key = &key;
            let fail = |reason: &str| Error::value("hook", reason.to_string());
            if thread::current().id() != key.home {
                return Err(fail("hooks run on JavaScript's thread; this walk is on another"));
            }
            let hook = HOOKS.with_borrow(|hooks| hooks.get(&key.number).cloned());
            let (Some(hook), Some(env)) = (hook, env()) else {
                return Err(fail("the hook is gone"));
            };
            let called = hook.borrow_back(&env).and_then(|f| f.call(put_tensor(grad.clone())));
            match called {
                Ok(0) => Ok(None),
                Ok(THREW) => Err(fail("the hook threw")),
                Ok(instead) => {
                    get(instead).map(|v| Some(v.value().clone())).map_err(|e| fail(&e.message))
                }
                Err(error) => Err(fail(&error.reason)),
            }
        });
        Ok(())
    })
}

/// Runs `body` without a tape.
#[napi]
pub fn no_grad(body: Function<(), ()>) -> napi::Result<()> {
    guard(|| Ok(autograd::no_grad(|| body.call(()))))?
}

/// Whether ops go on the tape.
#[napi]
pub fn grad_enabled() -> napi::Result<bool> {
    guard(|| Ok(autograd::grad_enabled()))
}
