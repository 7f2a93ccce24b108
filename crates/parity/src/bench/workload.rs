use crate::Outcome;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use strata_check::sample;
use strata_ml::device::random::Stream;
use strata_ml::device::{Buffer, Device, Info, Machine, StepState};
use strata_ml::tensor::{DType, Tensor, numel};

/// The sizes of `gpt-12m`'s training step.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    /// Sequences of a batch.
    pub batch: usize,
    /// Tokens of a sequence.
    pub context: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Heads.
    pub heads: usize,
    /// Tokens of the vocabulary.
    pub vocab: usize,
    /// Elements of the parameter arena.
    pub parameters: usize,
}

impl Shapes {
    /// A batch that suits the device: 64 sequences on a GPU, 4 on a CPU, 1 where a CPU plays GPU.
    pub fn of(info: &Info) -> Self {
        let batch = match info.machine {
            _ if info.caps.software => 1,
            Machine::Cpu => 4,
            _ => 64,
        };
        Shapes { batch, context: 256, width: 384, heads: 6, vocab: 4096, parameters: 12_318_720 }
    }

    /// Rows of activations.
    pub fn rows(&self) -> usize {
        self.batch * self.context
    }
}

/// An op at one of those shapes.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The op.
    pub op: &'static str,
    /// Makes its inputs, and the call.
    pub build: fn(&Shapes, &Inputs) -> Outcome<Run>,
}

/// A workload's device, and what makes its tensors there.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    device: &'a Device,
    /// What activations are kept in.
    stored: DType,
    reshape: Option<&'a dyn Fn(&[usize]) -> Vec<usize>>,
}

impl<'a> Inputs<'a> {
    /// Random ones, for measuring, kept in what the device's precision keeps them in.
    pub fn random(device: &'a Device) -> Self {
        Inputs { device, stored: device.precision().dtype(), reshape: None }
    }

    /// Those in f32, for rungs that round by themselves.
    pub fn wide(self) -> Self {
        Inputs { stored: DType::F32, ..self }
    }

    /// Ones of other shapes than the workload asks for, each a single number that is repeated where
    /// there is no room for more: so that an op can be called with lengths that nobody means.
    pub fn reshaped(device: &'a Device, reshape: &'a dyn Fn(&[usize]) -> Vec<usize>) -> Self {
        Inputs { device, stored: DType::F32, reshape: Some(reshape) }
    }

    /// [`noise`] of a shape: activations.
    pub fn noise(&self, shape: &[usize]) -> Outcome<Tensor> {
        Ok(self.wide_noise(shape)?.cast(self.stored)?)
    }

    /// [`noise`] of what is f32 whatever activations are: gains, biases, gradients of parameters.
    pub fn wide_noise(&self, shape: &[usize]) -> Outcome<Tensor> {
        match self.reshape {
            None => noise(self.device, shape),
            Some(reshape) => self.repeated(DType::F32, &reshape(shape)),
        }
    }

    /// Random whole numbers below `below`.
    pub fn indices(&self, shape: &[usize], below: usize) -> Outcome<Tensor> {
        match self.reshape {
            None => indices(self.device, shape, below),
            Some(reshape) => self.repeated(DType::U32, &reshape(shape)),
        }
    }

    /// Activations that a call writes.
    pub fn result(&self, shape: &[usize]) -> Outcome<Tensor> {
        self.empty(self.stored, shape)
    }

    /// What a call writes.
    pub fn empty(&self, dtype: DType, shape: &[usize]) -> Outcome<Tensor> {
        match self.reshape {
            None => Ok(Tensor::empty(self.device, dtype, shape)?),
            Some(reshape) => self.written(dtype, &reshape(shape)),
        }
    }

    /// What a call adds to: f32.
    pub fn zeros(&self, shape: &[usize]) -> Outcome<Tensor> {
        match self.reshape {
            None => Ok(Tensor::zeros(self.device, DType::F32, shape)?),
            Some(reshape) => self.written(DType::F32, &reshape(shape)),
        }
    }

    fn written(&self, dtype: DType, shape: &[usize]) -> Outcome<Tensor> {
        match Tensor::zeros(self.device, dtype, shape) {
            Ok(tensor) => Ok(tensor),
            Err(_) => self.repeated(dtype, shape),
        }
    }

    fn repeated(&self, dtype: DType, shape: &[usize]) -> Outcome<Tensor> {
        if shape.contains(&0) {
            return Ok(Tensor::empty(self.device, dtype, shape)?);
        }
        Ok(Tensor::zeros(self.device, dtype, &[1])?.broadcast_to(shape)?)
    }
}

impl Deref for Inputs<'_> {
    type Target = Device;

    fn deref(&self) -> &Device {
        self.device
    }
}

/// A call that can be repeated.
pub struct Run {
    /// What it works on.
    pub shape: String,
    /// The call.
    pub call: Box<dyn Fn() -> Outcome>,
}

impl Run {
    /// A run.
    pub fn new(shape: String, call: impl Fn() -> Outcome + 'static) -> Outcome<Self> {
        Ok(Run { shape, call: Box::new(call) })
    }
}

/// Every tensor of a session is another: no cache can know it.
static SEED: AtomicU64 = AtomicU64::new(1);

/// Random normals.
pub fn noise(device: &Device, shape: &[usize]) -> Outcome<Tensor> {
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    Ok(Tensor::from_slice(device, &sample::noise(seed, numel("noise", shape)?), shape)?)
}

/// A random whole number below `below`.
pub(super) fn index(stream: &mut Stream, below: usize) -> u32 {
    let last = u32::try_from(below).unwrap_or(u32::MAX).saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not below 0, and what is too large for 32 bits becomes the last"
    )]
    let drawn = (stream.uniform() * below as f32) as u32;
    drawn.min(last)
}

fn indices(device: &Device, shape: &[usize], below: usize) -> Outcome<Tensor> {
    let n = numel("indices", shape)?;
    let mut stream = Stream::new(SEED.fetch_add(1, Ordering::Relaxed), 1);
    let data: Vec<u32> = (0..n).map(|_| index(&mut stream, below)).collect();
    Ok(Tensor::from_slice(device, &data, shape)?)
}

/// A shape, as reports print it.
pub(crate) fn label(x: &Tensor) -> String {
    format!("{:?}", x.shape())
}

/// Where a training run is in its tenth step.
pub(crate) fn tenth_step(device: &Device) -> Outcome<Buffer> {
    Ok(device.step_state(StepState { step: 10, lr: 1e-4, ..StepState::default() })?)
}
