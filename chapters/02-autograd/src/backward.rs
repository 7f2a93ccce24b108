use crate::var::lock;
use crate::{Var, no_grad};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use strata_device::{Error as DeviceError, trace};
use strata_tensor::{DType, Error, Result, Tensor, ops};

/// Where an op's backward hands over its inputs' gradients.
pub struct Grads<'a> {
    inputs: &'a [Var],
    /// Gradients of inner variables that are still being gathered, and whether this walk made the
    /// tensor itself (then it may add to it in place).
    pending: &'a mut HashMap<u64, (Tensor, bool)>,
    later: &'a mut Vec<Later>,
}

/// A product for a parameter's gradient that need not be taken at once: `into += a·b`. Nothing of the
/// walk waits for it, so that many of them may become one launch.
#[derive(Clone, Debug)]
pub struct Product {
    /// The parameter's place in the arena: what [`Grads::target`] gave.
    pub into: Tensor,
    /// `[m, k]`, perhaps a transposed view.
    pub a: Tensor,
    /// `[k, n]`, as well.
    pub b: Tensor,
}

/// Takes products off the list, as many as it likes, and all of them where `last` says that the walk
/// is over.
pub type TakeProducts = fn(products: &mut Vec<Product>, last: bool) -> Result<()>;

/// What was put off, and who takes it.
type Later = (TakeProducts, Vec<Product>);

impl Grads<'_> {
    /// Leaves a product for later: `take` is called with all that were left to it, now and once more
    /// when the walk is over. While launches are traced it takes each at once, so that they are known
    /// by the variable they belong to.
    ///
    /// # Errors
    /// What `take` answers.
    pub fn put_off(&mut self, product: Product, take: TakeProducts) -> Result<()> {
        let same = |(other, _): &&mut Later| std::ptr::fn_addr_eq(*other, take);
        if let Some((_, list)) = self.later.iter_mut().find(same) {
            list.push(product);
            return take(list, trace::is_on());
        }
        let mut list = vec![product];
        take(&mut list, trace::is_on())?;
        self.later.push((take, list));
        Ok(())
    }

    /// Whether input `i` wants a gradient at all.
    pub fn wants(&self, i: usize) -> bool {
        self.inputs.get(i).is_some_and(Var::requires_grad)
    }

    /// The tensor that input `i`'s gradient is gathered in, if the op may accumulate (`+=`) into it
    /// itself: a parameter's place in the arena, unless a hook wants to see the gradient first, or it is
    /// kept in 16 bits, in which no kernel sums. Otherwise compute a gradient and [`add`](Self::add) it.
    pub fn target(&self, i: usize) -> Option<Tensor> {
        self.inputs.get(i).and_then(Var::open_slot).filter(|slot| slot.dtype() == DType::F32)
    }

    /// Hands over a gradient of input `i`; several for one input are summed.
    ///
    /// # Errors
    /// The gradient's shape is not the input's; the device fails.
    pub fn add(&mut self, i: usize, grad: Tensor) -> Result<()> {
        let Some(var) = self.inputs.get(i).filter(|v| v.requires_grad()) else { return Ok(()) };
        if grad.shape() != var.shape() {
            let reason = format!("the gradient of input {i} has another shape than the input");
            return Err(Error::shape("backward", &[grad.shape(), var.shape()], reason));
        }
        if let Some(slot) = var.open_slot() {
            return add_to(&slot, &grad);
        }
        match self.pending.get_mut(&var.id()) {
            None => {
                self.pending.insert(var.id(), (grad, false));
            }
            Some((sum, true)) => ops::accumulate(sum, &grad, 1.0)?,
            Some(entry) => *entry = (plus(&entry.0, &grad)?, true),
        }
        Ok(())
    }
}

impl Grads<'_> {
    /// Hands over the gradient of a part of input `i`, which `view` finds in a whole as the op did; the
    /// rest has none. Parts meet in one tensor: however many there are, they cost as much as the whole.
    pub(crate) fn add_part(
        &mut self,
        i: usize,
        grad: &Tensor,
        view: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<()> {
        let Some(var) = self.inputs.get(i).filter(|v| v.requires_grad()) else { return Ok(()) };
        let zeros = |dtype| Tensor::zeros(grad.device(), dtype, var.shape());
        if grad.dtype().size() == 2 {
            // A part of a 16-bit tensor cannot be written alone.
            let whole = zeros(DType::F32)?;
            ops::copy_into(&grad.cast(DType::F32)?, &view(&whole)?)?;
            return self.add(i, whole.cast(grad.dtype())?);
        }
        let add = |whole: &Tensor| {
            let part = view(whole)?;
            ops::copy_into(&part.add(grad)?, &part)
        };
        let slot = var.open_slot();
        if let Some(slot) = slot.as_ref().filter(|slot| slot.dtype() == grad.dtype()) {
            return add(slot);
        }
        if slot.is_some() {
            let whole = zeros(grad.dtype())?;
            ops::copy_into(grad, &view(&whole)?)?;
            return self.add(i, whole);
        }
        let whole = match self.pending.remove(&var.id()) {
            None => {
                let whole = zeros(grad.dtype())?;
                ops::copy_into(grad, &view(&whole)?)?;
                whole
            }
            Some((sum, own)) => {
                let sum = if own { sum } else { ops::copy(&sum)? };
                add(&sum)?;
                sum
            }
        };
        self.pending.insert(var.id(), (whole, true));
        Ok(())
    }
}

/// The sum of two gradients, taken in f32 and kept in their own dtype.
fn plus(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match a.add(b) {
        // Two dtypes, or a machine whose kernels know f32 alone.
        Err(Error::DType { .. } | Error::Device(DeviceError::DType { .. })) => {
            a.cast(DType::F32)?.add(&b.cast(DType::F32)?)?.cast(a.dtype())
        }
        sum => sum,
    }
}

/// Adds a gradient to one that is kept. It has memory of its own: ops hand one tensor to several
/// inputs, the caller has the seed, and who holds the gradient may write to it. What comes later is
/// added in place, so that whoever holds it sees it.
fn gather(held: &mut Option<Tensor>, grad: &Tensor) -> Result<()> {
    let Some(sum) = held else {
        *held = Some(ops::copy(grad)?);
        return Ok(());
    };
    add_to(sum, grad)
}

/// `sum += grad`, where the gradient may lie in the same memory: a kernel must not.
fn add_to(sum: &Tensor, grad: &Tensor) -> Result<()> {
    match sum.buffer().same(grad.buffer()) {
        true => ops::accumulate(sum, &ops::copy(grad)?, 1.0),
        false => ops::accumulate(sum, grad, 1.0),
    }
}

impl Var {
    /// Derivatives of this one-element variable with respect to every leaf behind it, added to the
    /// leaves' gradients.
    ///
    /// # Errors
    /// More than one element (use [`backward_with`](Self::backward_with)); an op's backward fails.
    pub fn backward(&self) -> Result<()> {
        self.clone().into_backward()
    }

    /// [`backward`](Self::backward) that takes the tape with it: what an op kept for the walk is free as
    /// soon as the walk has passed, unless somebody else holds it. Most of what a training step makes on
    /// the way back then lies where the way there has lain.
    ///
    /// # Errors
    /// As [`backward`](Self::backward).
    pub fn into_backward(self) -> Result<()> {
        if self.value().numel() != 1 {
            let reason = "backward starts from one number; sum or mean it first, \
                          or give a gradient to backward_with";
            return Err(Error::shape("backward", &[self.shape()], reason));
        }
        let seed = self.value().ones_like()?;
        self.into_backward_with(seed)
    }

    /// [`into_backward`](Self::into_backward) from a given gradient of this variable.
    ///
    /// # Errors
    /// As [`backward_with`](Self::backward_with).
    pub fn into_backward_with(self, grad: Tensor) -> Result<()> {
        if grad.shape() != self.shape() {
            let reason = "the gradient has another shape than the variable";
            return Err(Error::shape("backward", &[grad.shape(), self.shape()], reason));
        }
        if !self.requires_grad() {
            let reason = "nothing behind this variable wants a gradient: it is a constant, or was \
                          computed under no_grad";
            return Err(Error::value("backward", reason));
        }
        no_grad(|| self.walk(grad))
    }

    /// [`backward`](Self::backward) from a given gradient of this variable.
    ///
    /// # Errors
    /// The gradient's shape is not this variable's; an op's backward fails.
    pub fn backward_with(&self, grad: Tensor) -> Result<()> {
        self.clone().into_backward_with(grad)
    }

    fn walk(self, grad: Tensor) -> Result<()> {
        let mut pending = HashMap::from([(self.id(), (grad, false))]);
        let mut later = Vec::new();
        let mut order = self.topological();
        drop(self);
        // Each goes at the end of its turn, and with it what it kept, if nobody else holds it.
        while let Some(var) = order.pop() {
            let Some((mut grad, _)) = pending.remove(&var.id()) else { continue };
            let hooks = lock(&var.0.hooks);
            if !hooks.is_empty() {
                // A hook may keep what it sees, or write to it; others may share it.
                grad = ops::copy(&grad)?;
            }
            for hook in hooks.iter() {
                grad = hook(&grad)?.unwrap_or(grad);
            }
            drop(hooks);
            // What was launched before is the caller's or a hook's, not this op's.
            drop(trace::drain());
            match &var.0.node {
                Some(node) => {
                    if var.0.retain.load(Ordering::Relaxed) {
                        gather(&mut lock(&var.0.grad), &grad)?;
                    }
                    let (pending, later) = (&mut pending, &mut later);
                    let mut grads = Grads { inputs: &node.inputs, pending, later };
                    (node.backward)(&grad, &mut grads)?;
                }
                None => var.take_in(grad)?,
            }
            if trace::is_on() {
                *lock(&var.0.backward_launches) = trace::drain();
            }
        }
        later.iter_mut().try_for_each(|(take, products)| take(products, true))
    }

    /// The parameter's place in the arena, where nobody stands between it and its gradient.
    fn open_slot(&self) -> Option<Tensor> {
        self.0.slot.clone().filter(|_| lock(&self.0.hooks).is_empty())
    }

    /// Adds a complete gradient to a leaf's own.
    fn take_in(&self, grad: Tensor) -> Result<()> {
        if let Some(slot) = &self.0.slot {
            return add_to(slot, &grad);
        }
        gather(&mut lock(&self.0.grad), &grad)
    }

    /// Every variable behind this one that wants a gradient, inputs before what was made of them.
    pub(crate) fn topological(&self) -> Vec<Var> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        // A loop with a stack of its own: a tape may be deeper than the thread's stack.
        let mut stack = vec![(self.clone(), false)];
        while let Some((var, done)) = stack.pop() {
            if done {
                order.push(var);
            } else if var.requires_grad() && seen.insert(var.id()) {
                stack.push((var.clone(), true));
                stack.extend(var.inputs().iter().map(|input| (input.clone(), false)));
            }
        }
        order
    }
}
