//! Four ways to move bytes, and what they say about a fifth.

use super::timing::{Bench, Timed};
use crate::{Error, Outcome};
use serde::Serialize;
use strata_ml::tensor::ops::{self, Reduce};
use strata_ml::tensor::{DType, Tensor};

/// Bytes in a second, of the fastest run: reads and writes together.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Streams {
    /// `y = x`: one read, one written. A CPU fetches a line before it writes it, so that three move
    /// where two are counted.
    pub copy: f64,
    /// Sums of rows: reading alone.
    pub sum: f64,
    /// `y += x`: two read, one written in place.
    pub update: f64,
    /// Writing alone.
    pub fill: f64,
}

impl Streams {
    /// Measures them with tensors of so many bytes together.
    ///
    /// # Errors
    /// The device fails.
    pub(crate) fn measure(bench: &Bench, bytes: usize) -> Outcome<Self> {
        let device = bench.device();
        let ones = |shape: &[usize]| Tensor::full(device, shape, 1.0);
        let rate = |op: &str, call: &dyn Fn() -> Outcome| -> Outcome<f64> {
            let timed = chosen(bench, op, call)?;
            Ok(timed.cost.bytes / timed.best)
        };
        let (x, y) = (ones(&[bytes / 8])?, ones(&[bytes / 8])?);
        let copy = rate("copy", &|| Ok(ops::copy_into(&x, &y)?))?;
        let (x, y) = (ones(&[bytes / 12])?, ones(&[bytes / 12])?);
        let update = rate("accumulate", &|| Ok(ops::accumulate(&y, &x, 0.5)?))?;
        let x = Tensor::empty(device, DType::F32, &[bytes / 4])?;
        let fill = rate("fill", &|| Ok(ops::fill_bits(&x, 0x3f80_0000)?))?;
        // Rows enough to keep any device busy.
        let rows = (bytes / 4096).clamp(1, 1024);
        let x = ones(&[rows, (bytes / 4 / rows).max(1)])?;
        let sum =
            rate("reduce", &|| Ok(ops::reduce(Reduce::Sum, &x, &[1], false, 1.0).map(drop)?))?;
        Ok(Streams { copy, sum, update, fill })
    }

    /// The higher rate of each.
    pub(crate) fn or_higher(self, other: Streams) -> Self {
        Streams {
            copy: self.copy.max(other.copy),
            sum: self.sum.max(other.sum),
            update: self.update.max(other.update),
            fill: self.fill.max(other.fill),
        }
    }

    /// The fastest of them.
    pub fn best(&self) -> f64 {
        self.copy.max(self.sum).max(self.update).max(self.fill)
    }

    /// The seconds that a call's bytes need, read and written in its own proportion.
    ///
    /// A byte read costs what the fastest stream takes for one (a slow sum is a slow kernel, not
    /// slow memory). A byte written costs what is then left of the copy. So a copy needs exactly a
    /// copy's time, and a call that reads twice what it writes lies where it belongs.
    pub(crate) fn seconds(&self, timed: &Timed) -> f64 {
        let bound = timed.read + timed.written;
        // More bytes than are bound: some are read and written, in place.
        if timed.cost.bytes > 1.2 * bound {
            return timed.cost.bytes / self.update.max(self.copy);
        }
        let read = 1.0 / self.sum.max(self.copy).max(self.update);
        let written = (2.0 / self.copy - read).min(1.0 / self.fill).max(0.0);
        let part = timed.written / bound.max(1.0);
        timed.cost.bytes * ((1.0 - part) * read + part * written)
    }
}

/// Times a call of an op on whichever rung the device chooses by itself.
fn chosen(bench: &Bench, op: &str, call: &dyn Fn() -> Outcome) -> Outcome<Timed> {
    let ladder = strata_ml::ladders().into_iter().find(|l| l.op == op);
    let kernels: Vec<_> =
        ladder.iter().flat_map(|l| &l.rungs).flat_map(|r| r.kernels).copied().collect();
    let timed = bench.time(&kernels, call)?.filter(|t| t.launches > 0);
    timed.ok_or_else(|| Error::Text(format!("{op} launched none of its kernels")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_ml::device::Cost;

    fn call(read: f64, written: f64, bytes: f64) -> Timed {
        let cost = Cost { flops: 0.0, bytes };
        Timed { seconds: 1.0, best: 1.0, runs: 1, cost, read, written, launches: 1 }
    }

    #[test]
    fn a_mix_of_reads_and_writes_lies_between_the_streams() {
        // Written bytes cost twice what read ones do.
        let streams = Streams { copy: 2.0, sum: 3.0, update: 3.0, fill: 1.0 };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
        near(streams.seconds(&call(6.0, 6.0, 12.0)), 6.0); // a copy
        near(streams.seconds(&call(12.0, 0.0, 12.0)), 4.0); // a sum
        near(streams.seconds(&call(8.0, 4.0, 12.0)), 8.0 / 3.0 + 8.0 / 3.0); // a sum of two
        near(streams.seconds(&call(4.0, 4.0, 12.0)), 4.0); // in place
    }
}
