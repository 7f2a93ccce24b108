use crate::{ParameterGrads, layernorm_backward, layernorm_forward};
use std::error::Error;
use std::io::Write;
use std::time::Instant;
use strata_device::Device;
use strata_tensor::{Result, Tensor, ops};

/// Shows what LayerNorm does to two rows, and how close each rung comes to the speed of a copy.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    let rows = [3f32, 5., 4., 6., 2., 4., -30., 10., -10., 30., -50., 50.];
    let x = Tensor::from_slice(device, &rows, &[2, 6])?;
    let (gamma, beta) = (Tensor::ones(device, &[6])?, Tensor::full(device, &[6], 0.0)?);
    let y = layernorm_forward(&x, &gamma, &beta, 1e-5)?;
    let (mean, rstd) = (y.mean.to_vec::<f32>()?, y.rstd.to_vec::<f32>()?);
    let normal = y.out.to_vec::<f32>()?;
    writeln!(out, "Two rows of very different size come out alike:\n")?;
    for r in 0..2 {
        let show = |v: &[f32]| v.iter().map(|v| format!("{v:7.2}")).collect::<String>();
        writeln!(
            out,
            "  {}  mean {:5.2}, deviation {:6.2}",
            show(&rows[6 * r..][..6]),
            mean[r],
            1.0 / rstd[r]
        )?;
        writeln!(out, "  {}\n", show(&normal[6 * r..][..6]))?;
    }

    let (rows, width) = (8192, 384);
    let bytes = (rows * width * 4) as f64;
    let x = Tensor::randn(device, &[rows, width], 1)?;
    let copy = 2.0 * bytes / time(device, || ops::copy(&x))?;
    writeln!(out, "{rows} rows of {width} on {}", device.info().label())?;
    writeln!(out, "  {:<32} {:>7.1} GB/s", "copy", copy / 1e9)?;
    for ladder in crate::ladders() {
        let here = ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
        // The wide rungs are for rows that are wider than these.
        for rung in here.filter(|r| r.name != "3_wide") {
            let forced = device.with_rung(ladder.op, rung.name);
            let x = Tensor::randn(&forced, &[rows, width], 1)?;
            let (gamma, beta) =
                (Tensor::ones(&forced, &[width])?, Tensor::ones(&forced, &[width])?);
            let (passes, seconds) = match ladder.op {
                "layernorm" => (
                    2.0,
                    time(device, || layernorm_forward(&x, &gamma, &beta, 1e-5).map(|n| n.out))?,
                ),
                "layernorm_backward" => {
                    let stats = layernorm_forward(&x, &gamma, &beta, 1e-5)?;
                    let to = ParameterGrads {
                        dgamma: Tensor::ones(&forced, &[width])?,
                        dbeta: beta.clone(),
                        accumulate: false,
                    };
                    let run =
                        || layernorm_backward(&x, &gamma, &stats.mean, &stats.rstd, &x, Some(&to));
                    (3.0, time(device, run)?)
                }
                _ => continue,
            };
            let speed = passes * bytes / seconds;
            let name = format!("{} {}", ladder.op, rung.name);
            let share = 100.0 * speed / copy;
            writeln!(out, "  {name:<32} {:>7.1} GB/s  {share:>4.0} % of a copy", speed / 1e9)?;
        }
    }
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
