use crate::block::Block;
use crate::cache::KvCache;
use crate::pass::Pass;
use crate::{Error, GptConfig, Result};
use strata_autograd::{Init, ParamBuilder, ParamInfo, Parameter, Parameters, Var, Weights};
use strata_data::embedding;
use strata_device::{Device, Precision};
use strata_layernorm::LayerNorm;
use strata_loss::{CrossEntropy, cross_entropy_with};
use strata_matmul::linear_tied;
use strata_tensor::{DType, Error as TensorError, Tensor};

/// A GPT-2-shaped transformer: token and position tables, pre-norm blocks, a final LayerNorm, and
/// the token table once more as the head (Radford et al., "Language models are unsupervised
/// multitask learners", 2019).
///
/// Clones are the same model: they share weights and gradients.
#[derive(Clone, Debug)]
pub struct Gpt {
    config: GptConfig,
    wte: Parameter,
    wpe: Parameter,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    parameters: Parameters,
}

// region: stored
/// What weights and activations are stored in where this precision is asked for; f32 if none.
fn stored_in(precision: Precision) -> Option<DType> {
    match precision {
        Precision::Bf16 => Some(DType::BF16),
        // f16 would need its loss scaled, and tf32 is a way to multiply.
        Precision::F32 | Precision::Tf32 | Precision::F16 => None,
    }
}
// end: stored

impl Gpt {
    /// A model with fresh weights, drawn from `seed` as GPT-2 draws them: normal with deviation
    /// 0.02, divided by √(2·layers) where a block writes to the residual stream.
    ///
    /// # Errors
    /// An impossible configuration; the device has no room.
    pub fn new(config: &GptConfig, device: &Device, seed: u64) -> Result<Self> {
        Self::declared(config, device, |root| Ok(root.build(device, seed)?))
    }

    /// A model whose weights come from elsewhere: none are drawn, and no memory is taken before
    /// they are known to fit.
    ///
    /// # Errors
    /// As [`new`](Self::new); the weights do not fit.
    pub fn with_weights(
        config: &GptConfig,
        device: &Device,
        weights: &mut impl Weights<Error>,
    ) -> Result<Self> {
        Self::declared(config, device, |root| root.build_with(device, weights))
    }

    /// Tensors of a block: two LayerNorms and four linear layers, each a weight and a bias.
    pub(crate) const TENSORS_IN_A_LAYER: usize = 12;

    fn declared(
        config: &GptConfig,
        device: &Device,
        build: impl FnOnce(&ParamBuilder) -> Result<Parameters>,
    ) -> Result<Self> {
        config.validate()?;
        let (v, t, c) = (config.vocab_size, config.n_positions, config.n_embd);
        let root = ParamBuilder::new().shadowed(stored_in(device.settings().precision));
        let b = root.at("transformer");
        let wte = b.param("wte.weight", &[v, c], Init::Normal(0.02), true);
        let wpe = b.param("wpe.weight", &[t, c], Init::Normal(0.02), true);
        let h = b.at("h");
        let block = |i| Block::new(&h.at(&format!("{i}")), config, i);
        let blocks = (0..).take(config.n_layer).map(block).collect();
        let ln_f = LayerNorm { eps: config.layer_norm_epsilon, ..LayerNorm::new(&b.at("ln_f"), c) };
        let parameters = build(&root)?;
        Ok(Gpt { config: config.clone(), wte, wpe, blocks, ln_f, parameters })
    }

    /// Its shape.
    pub fn config(&self) -> &GptConfig {
        &self.config
    }

    /// Its parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The first parameter that holds a NaN or an infinity; none in a sound model.
    ///
    /// # Errors
    /// The device fails.
    pub async fn non_finite_parameter_async(&self) -> Result<Option<String>> {
        let values = self.parameters.values()?.cast(DType::F32)?.read::<f32>().await?;
        let sound = |info: &ParamInfo| {
            let mut numbers = values.iter().skip(info.offset).take(info.shape.iter().product());
            numbers.all(|x| x.is_finite())
        };
        let broken = self.parameters.infos().iter().find(|info| !sound(info));
        Ok(broken.map(|info| info.name.clone()))
    }

    /// An error for a result of the model's that is NaN or infinite, with the parameter to blame.
    pub async fn not_finite_async(&self, what: &'static str) -> Error {
        let cause = match self.non_finite_parameter_async().await {
            Ok(Some(name)) => format!(
                "parameter {name} holds a NaN or an infinity; the weights are damaged, or come from \
                 a run that diverged"
            ),
            Ok(None) => "every parameter is finite, what they give together is not".into(),
            Err(error) => return error,
        };
        Error::NotFinite { what, cause }
    }

    /// Where it lives.
    pub fn device(&self) -> &Device {
        self.parameters.device()
    }

    /// Logits \[batch, rows, vocab\] for token ids \[batch, rows\] (u32).
    ///
    /// # Errors
    /// More rows than positions; ids of another rank or dtype.
    pub fn forward(&self, ids: &Tensor, pass: Pass) -> Result<Var> {
        let x = self.hidden(ids, pass, None)?;
        Ok(linear_tied(&x, self.wte.var()?)?)
    }

    /// Logits \[batch, 1, vocab\] of the row after `ids`, whose keys and values join the cache at
    /// the position that the step state holds.
    ///
    /// # Errors
    /// As [`forward`](Self::forward); a cache of another model.
    pub fn forward_cached(&self, ids: &Tensor, pass: Pass, cache: &KvCache) -> Result<Var> {
        let x = self.hidden(ids, pass, Some(cache))?;
        #[expect(
            clippy::indexing_slicing,
            reason = "`hidden` takes [batch, rows], rows at least 1"
        )]
        let last = x.narrow(1, ids.shape()[1] - 1, 1)?;
        Ok(linear_tied(&last, self.wte.var()?)?)
    }

    /// Mean cross-entropy in nats of `targets` \[batch, rows\] (u32, `u32::MAX` is not scored).
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn loss(&self, ids: &Tensor, targets: &Tensor, pass: Pass) -> Result<Var> {
        self.loss_with(ids, targets, pass, &CrossEntropy::default())
    }

    /// [`loss`](Self::loss) with smoothed labels, class weights or both.
    ///
    /// # Errors
    /// As [`loss`](Self::loss); a smoothing or weights that cross-entropy does not take.
    pub fn loss_with(
        &self,
        ids: &Tensor,
        targets: &Tensor,
        pass: Pass,
        how: &CrossEntropy,
    ) -> Result<Var> {
        let logits = self.forward(ids, pass)?;
        let rows = ids.numel();
        let logits = logits.reshape(&[rows, self.config.vocab_size])?;
        Ok(cross_entropy_with(&logits, &targets.reshape(&[rows])?, how)?)
    }

    fn hidden(&self, ids: &Tensor, pass: Pass, cache: Option<&KvCache>) -> Result<Var> {
        let rows = match ids.shape() {
            [_, rows] if *rows > 0 => *rows,
            other => {
                let reason = "token ids have shape [batch, rows], rows at least 1";
                return Err(TensorError::shape("gpt", &[other], reason).into());
            }
        };
        if rows > self.config.n_positions {
            let most = self.config.n_positions;
            let reason = format!("{rows} rows, but the model has {most} positions");
            return Err(TensorError::shape("gpt", &[ids.shape()], reason).into());
        }
        let state = cache.map(|_| pass.state);
        let mut x = embedding(ids, self.wte.var()?, Some(self.wpe.var()?), state)?;
        x = crate::dropout(&x, pass.dropout, 0, pass.state)?;
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, pass, cache.map(|c| c.layer(i)).transpose()?)?;
        }
        Ok(self.ln_f.forward(&x)?)
    }
}
