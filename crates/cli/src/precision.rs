//! How exactly products are made: what was asked for, and what a card can do of it.

use crate::args::DeviceArgs;
use crate::failure::Outcome;
use crate::ui;
use strata_ml::device::{DType, Device, Info, LadderInfo, Machine, Precision};

/// The precision of a training run that nobody asked another of, and why, if it is not f32: a card
/// that has bf16 trains in it, all else in f32. Kernels that somebody puts in front of ours (`own`), or asks
/// for by name, may be written for f32 alone.
pub fn of_training(info: &Info, own: bool) -> (Precision, &'static str) {
    match !own && info.machine == Machine::Cuda && info.has(Precision::Bf16) {
        true => (Precision::Bf16, "the card has it; --precision f32 rounds nothing"),
        false => (Precision::F32, ""),
    }
}

/// The precision of a run that goes on: the one that it was begun in, f32 where the device lacks that, and
/// where kernels of somebody's own would have to store in 16 bits.
pub fn of_resumed(info: &Info, begun: Precision, own: bool) -> (Precision, &'static str) {
    match info.has(begun) && !(own && begun.dtype() != DType::F32) {
        true => (begun, "the run was begun in it"),
        false => (Precision::F32, ""),
    }
}

impl DeviceArgs {
    /// What was asked for, and by what.
    ///
    /// # Errors
    /// `STRATA_PRECISION` names none.
    fn asked(&self) -> Outcome<Option<(Precision, &'static str)>> {
        Ok(match self.precision {
            Some(precision) => Some((precision, "--precision asks for it")),
            None => Precision::of_environment()?.map(|p| (p, "STRATA_PRECISION asks for it")),
        })
    }

    /// The device in the precision that was asked for, else in that of `otherwise`. Anything but f32 is
    /// said, and so is a rung that the card lacks the instructions for.
    ///
    /// # Errors
    /// A precision that the device does not have.
    pub fn precise(
        &self,
        device: &Device,
        otherwise: impl FnOnce(&Info) -> (Precision, &'static str),
    ) -> Outcome<Device> {
        let info = device.info();
        let (precision, why) = self.asked()?.unwrap_or_else(|| otherwise(info));
        info.must_have(precision)?;
        if precision != Precision::F32 {
            ui::note(&format!("       in {precision}: {}; {why}", meaning(precision)));
        }
        for line in out_of_reach(&strata_ml::ladders(), info, precision) {
            ui::note(&format!("       {line}"));
        }
        Ok(device.with_precision(precision))
    }
}

/// What becomes of numbers.
fn meaning(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "nothing is rounded",
        Precision::Tf32 => "factors of products are rounded to 11 bits, sums are f32",
        Precision::F16 => "factors of products are rounded to 11 bits, sums are f32",
        Precision::Bf16 => "activations are kept in 16 bits, sums are f32",
    }
}

/// A line for each thing that the highest rungs need of a card and this one lacks: which rungs, and which
/// are taken in their place.
pub fn out_of_reach(ladders: &[LadderInfo], info: &Info, asked: Precision) -> Vec<String> {
    if info.machine != Machine::Cuda {
        return Vec::new();
    }
    let mut lacking: Vec<(String, Vec<String>)> = Vec::new();
    for ladder in ladders {
        let stands = |rung: &&_| {
            let rung: &strata_ml::device::RungInfo = rung;
            rung.machines.contains(&info.machine) && rung.precision.serves(asked)
        };
        let Some(top) = ladder.rungs.iter().rfind(stands) else { continue };
        if top.needs.arch.takes(info.caps.compute) {
            continue;
        }
        let Some(what) = top.needs.lacking(info) else { continue };
        let runs = |rung: &&_| stands(rung) && rung.needs.lacking(info).is_none();
        let taken = ladder.rungs.iter().rfind(runs).map_or("nothing", |rung| rung.name);
        let line = format!("{} {} (here {taken})", ladder.op, top.name);
        match lacking.iter_mut().find(|(known, _)| *known == what) {
            Some((_, rungs)) => rungs.push(line),
            None => lacking.push((what, vec![line])),
        }
    }
    let line = |(what, rungs): (String, Vec<String>)| format!("for {what}: {}", rungs.join(", "));
    lacking.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_ml::device::{Arch, Caps, Needs, RungInfo};

    fn info(machine: Machine, compute: u32) -> Info {
        let caps = Caps { compute, ..Caps::default() };
        Info { machine, index: 0, name: "a card".into(), driver: String::new(), caps }
    }

    #[test]
    fn training_is_mixed_on_a_card_that_has_it_and_nowhere_else() {
        let of = |machine, compute| of_training(&info(machine, compute), false).0;
        assert_eq!(of(Machine::Cuda, 80), Precision::Bf16);
        assert_eq!(of(Machine::Cuda, 90), Precision::Bf16);
        assert_eq!(of(Machine::Cuda, 75), Precision::F32);
        assert_eq!(of(Machine::Wgpu, 0), Precision::F32);
        assert_eq!(of(Machine::Cpu, 0), Precision::F32);
        assert_eq!(of_training(&info(Machine::Cuda, 90), true).0, Precision::F32, "own kernels");
        assert!(of_training(&info(Machine::Cuda, 90), false).1.contains("--precision f32"));
    }

    #[test]
    fn a_run_goes_on_as_it_was_begun_and_more_exactly_where_that_cannot_be() {
        let of = |machine, compute, begun| of_resumed(&info(machine, compute), begun, false).0;
        assert_eq!(of(Machine::Cuda, 90, Precision::Tf32), Precision::Tf32);
        assert_eq!(of(Machine::Cpu, 0, Precision::Bf16), Precision::Bf16);
        assert_eq!(of(Machine::Cpu, 0, Precision::Tf32), Precision::F32);
        assert_eq!(of(Machine::Wgpu, 0, Precision::Bf16), Precision::F32);
        assert_eq!(of(Machine::Cuda, 90, Precision::F32), Precision::F32);
        let own = |begun| of_resumed(&info(Machine::Cuda, 90), begun, true).0;
        assert_eq!(own(Precision::Bf16), Precision::F32);
        assert_eq!(own(Precision::Tf32), Precision::Tf32);
    }

    #[test]
    fn a_card_of_another_age_is_told_what_it_runs() {
        let rung = |name, precision, arch| RungInfo {
            name,
            machines: vec![Machine::Cuda],
            kernels: &[],
            needs: Needs { arch, ..Needs::NONE },
            precision,
            wide: false,
            native: true,
        };
        let ladder = |op| LadderInfo {
            op,
            rungs: vec![
                rung("6_double_buffered", Precision::F32, Arch::Any),
                rung("7_tensor_core", Precision::Tf32, Arch::AtLeast(80)),
                rung("8_hopper", Precision::Bf16, Arch::Exactly(90)),
            ],
        };
        let ladders = [ladder("matmul"), ladder("attention")];
        let lines = |compute, asked| out_of_reach(&ladders, &info(Machine::Cuda, compute), asked);
        assert!(lines(75, Precision::F32).is_empty(), "f32 needs no tensor cores");
        assert!(lines(90, Precision::Bf16).is_empty());
        assert_eq!(
            lines(75, Precision::Tf32),
            ["for compute capability 8.0 or newer (it has 7.5): matmul 7_tensor_core (here \
              6_double_buffered), attention 7_tensor_core (here 6_double_buffered)"]
        );
        let blackwell = lines(120, Precision::Bf16);
        assert_eq!(blackwell.len(), 1);
        assert!(
            blackwell[0].starts_with(
                "for compute capability 9.0 (it has 12.0): matmul 8_hopper (here 7_tensor_core)"
            ),
            "{blackwell:?}"
        );
        assert!(out_of_reach(&ladders, &info(Machine::Wgpu, 0), Precision::Bf16).is_empty());
    }
}
