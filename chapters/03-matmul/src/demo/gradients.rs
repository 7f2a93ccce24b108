use crate::linear;
use std::error::Error;
use std::io::Write;
use strata_autograd::{Var, check_gradients};
use strata_device::{Device, Settings};
use strata_tensor::Tensor;

/// Checks the gradients of a small linear layer: by the tape, and by wiggling each number. Always on
/// the CPU, so that it says the same everywhere.
pub(super) fn gradients(out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let device = Device::open("cpu", Settings::default())?;
    let shapes: [(&str, &[usize]); 3] = [("x", &[2, 3]), ("W", &[3, 2]), ("b", &[2])];
    let mut inputs = Vec::new();
    for (seed, (_, shape)) in shapes.iter().enumerate() {
        inputs.push(Tensor::randn(&device, shape, seed as u64)?);
    }
    // With weights that all differ, a gradient with its rows and columns mixed up cannot pass.
    let weights = Var::constant(Tensor::randn(&device, &[2, 2], 9)?);
    let loss = |v: &[Var]| linear(&v[0], &v[1], Some(&v[2]))?.mul(&weights)?.sum(&[0, 1], false);
    writeln!(out, "\nGradients of y = x·W + b, the worst element of each:\n")?;
    writeln!(out, "  {:<10} {:>12} {:>12} {:>10}", "", "by the tape", "by wiggling", "apart")?;
    for check in check_gradients(loss, &inputs, 1e-2)? {
        let (name, shape) = shapes[check.input];
        let at = match shape {
            [_, width] => format!("{}, {}", check.index / width, check.index % width),
            _ => check.index.to_string(),
        };
        let (name, apart) = (format!("d{name}[{at}]"), (check.tape - check.numeric).abs());
        writeln!(out, "  {name:<10} {:>12.6} {:>12.6} {apart:>10.0e}", check.tape, check.numeric)?;
    }
    Ok(())
}
