//! Ladders as data, and what a device can do at most.
use crate::engine::device::{Device, LadderInfo, Machine, RungInfo};
use crate::engine::matmul::matmul;
use crate::engine::tensor::{self, DType, Tensor, ops};
use crate::graph::sources;
use crate::{Error, Result};
use serde_json::{Value, json};
use web_time::Instant;

/// A rung that is on no ladder is refused when it is asked for, not at the next op.
pub(crate) fn check_rung(op: &str, rung: &str, machine: Machine) -> Result<()> {
    let ladders = crate::engine::ladders();
    let Some(ladder) = ladders.iter().find(|l| l.op == op) else {
        let all: Vec<_> = ladders.iter().map(|l| l.op).collect();
        let all = all.join(", ");
        return Err(error!("rung", "withRung", "there is no op {op:?}; there are {all}"));
    };
    let here = ladder.rungs.iter().filter(|r| r.machines.contains(&machine));
    let here: Vec<_> = here.map(|r| r.name).collect();
    if here.contains(&rung) {
        return Ok(());
    }
    let have = here.join(", ");
    let message = format!("withRung: {op} has no rung {rung:?} on {machine}; it has {have}");
    Err(Error::new("rung", op, message))
}

/// A matrix product for arithmetic, a copy for memory: the best of several runs of each.
pub(crate) async fn ceiling(device: &Device) -> Result<String> {
    let best = async |run: &dyn Fn() -> tensor::Result<Tensor>| -> Result<f64> {
        let mut best = f64::INFINITY;
        for _ in 0..6 {
            let start = Instant::now();
            drop(run()?);
            device.synchronize_async().await?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(best)
    };
    let software = device.machine() == Machine::Cpu || device.info().caps.software;
    let (side, words) = if software { (768, 16 << 20) } else { (4096, 64 << 20) };
    let a = Tensor::uniform(device, &[side, side], 1)?;
    let product = best(&|| matmul(&a, &a)).await?;
    let long = Tensor::zeros(device, DType::F32, &[words])?;
    let copy = best(&|| ops::copy(&long)).await?;
    let compute = 2.0 * (side as f64).powi(3) / product;
    Ok(json!({"compute": compute, "bandwidth": 8.0 * words as f64 / copy}).to_string())
}

/// The ladders of every chapter.
pub fn ladders() -> Result<String> {
    let rung = |r: &RungInfo| {
        json!({
            "name": r.name,
            "precision": r.precision.name(),
            "native": r.native,
            "machines": r.machines.iter().map(|m| m.name()).collect::<Vec<_>>(),
            "kernels": r.kernels.iter().map(|k| sources(k)).collect::<Vec<_>>(),
        })
    };
    let ladder =
        |l: &LadderInfo| json!({"op": l.op, "rungs": l.rungs.iter().map(rung).collect::<Vec<_>>()});
    Ok(Value::Array(crate::engine::ladders().iter().map(ladder).collect()).to_string())
}
