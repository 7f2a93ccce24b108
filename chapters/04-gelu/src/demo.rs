use crate::roofline::{Ceiling, Point};
use crate::{gelu_backward, gelu_forward};
use std::error::Error;
use std::io::Write;
use std::time::Instant;
use strata_device::{Device, Machine};
use strata_matmul::matmul;
use strata_tensor::{Result, Tensor, ops};

/// Draws GELU, then times it four ways and puts the times under the device's roofline.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    curve(out, device)?;
    let n = 4 << 20;
    let x = Tensor::randn(device, &[n], 1)?;
    let dy = Tensor::ones(device, &[n])?;
    let naive = Tensor::randn(&device.with_rung("gelu", "1_naive"), &[n], 1)?;
    let bytes = n as f64 * 4.0;
    let flops = n as f64 * 16.0;
    let copy = time(device, || ops::copy(&x))?;
    let [first, best] =
        [time(device, || gelu_forward(&naive))?, time(device, || gelu_forward(&x))?];
    let point = |name: &str, work: f64, moved: f64, time| Point {
        name: name.into(),
        flops: work * flops,
        bytes: moved * bytes,
        time,
    };
    let points = [
        point("gelu, op by op", 1.0, 2.0, time(device, || composed(&x))?),
        point("gelu, 1_naive", 1.0, 2.0, first),
        point("gelu, best rung", 1.0, 2.0, best),
        point("gelu_backward", 1.5, 3.0, time(device, || gelu_backward(&x, &dy))?),
    ];
    let bandwidth = 2.0 * bytes / copy;
    let ceiling = Ceiling { compute: matmul_speed(device)?, bandwidth };
    writeln!(out, "GELU of {n} numbers on {}", device.info().label())?;
    let compute = ceiling.compute / 1e9;
    writeln!(out, "A copy of as many bytes runs at {:.1} GB/s,", bandwidth / 1e9)?;
    writeln!(out, "chapter 3's matrix product at {compute:.0} GFLOP/s: the two ceilings.\n")?;
    write!(out, "{}", ceiling.draw(&points))?;
    writeln!(out, "\nOp by op, every step goes through memory. Fused into one kernel, GELU is")?;
    writeln!(out, "one read and one write, as a copy is. {}", verdict(first / copy, best / copy))?;
    Ok(())
}

/// What the arithmetic costs, from how many times as long as a copy the first rung and the best take.
fn verdict(first: f64, best: f64) -> String {
    const LITTLE: f64 = 1.5;
    let times = format!("1_naive takes {first:.1} times as long,\nthe best rung {best:.1}");
    if best >= LITTLE {
        format!("{times}: here what it computes counts too.")
    } else if first >= LITTLE {
        format!("{times}: computed well, what it computes hardly matters.")
    } else {
        format!("{times}: what it computes hardly matters.")
    }
}

/// The same function as a chain of chapter 1's ops: a kernel for each, and each a pass over memory.
fn composed(x: &Tensor) -> Result<Tensor> {
    let inner = x.mul(&x.square()?.affine(0.044_715, 1.0)?)?;
    let tanh = inner.affine(0.797_884_6, 0.0)?.tanh()?;
    x.mul(&tanh.affine(0.5, 0.5)?)
}

/// Chapter 3's best rung on square matrices, in operations per second.
fn matmul_speed(device: &Device) -> Result<f64> {
    let n = if device.machine() == Machine::Cuda { 2048 } else { 512 };
    let a = Tensor::randn(device, &[n, n], 2)?;
    Ok(2.0 * (n as f64).powi(3) / time(device, || matmul(&a, &a))?)
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

fn curve(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    const WIDTH: usize = 65;
    const HEIGHT: usize = 13;
    let at: Vec<f32> = (0..WIDTH).map(|i| -4.0 + 6.0 * i as f32 / (WIDTH - 1) as f32).collect();
    let x = Tensor::from_slice(device, &at, &[WIDTH])?;
    let y = gelu_forward(&x)?.to_vec::<f32>()?;
    let slope = gelu_backward(&x, &Tensor::ones(device, &[WIDTH])?)?.to_vec::<f32>()?;
    let row = |v: f32| (((2.0 - v) / 2.4 * HEIGHT as f32) as usize).min(HEIGHT - 1);
    let mut canvas = vec![vec![' '; WIDTH]; HEIGHT];
    canvas[row(0.0)].fill('-');
    for i in 0..WIDTH {
        canvas[row(slope[i])][i] = '.';
        canvas[row(y[i])][i] = '#';
    }
    writeln!(out, "# gelu(x) and . its derivative, x from -4 to 2, y from -0.4 to 2\n")?;
    for line in canvas {
        writeln!(out, "  {}", line.into_iter().collect::<String>().trim_end())?;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn the_verdict_is_what_was_measured() {
        assert!(verdict(1.1, 1.0).ends_with("the best rung 1.0: what it computes hardly matters."));
        assert!(verdict(9.0, 1.1).contains("computed well, what it computes hardly matters"));
        assert!(verdict(9.0, 3.0).ends_with("here what it computes counts too."));
    }
}
