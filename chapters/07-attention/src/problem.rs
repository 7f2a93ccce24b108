use crate::Options;
use crate::params::{Params, View};
use strata_device::{Buffer, Device, Kernel, Launch, Machine, Slice, StepState, Takes, room};
use strata_tensor::{DType, Error, Layout, Result, Tensor, ops::copy_into};

/// Checked inputs and sizes of an attention: what forward and backward share.
#[derive(Debug)]
pub(crate) struct Problem {
    pub q: Tensor,
    pub k: Tensor,
    pub v: Tensor,
    pub options: Options,
    pub batch: usize,
    pub heads: usize,
    pub rows: usize,
    pub keys: usize,
    pub dim: usize,
    /// The step state and the mask behind it, if there is a mask.
    masked: Option<Slice>,
}

/// Words of a step state.
const STATE: usize = size_of::<StepState>() / size_of::<u32>();

/// The longest query that the tiles are made for.
pub(crate) const MAX_DIM: usize = 128;

impl Problem {
    pub fn new(
        op: &'static str,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        options: &Options,
    ) -> Result<Self> {
        let fail = |reason: &str| Err(Error::shape(op, &[q.shape(), k.shape(), v.shape()], reason));
        let (&[batch, heads, rows, dim], &[b, h, keys, d]) = (q.shape(), k.shape()) else {
            return fail("queries, keys and values have the shape [batch, heads, rows, head_dim]");
        };
        if k.shape() != v.shape() {
            return fail("there is one value for each key: their shapes must be equal");
        }
        if (batch, heads, dim) != (b, h, d) {
            return fail("queries and keys must have the same batch, heads and head_dim");
        }
        if dim > MAX_DIM {
            return fail("head_dim is at most 128");
        }
        if keys == 0 && q.numel() > 0 {
            return fail("there is no key to attend to");
        }
        if rows > keys && (options.causal || options.cached.is_some()) {
            return fail("causal attention needs a key for each query: the first ones see nothing");
        }
        for tensor in [q, k, v] {
            tensor.expect_float(op)?;
            q.same_device(op, tensor)?;
        }
        options.check(op, q, keys)?;
        let [q, k, v] = [in_rows(q)?, in_rows(k)?, in_rows(v)?];
        let (mut options, masked) = (options.clone(), None);
        if let Some(mask) = options.key_mask.take() {
            // Kernels read it by the word.
            let halves = mask.dtype().size() == 2;
            options.key_mask = Some(if halves { mask.cast(DType::F32)? } else { mask });
        }
        Ok(Problem { q, k, v, options, batch, heads, rows, keys, dim, masked })
    }

    /// Puts the mask where kernels look for it: behind the step state, for WebGPU promises them no
    /// buffer more. Both are copied on the device, so that a recorded step finds those of its replay.
    pub fn place_mask(&mut self, op: &'static str) -> Result<()> {
        let Some(mask) = &self.options.key_mask else { return Ok(()) };
        let words =
            |buffer: &Buffer, layout| Tensor::from_buffer(buffer.clone(), DType::U32, layout);
        let (device, all) = (self.device(), STATE.saturating_add(mask.numel()));
        let both = Tensor::empty_for(op, device, DType::U32, &[all])?;
        if let Some(state) = self.step_state() {
            let state = words(state, Layout::contiguous(&[STATE]))?;
            copy_into(&state, &both.narrow(0, 0, STATE)?)?;
        }
        let behind = both.narrow(0, STATE, mask.numel())?.reshape(mask.shape())?;
        copy_into(&words(mask.buffer(), mask.layout().clone())?, &behind)?;
        // Not the u32 that it was put together as.
        self.masked = Some(Slice { dtype: None, ..both.binding() });
        Ok(())
    }

    /// The buffer of the step state, if kernels read it.
    fn step_state(&self) -> Option<&Buffer> {
        let dropout = self.options.drops().map(|dropout| &dropout.state);
        dropout.or(self.options.cached.as_ref())
    }

    pub fn device(&self) -> &Device {
        self.q.device()
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.q.numel() == 0
    }

    /// Whether the CPU has room for what its kernels take besides the tensors: a few words for each row,
    /// and for each head that is worked on so many copies of its rows, padded to whole vectors.
    pub fn room(&self, op: &'static str, copies: usize) -> Result<()> {
        if self.device().machine() != Machine::Cpu {
            return Ok(());
        }
        let rows = self.rows.saturating_add(self.keys);
        let heads = self.batch.saturating_mul(self.heads);
        let lines = heads.saturating_mul(rows).saturating_mul(64);
        let at_once = heads.min(self.device().info().caps.units as usize);
        // A few queries are not packed, nor are their keys.
        let copies = if self.rows < 4 && copies < 3 { 0 } else { copies };
        let row = self.dim.next_multiple_of(32) * size_of::<f32>() * copies;
        let packed = at_once.saturating_mul(rows).saturating_mul(row);
        Ok(room::room(op, lines.saturating_add(packed))?)
    }

    /// Whether probabilities are dropped.
    pub fn drops(&self) -> bool {
        self.options.drops().is_some()
    }

    /// Query-key pairs that are looked at, over all heads. With a cache the most there can be: how
    /// many keys are valid is known to the device only.
    pub fn pairs(&self) -> f64 {
        let (rows, keys) = (self.rows as f64, self.keys as f64);
        let each = if self.options.causal { keys - (rows - 1.0) / 2.0 } else { keys };
        (self.batch * self.heads) as f64 * rows * each
    }

    /// Rows of queries over all heads.
    pub fn all_rows(&self) -> usize {
        self.batch * self.heads * self.rows
    }

    /// The step state, or any bytes for kernels that will not look at them; and the mask behind it.
    pub fn state(&self) -> Slice {
        if let Some(both) = &self.masked {
            return both.clone();
        }
        // Memory comes in multiples of 256 bytes, so there are this many even behind one number.
        let buffer = self.step_state().unwrap_or(self.q.buffer());
        buffer.slice(0, size_of::<StepState>())
    }

    /// The bits of a mask's word that say whether a key may be seen; 0 without a mask.
    fn mask_bits(&self) -> u32 {
        match self.options.key_mask.as_ref().map(Tensor::dtype) {
            None => 0,
            // -0 is 0.
            Some(dtype) if dtype.is_float() => !(1 << 31),
            Some(_) => u32::MAX,
        }
    }

    /// What kernels take besides tensors, but for where these lie.
    pub fn params(&self) -> Params {
        let (options, dropout) = (&self.options, self.options.drops());
        let none = View::default();
        Params {
            q: none,
            k: none,
            v: none,
            out: none,
            batch: self.batch,
            heads: self.heads,
            rows: self.rows,
            keys: self.keys,
            dim: self.dim,
            scale: options.scale.unwrap_or(1.0 / (self.dim as f32).sqrt()),
            p: dropout.map_or(0.0, |d| d.p),
            op: dropout.map_or(0, |d| d.op),
            dq: none,
            dk: none,
            dv: none,
        }
    }

    /// A launch with the constants that all kernels share; see kernels/include/attention.cuh.
    pub fn launch<B>(&self, kernel: &'static Kernel, bindings: B, params: Params) -> Launch
    where
        B: Takes<Params = Params>,
    {
        let options = &self.options;
        let launch = kernel.launch(bindings, params);
        // Set only where there is one: a reader's kernel that does not know of masks serves without.
        let launch = match self.mask_bits() {
            0 => launch,
            bits => launch.constant("MASK", bits),
        };
        launch
            .constant("CAUSAL", u32::from(options.causal))
            .constant("DROPOUT", u32::from(self.drops()))
            .constant("USE_POSITION", u32::from(options.cached.is_some()))
    }
}

/// The tensor with its rows in one piece each; a copy only where they are not.
pub(crate) fn in_rows(tensor: &Tensor) -> Result<Tensor> {
    match (tensor.shape().last(), tensor.strides().last()) {
        (Some(2..), Some(&stride)) if stride != 1 => tensor.contiguous(),
        _ => Ok(tensor.clone()),
    }
}

/// A tensor `[batch, heads, rows, dim]` as a binding and its view.
pub(crate) fn view(tensor: &Tensor) -> (Slice, View) {
    let (slice, offset) = tensor.binding_and_offset();
    (slice, with_offset(tensor, offset))
}

/// Three tensors over one buffer as one binding: WebGPU does not let a kernel write through two.
pub(crate) fn view_together(tensors: [&Tensor; 3]) -> (Slice, [View; 3]) {
    let slices = tensors.map(|tensor| tensor.binding_and_offset().0);
    let start = slices.iter().map(|s| s.offset).min().unwrap_or(0);
    let end = slices.iter().map(|s| s.offset + s.bytes).max().unwrap_or(0);
    let slice = tensors[0].buffer().slice(start, end - start).of(tensors[0].dtype());
    (slice, tensors.map(|t| with_offset(t, t.offset() - start / t.dtype().size())))
}

fn with_offset(tensor: &Tensor, offset: usize) -> View {
    let strides = tensor.strides();
    View { offset, batch: strides[0], head: strides[1], row: strides[2] }
}
