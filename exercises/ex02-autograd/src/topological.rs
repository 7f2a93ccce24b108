//! The walk back over the tape.
//!
//! A tape is a graph: every node knows the nodes it was made from. A node may be used twice, and then
//! two gradients arrive at it; it may pass on what it has only when both are there. So the walk needs
//! an order in which every node comes after all those that use it, and has to visit each just once,
//! however many ways lead there.
#![allow(unused, unreachable_code, clippy::all)]

use std::collections::{HashMap, HashSet};

/// What a node was made from: for each use of an input, the input's number and the slope along that
/// use. Leaves were made from nothing. A node that was used twice is listed twice.
pub type Inputs<'a> = &'a dyn Fn(usize) -> Vec<(usize, f64)>;

/// Every node that the root was made from, directly or not, and the root itself: each once, and inputs
/// before what was made from them. The numbers of the nodes say nothing about their order.
///
/// A tape may be 100,000 nodes deep, which no thread's stack is.
pub fn order(root: usize, inputs: Inputs<'_>) -> Vec<usize> {
    let mut order = Vec::new();
    // TODO, about 11 lines: Walk down to the inputs, and push a node when all of its inputs
    //   have been pushed. Keep a stack of your own, and remember who was there.
    todo!("walk, without calling order again");
    order
}

/// How far the root moves when a node moves, for every node in the root's [`order`].
pub fn backward(root: usize, inputs: Inputs<'_>) -> HashMap<usize, f64> {
    let mut gradients = HashMap::from([(root, 1.0)]);
    // TODO, about 6 lines: From the root on, let each node hand its gradient to its inputs.
    todo!("go through the order backwards");
    gradients
}
