use crate::{cross_entropy_backward, cross_entropy_forward, log_softmax_forward, softmax_forward};
use std::error::Error;
use std::io::Write;
use std::time::Instant;
use strata_device::Device;
use strata_tensor::{Result, Tensor, ops};

/// Shows what a temperature does to probabilities, and what fusing saves at a vocabulary of 4096.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    let words = ["mill", "river", "fox", "bell", "lantern"];
    let scores = [2.0f32, 1.4, 0.3, -0.5, -2.0];
    let x = Tensor::from_slice(device, &scores, &[5])?;
    for temperature in [0.5f32, 1.0, 2.0] {
        let p = softmax_forward(&x.affine(1.0 / temperature, 0.0)?)?.to_vec::<f32>()?;
        writeln!(out, "softmax(scores / {temperature})")?;
        for (word, p) in words.iter().zip(&p) {
            let bar = "#".repeat((40.0 * p).round() as usize);
            let surprise = -p.ln();
            writeln!(out, "  {word:<8} {:5.1} %  surprise {surprise:4.2} nats  {bar}", 100.0 * p)?;
        }
    }

    let (rows, vocabulary) = (1024, 4096);
    let logits = Tensor::randn(device, &[rows, vocabulary], 1)?;
    let targets: Vec<u32> = (0..rows as u32).map(|r| r * 2_654_435 % vocabulary as u32).collect();
    let targets = Tensor::from_slice(device, &targets, &[rows])?;
    let loss = cross_entropy_forward(&logits, &targets)?;
    let one = Tensor::ones(device, &[])?;
    writeln!(out, "\n{rows} rows of {vocabulary} random scores on {}", device.info().label())?;
    let mean: f32 = loss.mean.item()?;
    let even = (vocabulary as f32).ln();
    writeln!(out, "  loss {mean:.3} nats; equal chances would cost ln {vocabulary} = {even:.3}")?;
    let copy = time(device, || ops::copy(&logits))?;
    let stored = time(device, || {
        // Probabilities in memory: log-softmax, then its exponential for the gradient.
        log_softmax_forward(&logits)?.exp()
    })?;
    let forward = time(device, || cross_entropy_forward(&logits, &targets).map(|l| l.mean))?;
    let backward = time(device, || cross_entropy_backward(&logits, &targets, &loss, &one, 1.0))?;
    let line = |name: &str, t: f64| format!("  {name:<44} {:>8.3} ms", t * 1e3);
    writeln!(out, "{}", line("a copy of the scores", copy))?;
    writeln!(out, "{}", line("log-softmax, stored, and its exponential", stored))?;
    writeln!(out, "{}", line("cross-entropy forward, fused", forward))?;
    writeln!(out, "{}", line("cross-entropy backward, fused", backward))?;
    Ok(())
}

/// The shortest of five runs, in seconds.
fn time(device: &Device, run: impl Fn() -> Result<Tensor>) -> Result<f64> {
    run()?;
    device.synchronize()?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        run()?;
        device.synchronize()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
