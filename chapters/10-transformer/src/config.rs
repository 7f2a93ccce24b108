use serde::{Deserialize, Serialize};
use strata_tensor::{Error, Result};

/// The shape of a GPT: the fields, and their names, that `transformers` writes for GPT-2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GptConfig {
    /// Rows of the token table.
    pub vocab_size: usize,
    /// The longest context.
    pub n_positions: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Transformer blocks.
    pub n_layer: usize,
    /// Attention heads in each block.
    pub n_head: usize,
    /// Added to the variance in LayerNorm.
    #[serde(default = "default_epsilon")]
    pub layer_norm_epsilon: f32,
}

fn default_epsilon() -> f32 {
    1e-5
}

impl GptConfig {
    /// The presets' names, largest first.
    pub const PRESETS: [&str; 3] = ["gpt-12m", "gpt-1m", "gpt-nano"];

    /// A preset: `gpt-12m` (12,318,720 parameters), `gpt-1m` (1,071,872) or `gpt-nano`.
    ///
    /// # Errors
    /// No preset of that name.
    pub fn preset(name: &str) -> Result<Self> {
        let (n_layer, n_head, n_embd, n_positions, vocab_size) = match name {
            "gpt-12m" => (6, 6, 384, 256, 4096),
            "gpt-1m" => (4, 4, 128, 128, 2048),
            "gpt-nano" => (2, 2, 64, 64, 512),
            _ => {
                let all = Self::PRESETS.join(", ");
                return Err(Error::value(
                    "preset",
                    format!("there is no {name:?}; there are {all}"),
                ));
            }
        };
        let layer_norm_epsilon = default_epsilon();
        Ok(GptConfig { vocab_size, n_positions, n_embd, n_layer, n_head, layer_norm_epsilon })
    }

    /// Width of one head.
    pub fn head_dim(&self) -> usize {
        self.n_embd / self.n_head.max(1)
    }

    /// Checks that a model of this shape can be built.
    ///
    /// # Errors
    /// A zero, a width that the heads do not divide, heads wider than 128, or more parameters than
    /// an arena can hold; the message names the field.
    pub fn validate(&self) -> Result<()> {
        let fail = |reason: String| Err(Error::value("config", reason));
        // Each alone bounds an allocation; larger values are a typing error or an attack.
        for (name, value, most) in [
            ("vocab_size", self.vocab_size, 1 << 24),
            ("n_positions", self.n_positions, 1 << 24),
            ("n_embd", self.n_embd, 1 << 20),
            ("n_layer", self.n_layer, 1 << 12),
            ("n_head", self.n_head, 1 << 16),
        ] {
            if value == 0 {
                return fail(format!("{name} is 0; it must be at least 1"));
            }
            if value > most {
                return fail(format!("{name} is {value}; at most {most} makes sense"));
            }
        }
        if !self.n_embd.is_multiple_of(self.n_head) {
            let (c, h) = (self.n_embd, self.n_head);
            return fail(format!("n_embd ({c}) must be a multiple of n_head ({h})"));
        }
        if self.head_dim() > 128 {
            return fail(format!("a head is {} wide; the kernels take up to 128", self.head_dim()));
        }
        let eps = self.layer_norm_epsilon;
        if !(eps > 0.0 && eps < 1.0) {
            return fail(format!("layer_norm_epsilon is {eps}; it must lie between 0 and 1"));
        }
        match self.parameters() {
            n if n > u64::from(u32::MAX) => {
                fail(format!("{n} parameters are more than an arena of 2^32 can hold"))
            }
            _ => Ok(()),
        }
    }

    /// The number of parameters; the head is the token table and counts once.
    pub fn parameters(&self) -> u64 {
        let [v, t, c, l] =
            [self.vocab_size, self.n_positions, self.n_embd, self.n_layer].map(|x| x as u64);
        // Also of a configuration that nobody has validated: more than can be counted is the most.
        let times = u64::saturating_mul;
        let block = times(12, times(c, c)).saturating_add(times(13, c));
        [times(v, c), times(t, c), times(l, block), times(2, c)]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// FLOPs that one token costs, forward and backward: 6 for each parameter of a matrix (the head
    /// counts, the tables do not) and 12·n_embd·context in each block's attention, halved because it
    /// is causal.
    pub fn flops_per_token(&self, context: usize) -> f64 {
        let [c, l, v] = [self.n_embd, self.n_layer, self.vocab_size].map(|x| x as f64);
        6.0 * (12.0 * c * c * l + v * c) + 6.0 * l * c * context as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_the_sizes_the_book_says() {
        let count = |name| GptConfig::preset(name).unwrap().parameters();
        assert_eq!(count("gpt-12m"), 12_318_720);
        assert_eq!(count("gpt-1m"), 1_071_872);
        assert!(GptConfig::preset("gpt-5").unwrap_err().to_string().contains("gpt-12m"));
    }

    #[test]
    fn impossible_shapes_are_named() {
        let base = GptConfig::preset("gpt-nano").unwrap();
        let cases: [(GptConfig, &str); 4] = [
            (GptConfig { n_head: 0, ..base.clone() }, "n_head"),
            (GptConfig { n_head: 3, ..base.clone() }, "multiple"),
            (GptConfig { vocab_size: usize::MAX, ..base.clone() }, "vocab_size"),
            (GptConfig { n_head: 1, n_embd: 4096, ..base.clone() }, "128"),
        ];
        for (config, word) in cases {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
        assert!(base.validate().is_ok());
        let all = usize::MAX;
        let most =
            GptConfig { vocab_size: all, n_positions: all, n_embd: all, n_layer: all, ..base };
        assert_eq!(most.parameters(), u64::MAX);
    }
}
