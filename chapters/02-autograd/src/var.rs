use crate::{Grads, grad_enabled};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use strata_device::trace::{self, Traced};
use strata_device::{MaybeSend, MaybeSync};
use strata_tensor::{Result, Tensor};

#[cfg(not(target_family = "wasm"))]
pub(crate) type Backward = Box<dyn Fn(&Tensor, &mut Grads) -> Result<()> + Send + Sync>;
#[cfg(not(target_family = "wasm"))]
type Hook = Box<dyn Fn(&Tensor) -> Result<Option<Tensor>> + Send + Sync>;
// In a page tensors live on one thread, and so do closures that hold them.
#[cfg(target_family = "wasm")]
pub(crate) type Backward = Box<dyn Fn(&Tensor, &mut Grads) -> Result<()>>;
#[cfg(target_family = "wasm")]
type Hook = Box<dyn Fn(&Tensor) -> Result<Option<Tensor>>>;

/// How a variable was made.
pub(crate) struct Node {
    pub op: &'static str,
    pub inputs: Vec<Var>,
    pub backward: Backward,
}

pub(crate) struct Inner {
    pub id: u64,
    pub value: Tensor,
    pub name: Option<String>,
    pub requires_grad: bool,
    /// The gradient's place in the arena, for parameters.
    pub slot: Option<Tensor>,
    pub node: Option<Node>,
    /// What computed the value, under a trace.
    pub launches: Vec<Traced>,
    /// What the last walk did here, under a trace.
    pub backward_launches: Mutex<Vec<Traced>>,
    pub grad: Mutex<Option<Tensor>>,
    pub retain: AtomicBool,
    pub hooks: Mutex<Vec<Hook>>,
}

/// A tensor with a place on the tape. Clones are the same variable.
#[derive(Clone)]
pub struct Var(pub(crate) Arc<Inner>);

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Var {
    fn build(
        value: Tensor,
        name: Option<String>,
        requires_grad: bool,
        slot: Option<Tensor>,
        node: Option<Node>,
        launches: Vec<Traced>,
    ) -> Self {
        Var(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            value,
            name,
            requires_grad,
            slot,
            node,
            launches,
            backward_launches: Mutex::default(),
            grad: Mutex::default(),
            retain: AtomicBool::new(false),
            hooks: Mutex::default(),
        }))
    }

    /// A leaf that wants a gradient.
    pub fn leaf(value: Tensor) -> Self {
        Var::build(value, None, true, None, None, Vec::new())
    }

    /// A leaf that wants none: data.
    pub fn constant(value: Tensor) -> Self {
        Var::build(value, None, false, None, None, Vec::new())
    }

    /// A named leaf whose gradient is accumulated in place into `slot`: a parameter.
    pub fn parameter(name: &str, value: Tensor, slot: Tensor) -> Self {
        Var::build(value, Some(name.into()), true, Some(slot), None, Vec::new())
    }

    /// What an op returns: its value, and how to get the inputs' gradients from the value's.
    ///
    /// `backward` is called with the complete gradient of `value` and a [`Grads`] to hand the
    /// inputs' gradients to. It should hold tensors, not `Var`s. The tape already holds the inputs;
    /// any other `Var` would keep all that it was made of alive, and get no gradient; and the op's
    /// own result, put there later through a cell, would hold itself and never be freed.
    ///
    /// Without a tape (no input wants a gradient, or [`no_grad`](crate::no_grad)) the result is a
    /// constant.
    pub fn from_op(
        op: &'static str,
        value: Tensor,
        inputs: &[&Var],
        backward: impl Fn(&Tensor, &mut Grads) -> Result<()> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        // Also without a tape: notes that stay would be taken for those of the next op.
        let launches = trace::drain();
        if !grad_enabled() || !inputs.iter().any(|v| v.requires_grad()) {
            return Var::build(value, None, false, None, None, launches);
        }
        let inputs = inputs.iter().map(|&v| v.clone()).collect();
        let node = Node { op, inputs, backward: Box::new(backward) };
        Var::build(value, None, true, None, Some(node), launches)
    }

    /// The tensor.
    pub fn value(&self) -> &Tensor {
        &self.0.value
    }

    /// The tensor's shape.
    pub fn shape(&self) -> &[usize] {
        self.0.value.shape()
    }

    /// A number no other variable of this process has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The parameter's name, if it is one.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The op that made it; `None` for a leaf.
    pub fn op(&self) -> Option<&'static str> {
        self.0.node.as_ref().map(|n| n.op)
    }

    /// The variables it was made from.
    pub fn inputs(&self) -> &[Var] {
        self.0.node.as_ref().map_or(&[], |n| &n.inputs)
    }

    /// Whether a gradient flows to it.
    pub fn requires_grad(&self) -> bool {
        self.0.requires_grad
    }

    /// The gradient, once [`backward`](Self::backward) has been here: of leaves, and of inner
    /// variables that were asked to [`retain_grad`](Self::retain_grad).
    pub fn grad(&self) -> Option<Tensor> {
        self.0.slot.clone().or_else(|| lock(&self.0.grad).clone())
    }

    /// Forgets the gradient; a parameter's slot is set to zero.
    pub fn zero_grad(&self) -> Result<()> {
        *lock(&self.0.grad) = None;
        self.0.slot.as_ref().map_or(Ok(()), |slot| strata_tensor::ops::fill_bits(slot, 0))
    }

    /// The launches that computed its value, if it was computed under a
    /// [trace](strata_device::trace); none for a leaf. They keep the memory that they used, and go
    /// with the variable.
    pub fn launches(&self) -> &[Traced] {
        &self.0.launches
    }

    /// The launches that the last [`backward`](Self::backward) under a trace made here: for an op's
    /// result those that computed its inputs' gradients, for a leaf those that added its gradient
    /// up.
    pub fn backward_launches(&self) -> Vec<Traced> {
        lock(&self.0.backward_launches).clone()
    }

    /// Keeps this inner variable's gradient for inspection.
    pub fn retain_grad(&self) {
        self.0.retain.store(true, Ordering::Relaxed);
    }

    /// Calls `hook` with this variable's gradient once it is complete; what the hook returns takes
    /// its place (`None` leaves it as it is). Hooks run in the order they were added.
    pub fn hook(
        &self,
        hook: impl Fn(&Tensor) -> Result<Option<Tensor>> + MaybeSend + MaybeSync + 'static,
    ) {
        lock(&self.0.hooks).push(Box::new(hook));
    }

    /// The same value without its past.
    pub fn detach(&self) -> Var {
        Var::constant(self.0.value.clone())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A long tape is a long chain of `Arc`s; dropping it link by link in the usual way would recurse
/// once a link and overflow the stack. This takes the chain apart in a loop.
impl Drop for Inner {
    fn drop(&mut self) {
        let mut waiting = self.node.take().map(|n| n.inputs).unwrap_or_default();
        while let Some(var) = waiting.pop() {
            if let Some(mut inner) = Arc::into_inner(var.0) {
                waiting.extend(inner.node.take().map(|n| n.inputs).unwrap_or_default());
            }
        }
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.name().or(self.op()).unwrap_or("leaf");
        write!(f, "Var(#{} {made}, {:?})", self.id(), self.value())
    }
}
