mod gradients;

use crate::{Epilogue, gemm_into, ladder::LADDER};
use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};
use strata_device::{Device, Machine};
use strata_tensor::{DType, Result, Tensor};

/// Climbs the ladder: one product by every rung that stands on this device, with its speed and the
/// largest difference from the definition. Then the gradients, checked.
///
/// # Errors
/// The device fails, or `out` cannot be written.
pub fn demo(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    let n = match (device.machine(), device.info().caps.software) {
        (_, true) => 128,
        (Machine::Cpu, _) => 512,
        // The lowest rung is slow, and some systems end what keeps a card busy for two seconds.
        (Machine::Wgpu, _) => 1024,
        _ => 2048,
    };
    let flops = 2.0 * (n as f64).powi(3);
    writeln!(out, "c = a·b, {n}×{n} each: {:.0} million operations", flops / 1e6)?;
    writeln!(out, "on {}\n", device.info().label())?;
    let (a, b) = (Tensor::randn(device, &[n, n], 1)?, Tensor::randn(device, &[n, n], 2)?);
    let mut first: Option<(f64, Vec<f32>)> = None;
    for rung in LADDER.info().rungs.iter().filter(|r| r.machines.contains(&device.machine())) {
        let handle = device.with_rung("matmul", rung.name);
        let c = Tensor::empty(&handle, DType::F32, &[n, n])?;
        let speed = flops / fastest(&c, &a, &b)?.as_secs_f64().max(1e-9);
        let values = c.to_vec::<f32>()?;
        let (naive, want) = first.get_or_insert_with(|| (speed, values.clone()));
        let differences = values.iter().zip(want.iter()).map(|(x, y)| (x - y).abs());
        let apart = differences.fold(0.0, f32::max);
        let (giga, times) = (speed / 1e9, speed / *naive);
        let bar = "█".repeat((speed.log10() * 4.0 - 32.0).clamp(1.0, 40.0) as usize);
        let name = rung.name;
        writeln!(
            out,
            "  {name:<17} {giga:>9.2} GFLOP/s {times:>7.1}×  differs by {apart:.0e}  {bar}"
        )?;
    }
    writeln!(out, "\nThe bars are logarithmic. The same sums in another order round differently:")?;
    writeln!(out, "differences near 1e-4 are the last bits of sums of {n} products.")?;
    gradients::gradients(out)
}

/// The fastest of a few runs, within a second or so.
fn fastest(c: &Tensor, a: &Tensor, b: &Tensor) -> Result<Duration> {
    let device = c.device();
    let mut best = Duration::MAX;
    let start = Instant::now();
    // The first run compiles the kernel, so that at least two are needed.
    for run in 0..20 {
        let from = Instant::now();
        gemm_into(c, a, b, Epilogue::default())?;
        device.synchronize()?;
        best = best.min(from.elapsed());
        if run > 0 && start.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use strata_device::{Device, Settings};

    #[test]
    fn shows_every_rung() {
        let device = Device::open("cpu", Settings::default()).unwrap();
        let mut text = Vec::new();
        super::demo(&mut text, &device).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("1_naive") && text.contains("2_threaded"), "{text}");
        let apart = text.lines().filter(|l| l.trim().starts_with('d') && l.contains('['));
        let apart = apart.map(|l| l.split_whitespace().last().unwrap().parse::<f32>().unwrap());
        let apart: Vec<f32> = apart.collect();
        assert!(apart.len() == 3 && apart.iter().all(|a| *a < 1e-3), "{text}");
    }
}
