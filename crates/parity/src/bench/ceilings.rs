use super::streams::Streams;
use super::timing::{Bench, Timed};
use super::workload::{Inputs, Run};
use super::{rungs_on, taken};
use crate::{Error, Outcome};
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use strata_ml::device::{Machine, Precision, RungInfo, peak};
use strata_ml::matmul::matmul;

/// What a machine can do at best, as measured: the fastest run counts, not the median.
#[derive(Clone, Debug, Serialize)]
pub struct Ceilings {
    /// Bytes in a second of tensors far larger than any cache.
    pub bytes_per_second: Streams,
    /// FLOPs in a second of the best rung of `matmul` on square matrices, in the report's precision;
    /// where it has none, what the card's maker promises.
    pub flops_per_second: f64,
    /// That rung and size, or that it is a promise.
    pub matmul: String,
    /// FLOPs in a second that the card's maker promises, where the card is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_flops_per_second: Option<f64>,
    /// By size: small tensors are slower for their bytes.
    #[serde(skip)]
    known: HashMap<usize, Streams>,
}

impl Ceilings {
    /// Measures them, products in this precision.
    ///
    /// # Errors
    /// The device fails.
    pub(crate) fn measure(bench: &Bench, precision: Precision) -> Outcome<Self> {
        let info = bench.device().info();
        let large = match info.machine {
            _ if info.caps.software => 16 << 20,
            Machine::Cpu => 128 << 20,
            _ => 512 << 20,
        };
        let bytes_per_second = Streams::measure(bench, large.min(info.caps.max_binding))?;
        let peak_flops_per_second = peak(info, precision);
        let (flops_per_second, matmul) =
            match (best_product(bench, precision)?, peak_flops_per_second) {
                (Some(best), _) => best,
                (None, Some(peak)) => (peak, format!("its maker's promise for {precision}")),
                (None, None) => match best_product(bench, Precision::F32)? {
                    Some((rate, rung)) => (rate, format!("{rung}, in f32")),
                    None => {
                        return Err(Error::Text("no rung of matmul stands on this device".into()));
                    }
                },
            };
        let known = HashMap::new();
        Ok(Ceilings { bytes_per_second, flops_per_second, matmul, peak_flops_per_second, known })
    }

    /// The higher ones of two measurements, at the beginning of a run and at its end: clocks rise
    /// and fall, and so does what else a machine has to do.
    pub(crate) fn or_higher(&mut self, later: Ceilings) {
        self.bytes_per_second = self.bytes_per_second.or_higher(later.bytes_per_second);
        if later.flops_per_second > self.flops_per_second {
            self.flops_per_second = later.flops_per_second;
            self.matmul = later.matmul;
        }
    }

    /// A product that is faster than the fastest known: it is the ceiling now.
    pub(crate) fn raise(&mut self, product: &Timed, name: impl FnOnce() -> String) {
        let rate = product.cost.flops / product.best;
        if rate > self.flops_per_second {
            (self.flops_per_second, self.matmul) = (rate, name());
        }
    }

    /// Measures the streams that a call is held against, if no other call of its size did.
    ///
    /// # Errors
    /// The device fails.
    pub(crate) fn learn(&mut self, bench: &Bench, timed: &Timed) -> Outcome {
        let size = size(bench, timed);
        if let Entry::Vacant(place) = self.known.entry(size) {
            place.insert(Streams::measure(bench, size)?);
        }
        Ok(())
    }

    /// The larger of the two shares that a call reaches, and of what: of the time its bytes need
    /// (`memory`) or its FLOPs (`matmul`).
    pub(crate) fn share(&self, bench: &Bench, timed: &Timed) -> (f64, &'static str) {
        let arithmetic = timed.cost.flops / timed.seconds / self.flops_per_second;
        let streams = self.known.get(&size(bench, timed)).unwrap_or(&self.bytes_per_second);
        let moving = streams.seconds(timed) / timed.seconds;
        if arithmetic > moving { (arithmetic, "matmul") } else { (moving, "memory") }
    }

    /// The share of the machine's speed of light that a call reaches: of the time that its FLOPs take in
    /// the best product, or its bytes in a copy of tensors beyond all caches, whichever is longer.
    pub(crate) fn light(&self, timed: &Timed) -> f64 {
        let arithmetic = timed.cost.flops / self.flops_per_second;
        let moving = timed.cost.bytes / self.bytes_per_second.copy;
        arithmetic.max(moving) / timed.seconds
    }
}

/// A size near a call's bytes, three to each doubling, so that few are measured.
fn size(bench: &Bench, timed: &Timed) -> usize {
    let most = bench.device().info().caps.max_binding as f64;
    let steps = (timed.cost.bytes.clamp(4096.0, most).log2() * 3.0).round() / 3.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a power of two is positive, and `most` was a size"
    )]
    let near = steps.exp2().min(most) as usize;
    near / 96 * 96
}

/// The best rung of `matmul` in this precision on square matrices: FLOPs in a second, and which.
fn best_product(bench: &Bench, precision: Precision) -> Outcome<Option<(f64, String)>> {
    let info = bench.device().info();
    let n = match info.machine {
        _ if info.caps.software => 256,
        Machine::Cpu => 1024,
        _ => 4096,
    };
    let ladders = strata_ml::ladders();
    let ladder = ladders.iter().filter(|l| l.op == "matmul");
    let mut here: Vec<_> = ladder.flat_map(|l| rungs_on(l, info, precision)).collect();
    // The ladder's foot is slow: it is tried only where there is nothing else.
    let low = |r: &&RungInfo| ["1_naive", "2_coalesced"].contains(&r.name);
    if !here.iter().all(low) {
        here.retain(|r| !low(r));
    }
    let mut best = (0.0, String::new());
    for rung in here {
        let call = |inputs: &Inputs| {
            let (a, b) = (inputs.noise(&[n, n])?, inputs.noise(&[n, n])?);
            Run::new(String::new(), move || Ok(matmul(&a, &b).map(drop)?))
        };
        let Some((_, timed)) = taken(bench, "matmul", rung, precision, call)? else { continue };
        let rate = timed.cost.flops / timed.best;
        if rate > best.0 {
            best = (rate, format!("{} at {n} by {n} by {n}", rung.name));
        }
    }
    Ok(Some(best).filter(|best| best.0 > 0.0))
}
