use crate::Var;
use strata_tensor::{Result, Tensor};

/// What [`check_gradients`] found for one input.
#[derive(Clone, Debug)]
pub struct GradCheck {
    /// Which input.
    pub input: usize,
    /// The element with the largest difference.
    pub index: usize,
    /// Its derivative by the tape.
    pub tape: f32,
    /// Its derivative by a central difference.
    pub numeric: f32,
    /// The largest |tape - numeric| over the largest |numeric|.
    pub error: f32,
}

/// Compares the tape's gradients of `f` (which returns one number) with central differences
/// (f(x+ε) - f(x-ε)) / 2ε, element by element: slow, and the best test there is. In f32 an ε
/// near 1e-2 balances truncation against rounding; expect errors near 1e-3.
///
/// # Errors
/// `f` fails, or the device does.
pub fn check_gradients(
    f: impl Fn(&[Var]) -> Result<Var>,
    inputs: &[Tensor],
    epsilon: f32,
) -> Result<Vec<GradCheck>> {
    let leaves: Vec<Var> = inputs.iter().cloned().map(Var::leaf).collect();
    f(&leaves)?.backward()?;
    let mut found = Vec::with_capacity(inputs.len());
    for (i, input) in inputs.iter().enumerate() {
        let tape = match leaves[i].grad() {
            Some(grad) => grad.to_vec::<f32>()?,
            None => vec![0.0; input.numel()],
        };
        let start = input.to_vec::<f32>()?;
        let mut check = GradCheck { input: i, index: 0, tape: 0.0, numeric: 0.0, error: 0.0 };
        let (mut worst, mut largest) = (-1.0, 0f32);
        for j in 0..start.len() {
            // region: difference
            let at = |value: f32| -> Result<f32> {
                let mut moved = start.clone();
                moved[j] = value;
                let moved = Tensor::from_slice(input.device(), &moved, input.shape())?;
                let vars: Vec<Var> = (0..inputs.len())
                    .map(|k| Var::constant(if k == i { moved.clone() } else { inputs[k].clone() }))
                    .collect();
                f(&vars)?.value().item()
            };
            let numeric = (at(start[j] + epsilon)? - at(start[j] - epsilon)?) / (2.0 * epsilon);
            // end: difference
            largest = largest.max(numeric.abs());
            // A NaN must be found, not skipped: it is the worst difference of all.
            let difference = (tape[j] - numeric).abs();
            if difference.is_nan() || difference > worst {
                worst = difference;
                (check.index, check.tape, check.numeric) = (j, tape[j], numeric);
            }
        }
        check.error = worst.max(0.0) / largest.max(1e-6);
        if worst.is_nan() {
            check.error = f32::NAN;
        }
        found.push(check);
    }
    Ok(found)
}
