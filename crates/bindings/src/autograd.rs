//! The tape.
use crate::Result;
use crate::engine::autograd::{self, Var};
use crate::engine::device::trace;
use crate::engine::tensor;
use crate::table::{freed_op, get, get_option, put, put_tensor, replace};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::thread;

exports! { ($) autograd_functions
    now {
        set_requires_grad: (a: Handle, wants: bool) -> Unit;
        detach, grad: (a: Handle) -> Handle;
        backward: (a: Handle, grad: Handle, retain: bool) -> Unit;
        zero_grad, retain_grad: (a: Handle) -> Unit;
        grad_enabled: () -> bool;
        graph: (a: Handle) -> Graph;
    }
}

/// Makes a leaf that wants a gradient, or a constant.
pub fn set_requires_grad(a: u32, wants: bool) -> Result<()> {
    let var = get(a)?;
    let refuse = |why: &str| Err(error!("graph", "requiresGrad", "{why}"));
    let freed = freed_op(a)?.is_some();
    if var.requires_grad() == wants && !freed {
        return Ok(());
    }
    if (var.op().is_some() && var.requires_grad()) || freed {
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
}

/// The same memory without a past.
pub fn detach(a: u32) -> Result<u32> {
    Ok(put(get(a)?.detach()))
}

/// Derivatives of this number (or of `grad` · this) with respect to every leaf behind it.
pub fn backward(a: u32, grad: u32, retain: bool) -> Result<()> {
    let (var, grad) = (get(a)?, get_option(grad)?);
    if freed_op(a)?.is_some() {
        return Err(error!(
            "graph",
            "backward",
            "the tape behind this tensor was walked already and let go; \
             backward({{ retainGraph: true }}) keeps it for another walk"
        ));
    }
    trace::on(|| match &grad {
        Some(grad) => var.backward_with(grad.value().clone()),
        None => var.backward(),
    })?;
    if let Some(op) = var.op().filter(|_| !retain) {
        replace(a, var.detach(), Some(op));
    }
    Ok(())
}

/// The gradient; 0 if there is none.
pub fn grad(a: u32) -> Result<u32> {
    Ok(get(a)?.grad().map_or(0, put_tensor))
}

/// Forgets the gradient.
pub fn zero_grad(a: u32) -> Result<()> {
    Ok(get(a)?.zero_grad()?)
}

/// Keeps an inner tensor's gradient.
pub fn retain_grad(a: u32) -> Result<()> {
    get(a)?.retain_grad();
    Ok(())
}

/// What a hook gives: a tensor for the gradient's place, 0 to leave it, or why it failed.
type Hook = dyn Fn(u32) -> std::result::Result<u32, String>;

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

/// The functions of the last realm are gone with it; to let them go in its name would be a call into
/// nothing.
pub(crate) fn forget_hooks() {
    std::mem::forget(HOOKS.take());
}

/// Calls `hook` with a number for the complete gradient; what it returns takes its place.
pub fn hook(
    a: u32,
    hook: impl Fn(u32) -> std::result::Result<u32, String> + 'static,
) -> Result<()> {
    let var = get(a)?;
    let key = Key { number: NEXT.replace(NEXT.get() + 1), home: thread::current().id() };
    HOOKS.with_borrow_mut(|hooks| hooks.insert(key.number, Rc::new(hook)));
    var.hook(move |grad| {
        // The whole key: it must live as long as the hook.
        let key = &key;
        let fail = |reason: String| tensor::Error::value("hook", reason);
        if thread::current().id() != key.home {
            let reason = "hooks run on JavaScript's thread; this walk is on another";
            return Err(fail(reason.into()));
        }
        let Some(hook) = HOOKS.with_borrow(|hooks| hooks.get(&key.number).cloned()) else {
            return Err(fail("the hook is gone".into()));
        };
        match hook(put_tensor(grad.clone())).map_err(fail)? {
            0 => Ok(None),
            instead => get(instead).map(|v| Some(v.value().clone())).map_err(|e| fail(e.message)),
        }
    });
    Ok(())
}

/// Runs `body` without a tape.
pub fn no_grad<T>(body: impl FnOnce() -> T) -> T {
    autograd::no_grad(body)
}

/// Whether ops go on the tape.
pub fn grad_enabled() -> Result<bool> {
    Ok(autograd::grad_enabled())
}
