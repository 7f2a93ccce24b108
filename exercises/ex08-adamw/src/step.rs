//! One step of AdamW, on the CPU, over plain slices.
#![allow(unused, unreachable_code, clippy::all)]

/// What a step needs to know besides the numbers it works on.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Learning rate.
    pub lr: f32,
    /// Memory of the two moments. They are f64 because 1 - beta is needed too: 1 - 0.999 in f32 is
    /// wrong from the fifth digit on.
    pub betas: (f64, f64),
    /// Keeps the division finite.
    pub eps: f32,
    /// Weight decay, decoupled: it never passes through the moments.
    pub decay: f32,
}

/// Moves the parameters `p` one step against their gradients `g`, and brings their moments `m` and
/// `v` up to date. All four slices are equally long. `step` counts from 1; before step 1 the moments
/// are 0.
pub fn step(rule: &Rule, step: u32, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let (beta1, beta2) = rule.betas;
    // TODO, about 9 lines: Work out what is the same for all elements in f64. Then, for
    //   each element: both moments, the decay, and the step by the corrected moments.
    todo!("one step of AdamW")
}
