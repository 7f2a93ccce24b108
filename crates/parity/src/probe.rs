//! What a case works with: a device whose rung is forced, inputs, and the judge.

use crate::{Error, Outcome, Watch};
use strata_check::report::{Check, Element as Value};
use strata_check::round::Precision as Format;
use strata_check::{Tolerance, sample, tolerance};
use strata_ml::device::{self, Device, Machine, Precision};
use strata_ml::tensor::{self, DType, Element, Tensor};

/// One rung of one op on one device, being judged.
#[derive(Debug)]
pub struct Probe {
    op: &'static str,
    rung: &'static str,
    precision: Precision,
    page: &'static str,
    device: Device,
    watch: Watch,
    judge: bool,
    share: f64,
    checks: usize,
    stored: DType,
}

impl Probe {
    /// A probe on a device; the rung is forced on its handle.
    pub fn new(op: &'static str, rung: &'static str, page: &'static str, device: &Device) -> Self {
        let device = device.with_rung(op, rung);
        Probe {
            op,
            rung,
            precision: Precision::F32,
            page,
            device,
            watch: Watch::default(),
            judge: true,
            share: 0.0,
            checks: 0,
            stored: DType::F32,
        }
    }

    /// A probe of no rung, whose floats are kept in another dtype: for what an op says to that.
    pub fn stored(op: &'static str, device: &Device, stored: DType) -> Self {
        Probe { device: device.clone(), stored, ..Self::new(op, "", "", device) }
    }

    /// With the notes of a guarded device: they fail the next check.
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// With floats that are kept in another dtype, where a case does not say that they are wide.
    pub fn storing(mut self, stored: DType) -> Self {
        self.stored = stored;
        self
    }

    /// Of a rung that rounds its factors to this.
    pub fn precise(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The rule for a result of products: `exact` where the rung rounds nothing, else twice the error
    /// that the oracle makes of factors rounded as the rung rounds them.
    pub fn products(
        &self,
        exact: Tolerance,
        oracle: impl FnOnce(&dyn Fn(&[f64]) -> Vec<f64>) -> Vec<f64>,
    ) -> Tolerance {
        let format = match self.precision {
            Precision::F32 => return exact,
            Precision::Tf32 => Format::Tf32,
            Precision::F16 => Format::F16,
            Precision::Bf16 => Format::Bf16,
        };
        exact.and_rounded(oracle(&|x| format.round_all(x)))
    }

    /// The 16-bit format that floats are kept in, if it is one.
    fn format(&self) -> Option<Format> {
        narrow(self.stored)
    }

    /// Whether floats are kept in 16 bits.
    pub fn stores_halves(&self) -> bool {
        self.format().is_some()
    }

    /// These numbers as they are once they are stored, so that the oracle and the engine start from the
    /// same.
    pub fn held(&self, mut data: Vec<f32>) -> Vec<f32> {
        #[expect(clippy::cast_possible_truncation, reason = "f32 holds what 16 bits hold")]
        if let Some(format) = self.format() {
            data.iter_mut().for_each(|x| *x = format.round(f64::from(*x)) as f32);
        }
        data
    }

    /// What the oracle's numbers become where they are stored on the way to a result.
    pub fn seen(&self, data: &[f64]) -> Vec<f64> {
        self.format().map_or_else(|| data.to_vec(), |format| format.round_all(data))
    }

    /// Without a judge, for machines that only note what would be launched.
    pub fn unjudged(mut self) -> Self {
        self.judge = false;
        self
    }

    /// Forces the rung of the same name for another op too: a backward pass is judged together with
    /// its own forward, whose rounding it undoes.
    pub fn force(&mut self, op: &str) {
        if !self.rung.is_empty() {
            self.device = self.device.with_rung(op, self.rung);
        }
    }

    /// The device, with the rung forced: put every tensor on it.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The rung under test.
    pub fn rung(&self) -> &'static str {
        self.rung
    }

    /// Whether the device is this kind of machine: some promise fewer digits.
    pub fn on(&self, machine: Machine) -> bool {
        self.device.machine() == machine
    }

    /// The largest share of its tolerance that any element used so far.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// How many comparisons were made.
    pub fn checks(&self) -> usize {
        self.checks
    }

    /// A tensor of these elements; floats are stored as the probe stores them ([`held`](Self::held) says
    /// what they are then). The cache is emptied first, so that what is allocated next (the output) is
    /// fresh and holds poison.
    pub fn tensor<T: Element>(&self, data: &[T], shape: &[usize]) -> Outcome<Tensor> {
        let tensor = self.wide(data, shape)?;
        Ok(if T::DTYPE == DType::F32 { tensor.cast(self.stored)? } else { tensor })
    }

    /// [`tensor`](Self::tensor) of what is f32 whatever the others are stored in: statistics, gains,
    /// gradients of parameters.
    pub fn wide<T: Element>(&self, data: &[T], shape: &[usize]) -> Outcome<Tensor> {
        self.device.trim();
        Ok(Tensor::from_slice(&self.device, data, shape)?)
    }

    /// Standard normals: the numbers as they are stored, and the tensor of them.
    pub fn normal(&self, seed: u64, shape: &[usize]) -> Outcome<(Vec<f32>, Tensor)> {
        let data = self.held(sample::normal(seed, shape.iter().product()));
        let tensor = self.tensor(&data, shape)?;
        Ok((data, tensor))
    }

    /// [`normal`](Self::normal) of what is f32 whatever the others are stored in.
    pub fn wide_normal(&self, seed: u64, shape: &[usize]) -> Outcome<(Vec<f32>, Tensor)> {
        let data = sample::normal(seed, shape.iter().product());
        let tensor = self.wide(&data, shape)?;
        Ok((data, tensor))
    }

    /// A tensor that holds poison.
    pub fn poison(&self, shape: &[usize]) -> Outcome<Tensor> {
        let n = shape.iter().product();
        self.tensor(&vec![strata_check::guard::poison_f32(); n], shape)
    }

    /// [`poison`](Self::poison) of what is f32 whatever the others are stored in.
    pub fn wide_poison(&self, shape: &[usize]) -> Outcome<Tensor> {
        let n = shape.iter().product();
        self.wide(&vec![strata_check::guard::poison_f32(); n], shape)
    }

    /// The result, or `None` where the forced rung does not take such arguments, or a reader's kernel in
    /// its place knows nothing of them.
    pub fn taken<T>(&self, result: tensor::Result<T>) -> Outcome<Option<T>> {
        match result {
            Err(tensor::Error::Device(
                device::Error::UnknownRung { .. } | device::Error::Unheeded { .. },
            )) => Ok(None),
            other => Ok(Some(other?)),
        }
    }

    /// Compares a result with the oracle's. `rule` is that for f32: one that is stored in 16 bits may be
    /// off by twice what rounding it costs, too.
    pub fn check(&mut self, what: &str, got: &Tensor, want: &[f64], rule: &Tolerance) -> Outcome {
        match narrow(got.dtype()) {
            None => self.compare::<f32>(what, got, want, rule),
            Some(format) => {
                let rule = rule.clone().kept(format, want);
                self.compare::<f32>(what, &got.cast(DType::F32)?, want, &rule)
            }
        }
    }

    /// [`check`](Self::check) of whole numbers, which must be equal.
    pub fn check_indices(&mut self, what: &str, got: &Tensor, want: &[f64]) -> Outcome {
        self.compare::<u32>(what, got, want, &Tolerance::Exact)
    }

    /// [`check`](Self::check) of a tensor of another dtype.
    pub fn compare<T: Element + Value>(
        &mut self,
        what: &str,
        got: &Tensor,
        want: &[f64],
        rule: &Tolerance,
    ) -> Outcome {
        let data = got.to_vec::<T>()?;
        self.checks += 1;
        if let Some(fault) = self.watch.take().into_iter().next() {
            return Err(Error::Fault(fault.to_string()));
        }
        if !self.judge {
            return Ok(());
        }
        Check::new(format!("{} ({what})", self.op), self.rung)
            .device(self.device.info().label())
            .output(what, got.shape())
            .page(self.page)
            .compare(&data, want, rule)?;
        let values: Vec<f64> = data.iter().map(|x| x.value()).collect();
        self.share = self.share.max(tolerance::share_used(&values, want, rule));
        Ok(())
    }
}

/// A 16-bit float's format.
fn narrow(dtype: DType) -> Option<Format> {
    match dtype {
        DType::BF16 => Some(Format::Bf16),
        DType::F16 => Some(Format::F16),
        _ => None,
    }
}
