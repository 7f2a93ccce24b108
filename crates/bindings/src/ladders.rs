//! Ladders as data, and what a device can do at most.
use crate::engine::ceiling::{Effort, copy, product};
use crate::engine::device::{Device, LadderInfo, Machine, RungInfo};
use crate::graph::sources;
use crate::{Error, Result};
use serde_json::{Value, json};

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
    let compute = product(device, Effort::Whole).await?;
    let bandwidth = copy(device, Effort::Whole).await?;
    Ok(json!({"compute": compute, "bandwidth": bandwidth}).to_string())
}

/// The ladders of every chapter.
pub fn ladders() -> Result<String> {
    let rung = |r: &RungInfo| {
        json!({
            "name": r.name,
            "precision": r.precision.name(),
            "precisions": r.precisions().iter().map(|p| p.name()).collect::<Vec<_>>(),
            "needs": Some(r.needs.to_string()).filter(|needs| !needs.is_empty()),
            "native": r.native,
            "machines": r.machines.iter().map(|m| m.name()).collect::<Vec<_>>(),
            "kernels": r.kernels.iter().map(|k| sources(k)).collect::<Vec<_>>(),
        })
    };
    let ladder =
        |l: &LadderInfo| json!({"op": l.op, "rungs": l.rungs.iter().map(rung).collect::<Vec<_>>()});
    Ok(Value::Array(crate::engine::ladders().iter().map(ladder).collect()).to_string())
}
