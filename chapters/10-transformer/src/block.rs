use crate::cache::LayerCache;
use crate::pass::Pass;
use crate::{GptConfig, Result, dropout_add};
use strata_attention::{Options, attention_qkv, forward, merge_heads, split_qkv};
use strata_autograd::{Init, Module, ParamBuilder, Var};
use strata_gelu::linear_gelu;
use strata_layernorm::LayerNorm;
use strata_matmul::Linear;

/// One pre-norm block: x += attention(LayerNorm(x)); x += MLP(LayerNorm(x)).
#[derive(Clone, Debug)]
pub(crate) struct Block {
    index: u32,
    heads: usize,
    ln_1: LayerNorm,
    c_attn: Linear,
    attn_proj: Linear,
    ln_2: LayerNorm,
    c_fc: Linear,
    mlp_proj: Linear,
}

impl Block {
    pub fn new(b: &ParamBuilder, config: &GptConfig, index: u32) -> Self {
        let (c, eps) = (config.n_embd, config.layer_norm_epsilon);
        // region: init
        let wide = Init::Normal(0.02);
        // What a block adds to the residual stream starts smaller the more blocks add to it.
        let out = Init::Normal(0.02 / (2.0 * config.n_layer as f32).sqrt());
        // end: init
        let (attn, mlp) = (b.at("attn"), b.at("mlp"));
        Block {
            index,
            heads: config.n_head,
            ln_1: LayerNorm { eps, ..LayerNorm::new(&b.at("ln_1"), c) },
            c_attn: Linear::new(&attn.at("c_attn"), c, 3 * c, wide),
            attn_proj: Linear::new(&attn.at("c_proj"), c, c, out),
            ln_2: LayerNorm { eps, ..LayerNorm::new(&b.at("ln_2"), c) },
            c_fc: Linear::new(&mlp.at("c_fc"), c, 4 * c, wide),
            mlp_proj: Linear::new(&mlp.at("c_proj"), 4 * c, c, out),
        }
    }

    pub fn forward(&self, x: &Var, pass: Pass, cache: Option<&LayerCache>) -> Result<Var> {
        // Each dropout of the model draws from a stream of its own: 0 is the embedding's.
        let op = |k: u32| 1 + 3 * self.index + k;
        let qkv = self.c_attn.forward(&self.ln_1.forward(x)?)?;
        let mixed = match cache {
            Some(cache) => {
                cache.append(qkv.value(), pass.state)?;
                let [q, _, _] = split_qkv(qkv.value(), self.heads)?;
                let options = Options::causal().cached(pass.state);
                let attended = forward(&q, &cache.keys, &cache.values, &options)?;
                // Of no inputs: a constant, which keeps no tape but knows its launches.
                Var::from_op("attention_cached", merge_heads(&attended.out)?, &[], |_, _| Ok(()))
            }
            None => {
                let options = Options::causal().dropout(pass.dropout, op(0), pass.state);
                attention_qkv(&qkv, self.heads, &options)?
            }
        };
        let x = self.add(x, &self.attn_proj, &mixed, pass, op(1))?;
        let hidden = linear_gelu(&self.c_fc, &self.ln_2.forward(&x)?)?;
        self.add(&x, &self.mlp_proj, &hidden, pass, op(2))
    }

    /// x + dropout(layer(input)); without dropout the sum is part of the matmul.
    fn add(&self, x: &Var, layer: &Linear, input: &Var, pass: Pass, op: u32) -> Result<Var> {
        if pass.dropout == 0.0 {
            return Ok(layer.forward_residual(input, x)?);
        }
        Ok(dropout_add(x, &layer.forward(input)?, pass.dropout, op, pass.state)?)
    }
}
