//! Too little memory for a step: how much it needs, and which batch would fit.

use crate::failure::Failure;
use crate::{flags, ui};
use strata_ml::data::Batch;
use strata_ml::device::{self, Device, Dry};
use strata_ml::transformer::train::{TrainConfig, Trainer};
use strata_ml::transformer::{self, Gpt};
use strata_ml::{tensor, transformer::Result};

/// The failure of a run. If it is about memory, a step is made once more on a device that computes
/// nothing and counts what is allocated, in smaller and smaller batches.
pub fn explained(error: transformer::Error, device: &Device, config: &TrainConfig) -> Failure {
    let said = format!("{error}{}", flags::advice(&error));
    if !about_memory(&error) {
        return Failure::new(said);
    }
    device.trim();
    let held = device.stats().bytes;
    let room = device.left().map(|left| left.saturating_add(held));
    match advice(device, config, room) {
        Some(advice) => Failure::new(format!("{said}\n{advice}")),
        None => Failure::new(said),
    }
}

fn about_memory(error: &transformer::Error) -> bool {
    use device::Error::{NoRoom, OutOfMemory, TooLarge};
    let transformer::Error::Tensor(error) = error else { return false };
    let reason = match error {
        tensor::Error::Device(reason) => reason,
        tensor::Error::Room { reason, .. } => reason,
        _ => return false,
    };
    matches!(reason, NoRoom { .. } | OutOfMemory { .. } | TooLarge { .. })
}

/// What a step needs, and which batch has room; nothing where even that cannot be told.
fn advice(device: &Device, config: &TrainConfig, room: Option<u64>) -> Option<String> {
    let dry = Device::new(Box::new(Dry::new(device.info().clone())), device.settings().clone());
    // A machine may compile and cache, and others allocate while we do: a tenth is theirs.
    let room = room.map(|room| room / 10 * 9);
    let model = Gpt::new(&config.model, &dry, config.seed).ok()?;
    let need = |batch: usize| need(&model, &TrainConfig { batch, ..config.clone() });
    let TrainConfig { batch, context, accumulate, .. } = *config;
    let (precision, label) = (device.precision(), device.info().label());
    let step = |rows: usize, bytes: u64| {
        let rows = if rows == 1 { "1 row".into() } else { format!("{} rows", ui::count(rows)) };
        format!(
            "a batch of {rows} of {} tokens in {precision} needs about {}",
            ui::count(context),
            ui::bytes(bytes)
        )
    };
    let asked = need(batch).ok().map(|bytes| step(batch, bytes));
    let here = room.map_or(format!(" on {label}"), |room| {
        format!(", and {label} has room for {}", ui::bytes(room))
    });
    let fits = |bytes: &u64| room.is_none_or(|room| *bytes <= room);
    let halves =
        std::iter::successors(Some(batch / 2), |half| Some(half / 2)).take_while(|b| *b > 0);
    // Where nobody says how much room there is, a quarter of what was too much is a fair guess.
    let halves = halves.skip(usize::from(room.is_none()));
    let fit = halves.filter_map(|batch| Some((batch, need(batch).ok()?))).find(|(_, n)| fits(n));
    let first = asked.map_or(String::new(), |asked| format!("{asked}{here}; "));
    Some(match fit {
        Some((rows, bytes)) => {
            let same = match batch.is_multiple_of(rows) {
                true => format!(" --accumulate {}", accumulate.saturating_mul(batch / rows)),
                false => String::new(),
            };
            format!("{first}{}: --batch {rows}{same}", step(rows, bytes))
        }
        None => {
            let least = need(1).ok().map_or(String::new(), |bytes| step(1, bytes) + ", and ");
            format!("{first}{least}no batch fits: give a smaller --context or --preset")
        }
    })
}

/// Bytes that are held once a step has been made, op by op and, where it will be, as a recording.
fn need(model: &Gpt, config: &TrainConfig) -> Result<u64> {
    let device = model.device();
    device.trim();
    let mut trainer = Trainer::new(model.clone(), config.clone())?;
    let batch = nothing(config);
    let mut most = 0;
    for _ in 0..if device.machine() == device::Machine::Cpu { 1 } else { 2 } {
        trainer.step_of(&vec![batch.clone(); config.accumulate], 1e-4)?;
        most = most.max(device.stats().bytes);
    }
    Ok(most)
}

/// A batch of the right shape.
fn nothing(config: &TrainConfig) -> Batch {
    let TrainConfig { batch, context, .. } = *config;
    let ids = vec![0; batch.saturating_mul(context)];
    let (inputs, targets, scored) = (ids.clone(), ids.clone(), ids.len());
    Batch { inputs, targets, batch, context, scored, bytes: 0, floor_nats: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_ml::device::Settings;
    use strata_ml::transformer::GptConfig;
    use strata_ml::transformer::train::Length;

    fn config(batch: usize) -> TrainConfig {
        TrainConfig {
            model: GptConfig::preset("gpt-nano").unwrap(),
            batch,
            accumulate: 1,
            context: 64,
            length: Length::Steps(2),
            lr: 1e-3,
            schedule: "constant".into(),
            betas: (0.9, 0.95),
            weight_decay: 0.1,
            clip: Some(1.0),
            dropout: 0.0,
            label_smoothing: 0.0,
            seed: 1,
            eval_every: 10,
            eval_batches: 1,
        }
    }

    #[test]
    fn a_step_needs_what_it_takes_where_it_is_made() {
        let device = Device::open("cpu", Settings::default()).unwrap();
        let model = Gpt::new(&config(4).model, &device, 1).unwrap();
        let real = need(&model, &config(4)).unwrap();
        drop(model);
        let dry = Device::new(Box::new(Dry::new(device.info().clone())), Settings::default());
        let model = Gpt::new(&config(4).model, &dry, 1).unwrap();
        assert_eq!(need(&model, &config(4)).unwrap(), real);
        let [small, large] = [4, 64].map(|batch| need(&model, &config(batch)).unwrap());
        assert!(large > 8 * small, "{small} and {large} bytes");
    }

    #[test]
    fn the_largest_half_that_fits_is_told_with_the_same_gradient() {
        let device = Device::open("cpu", Settings::default()).unwrap();
        let model = Gpt::new(&config(4).model, &device, 1).unwrap();
        let sixteen = need(&model, &config(16)).unwrap();
        let said = advice(&device, &config(64), Some(sixteen * 10 / 9 + 10)).unwrap();
        for part in ["64 rows of 64 tokens in f32", "cpu:0", "--batch 16 --accumulate 4"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let said = advice(&device, &config(64), Some(1000)).unwrap();
        assert!(said.contains("1 row of") && said.contains("no batch fits"), "{said}");
        let said = advice(&device, &config(63), None).unwrap();
        assert!(said.ends_with("--batch 15"), "{said}");
    }
}
