use crate::dropout::check_state;
use crate::{Error, GptConfig, Result, cpu};
use strata_device::{Buffer, Device, Ladder, LadderInfo, Rung, StepState, Stored, kernel};
use strata_tensor::{DType, Error as TensorError, Tensor};

const OP: &str = "kv_append";

/// Keys and values of every position seen so far, on the device: what makes the next token cost one
/// row instead of the whole context.
#[derive(Debug)]
pub struct KvCache {
    layers: Vec<LayerCache>,
}

/// One block's keys and values, \[batch, heads, positions, head_dim\].
#[derive(Debug)]
pub struct LayerCache {
    /// Keys.
    pub keys: Tensor,
    /// Values.
    pub values: Tensor,
}

impl KvCache {
    /// An empty cache for `batch` sequences of a model, in f32.
    ///
    /// # Errors
    /// An impossible configuration; the device has no room.
    pub fn new(config: &GptConfig, batch: usize, device: &Device) -> Result<Self> {
        Self::stored(config, batch, device, DType::F32)
    }

    /// [`new`](Self::new) with keys and values kept in this dtype.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn stored(config: &GptConfig, batch: usize, device: &Device, dtype: DType) -> Result<Self> {
        config.validate()?;
        let shape = [batch, config.n_head, config.n_positions, config.head_dim()];
        let fresh = || Tensor::zeros(device, dtype, &shape);
        let layer = |_| Ok(LayerCache { keys: fresh()?, values: fresh()? });
        Ok(KvCache { layers: (0..config.n_layer).map(layer).collect::<Result<_>>()? })
    }

    /// A block's part.
    ///
    /// # Errors
    /// The cache was made for a model of fewer blocks.
    pub fn layer(&self, i: usize) -> Result<&LayerCache> {
        self.layers.get(i).ok_or_else(|| {
            let have = self.layers.len();
            Error::Value(format!("the cache is of a model of {have} layers: it has no layer {i}"))
        })
    }
}

#[derive(Debug)]
pub(crate) struct Args {
    qkv: Tensor,
    cache: Tensor,
    state: Buffer,
    /// 1 for the keys, 2 for the values: which third of a row of `qkv`.
    part: usize,
}

kernel! {
    /// Moves keys or values of new rows to their places.
    pub(crate) mod append {
        bindings { qkv: read Stored, state: read StepState, cache: write Stored }
        params {
            n: usize,
            rows: usize,
            heads: usize,
            head_dim: usize,
            positions: usize,
            /// 1 for the keys, 2 for the values: which third of a row of `qkv`.
            part: usize,
        }
    }
    static APPEND = "kv_append/1_naive"(kv_append) {
        cuda, wgsl, cpu: cpu::kv_append in "src/cpu/kv_append.rs"
    }
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung::new("1_naive", &[&APPEND], |a, _| {
        let &[batch, rows, _] = a.qkv.shape() else { return Ok(Vec::new()) };
        let &[_, heads, positions, head_dim] = a.cache.shape() else { return Ok(Vec::new()) };
        let n = batch * rows * heads * head_dim;
        let bindings = append::Bindings {
            qkv: a.qkv.binding(),
            state: a.state.slice(0, size_of::<StepState>()),
            cache: a.cache.binding(),
        };
        let bytes = n * (a.qkv.dtype().size() + a.cache.dtype().size());
        let params = append::Params { n, rows, heads, head_dim, positions, part: a.part };
        Ok(vec![APPEND.launch(bindings, params).cover(n, 256).cost(0.0, bytes as f64)])
    })],
};

/// This file's ladder.
pub(crate) fn ladder() -> LadderInfo {
    LADDER.info()
}

impl LayerCache {
    /// Writes the keys and values of `qkv` \[batch, rows, 3·width\], stored in the cache's dtype, at the
    /// positions from the step state's on; rows past the cache's end are dropped.
    ///
    /// # Errors
    /// Shapes that do not fit the cache; a dtype that has no rung; a cache that is strided; devices
    /// that differ; a state buffer that is too small.
    pub fn append(&self, qkv: &Tensor, state: &Buffer) -> Result<()> {
        let (keys, values) = (self.keys.shape(), self.values.shape());
        let fits = match (qkv.shape(), keys) {
            (&[b, _, c], &[batch, heads, _, head_dim]) => {
                let width = heads.checked_mul(head_dim).and_then(|width| width.checked_mul(3));
                b == batch && width == Some(c) && keys == values
            }
            _ => false,
        };
        if !fits {
            let reason = "qkv must be [batch, rows, 3 * heads * head_dim] of the cache, whose keys \
                          and values are [batch, heads, positions, head_dim]";
            return Err(TensorError::shape(OP, &[qkv.shape(), keys, values], reason).into());
        }
        qkv.expect_float(OP)?;
        for cache in [&self.keys, &self.values] {
            cache.expect_float(OP)?;
            qkv.same_device(OP, cache)?;
            cache.expect_contiguous(OP)?;
        }
        check_state(OP, qkv, state)?;
        if qkv.numel() == 0 || self.keys.numel() == 0 {
            return Ok(());
        }
        let qkv = qkv.contiguous()?;
        for (cache, part) in [(&self.keys, 1), (&self.values, 2)] {
            let args = Args { qkv: qkv.clone(), cache: cache.clone(), state: state.clone(), part };
            LADDER.run(&args, cache.device())?;
        }
        Ok(())
    }
}
