//! The idea of this chapter in sixty lines: a tape of numbers. `cargo run -p strata-autograd --example
//! scalar` runs it.
//!
//! A value remembers what it was made from, and beside each input the slope of itself by that input. That
//! is all the way back needs: take the values in reverse topological order, so that each comes after
//! everybody who used it and its gradient is complete; then hand every input that gradient times the slope.
//! A `Var` keeps a function in the place of the slope, since the slopes of a tensor by a tensor are many.
use std::cell::Cell;
use std::collections::HashSet;
use std::ops::{Add, Mul};
use std::rc::Rc;

/// A number with a past. Clones are the same value.
#[derive(Clone)]
pub(crate) struct Value(Rc<Inner>);

struct Inner {
    data: f64,
    grad: Cell<f64>,
    /// The inputs, and the slope by each.
    from: Vec<(Value, f64)>,
}

impl Value {
    pub(crate) fn new(data: f64) -> Self {
        Value::made(data, Vec::new())
    }

    fn made(data: f64, from: Vec<(Value, f64)>) -> Self {
        Value(Rc::new(Inner { data, grad: Cell::new(0.0), from }))
    }

    pub(crate) fn data(&self) -> f64 {
        self.0.data
    }

    pub(crate) fn grad(&self) -> f64 {
        self.0.grad.get()
    }

    pub(crate) fn tanh(&self) -> Value {
        let y = self.data().tanh();
        Value::made(y, vec![(self.clone(), 1.0 - y * y)])
    }

    /// Adds to every value on the way its slope of this one.
    pub(crate) fn backward(&self) {
        let (mut order, mut seen) = (Vec::new(), HashSet::new());
        self.visit(&mut seen, &mut order);
        self.0.grad.set(1.0);
        for value in order.iter().rev() {
            for (input, slope) in &value.0.from {
                input.0.grad.set(input.grad() + value.grad() * slope);
            }
        }
    }

    /// Inputs first: whatever stands in the list stands after all it was made from.
    fn visit(&self, seen: &mut HashSet<*const Inner>, order: &mut Vec<Value>) {
        if seen.insert(Rc::as_ptr(&self.0)) {
            self.0.from.iter().for_each(|(input, _)| input.visit(seen, order));
            order.push(self.clone());
        }
    }
}

impl Add for &Value {
    type Output = Value;

    fn add(self, other: &Value) -> Value {
        Value::made(self.data() + other.data(), vec![(self.clone(), 1.0), (other.clone(), 1.0)])
    }
}

impl Mul for &Value {
    type Output = Value;

    fn mul(self, other: &Value) -> Value {
        let from = vec![(self.clone(), other.data()), (other.clone(), self.data())];
        Value::made(self.data() * other.data(), from)
    }
}

fn main() {
    let [x, w, b] = [0.5, -1.5, 0.25].map(Value::new);
    // x is used twice, so what both uses say about it adds up.
    let y = &(&(&x * &w) + &b).tanh() * &x;
    y.backward();
    println!("y = {:.6}", y.data());
    for (name, value) in [("x", &x), ("w", &w), ("b", &b)] {
        println!("dy/d{name} = {:.6}", value.grad());
    }
}
