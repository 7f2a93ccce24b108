use crate::{Error, GptConfig, Result};
use serde_json::{Value, json};
use std::path::Path;
use strata_data::Tokenizer;
use strata_tensor::DType;

/// The largest `config.json` and `trainer.json` that are read; they have a few hundred bytes.
pub(crate) const MOST: u64 = 1 << 20;

/// `config.json` as `transformers` reads it for a `GPT2LMHeadModel` whose weights are in this dtype.
pub fn write_config(config: &GptConfig, tokenizer: &Tokenizer, dtype: DType) -> String {
    let end = tokenizer.end_of_text();
    let dtype = match dtype {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        _ => "float32",
    };
    let value = json!({
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.n_positions,
        "n_embd": config.n_embd,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_inner": null,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": config.layer_norm_epsilon,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "initializer_range": 0.02,
        "tie_word_embeddings": true,
        "bos_token_id": end,
        "eos_token_id": end,
        "dtype": dtype,
    });
    // Strings, numbers and null: there is nothing in it that JSON cannot hold.
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

/// Reads `config.json` and refuses what this engine would compute differently.
///
/// # Errors
/// Missing, not JSON, not a GPT-2, or with a feature that Strata's model does not have.
pub fn read_config(path: &Path) -> Result<GptConfig> {
    parse_config(path, &strata_files::read(path, MOST)?)
}

/// [`read_config`] of bytes that `path` held.
pub(crate) fn parse_config(path: &Path, bytes: &[u8]) -> Result<GptConfig> {
    let fail = |reason: String| Error::checkpoint(path, reason);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|e| fail(format!("not valid JSON: {e}")))?;
    let allowed: [(&str, &[Value]); 7] = [
        ("model_type", &[json!("gpt2")]),
        ("activation_function", &[json!("gelu_new"), json!("gelu_pytorch_tanh")]),
        ("tie_word_embeddings", &[json!(true)]),
        ("scale_attn_weights", &[json!(true)]),
        ("scale_attn_by_inverse_layer_idx", &[json!(false)]),
        ("add_cross_attention", &[json!(false)]),
        ("n_inner", &[Value::Null]),
    ];
    for (key, values) in allowed {
        let Some(have) = value.get(key) else { continue };
        // Four times the width is what `null` stands for.
        let inner = || value.get("n_embd")?.as_u64()?.checked_mul(4).map(Value::from);
        let usual = key == "n_inner" && inner().as_ref() == Some(have);
        if !values.contains(have) && !usual {
            let want = values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
            return Err(fail(format!("{key} is {have}; this engine's GPT-2 has {want}")));
        }
    }
    let config: GptConfig = serde_json::from_value(value).map_err(|e| fail(e.to_string()))?;
    config.validate().map_err(|e| fail(e.to_string()))?;
    Ok(config)
}
