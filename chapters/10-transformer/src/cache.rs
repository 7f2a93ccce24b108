use crate::{GptConfig, Result, cpu};
use strata_device::{
    Access, Buffer, Device, Kernel, Ladder, LadderInfo, Launch, Needs, Rung, cpu_text,
};
use strata_tensor::{DType, Error, Tensor};

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
    /// An empty cache for `batch` sequences of a model.
    ///
    /// # Errors
    /// The device has no room.
    pub fn new(config: &GptConfig, batch: usize, device: &Device) -> Result<Self> {
        let shape = [batch, config.n_head, config.n_positions, config.head_dim()];
        let fresh = || Tensor::zeros(device, DType::F32, &shape);
        let layer = |_| Ok(LayerCache { keys: fresh()?, values: fresh()? });
        Ok(KvCache { layers: (0..config.n_layer).map(layer).collect::<Result<_>>()? })
    }

    /// A block's part.
    pub fn layer(&self, i: usize) -> &LayerCache {
        &self.layers[i]
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

static APPEND: Kernel =
    Kernel::new("kv_append/1_naive", "kv_append", &[Access::Read, Access::Read, Access::Write])
        .cuda(strata_kernels::source("kv_append/1_naive"), strata_kernels::INCLUDES)
        .wgsl(strata_shaders::source("kv_append/1_naive"), strata_shaders::INCLUDES)
        .cpu(cpu::kv_append)
        .rust(cpu_text!("chapters/10-transformer" / "src/cpu/kv_append.rs", kv_append));

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "kv_append",
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&APPEND],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let [batch, rows, _] = a.qkv.shape() else { return Ok(Vec::new()) };
            let [_, heads, positions, head_dim] = a.cache.shape() else { return Ok(Vec::new()) };
            let n = batch * rows * heads * head_dim;
            Ok(vec![
                Launch::new(&APPEND)
                    .bind(&a.qkv.flat())
                    .bind(&a.state.whole())
                    .bind(&a.cache.flat())
                    .size(n)
                    .size(*rows)
                    .size(*heads)
                    .size(*head_dim)
                    .size(*positions)
                    .size(a.part)
                    .cover(n, 256)
                    .cost(0.0, 8.0 * n as f64),
            ])
        },
    }],
};

/// This file's ladder.
pub(crate) fn ladder() -> LadderInfo {
    LADDER.info()
}

impl LayerCache {
    /// Writes the keys and values of `qkv` \[batch, rows, 3·width\] at the positions from the step
    /// state's on; rows past the cache's end are dropped.
    ///
    /// # Errors
    /// Shapes that do not fit the cache.
    pub fn append(&self, qkv: &Tensor, state: &Buffer) -> Result<()> {
        let shape = self.keys.shape();
        let width = shape[1] * shape[3];
        let fits = matches!(qkv.shape(), [b, _, c] if *b == shape[0] && *c == 3 * width);
        if !fits {
            let reason = "qkv must be [batch, rows, 3 * heads * head_dim] of the cache";
            return Err(Error::shape("kv_append", &[qkv.shape(), shape], reason).into());
        }
        let qkv = qkv.contiguous()?;
        for (cache, part) in [(&self.keys, 1), (&self.values, 2)] {
            let args = Args { qkv: qkv.clone(), cache: cache.clone(), state: state.clone(), part };
            LADDER.run(&args, cache.device())?;
        }
        Ok(())
    }
}
