//! Writes what `bench/torch/verify_checkpoint.py` compares with `transformers`: the logits of a
//! checkpoint for a short text.
//!
//! ```sh
//! cargo run -p strata-transformer --example logits -- CHECKPOINT LOGITS.safetensors
//! python bench/torch/verify_checkpoint.py CHECKPOINT LOGITS.safetensors
//! ```
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use strata_device::{Device, Settings, StepState};
use strata_tensor::Tensor;
use strata_transformer::{Pass, checkpoint};

const TEXT: &str = "Then it began to rain, and the path turned to mud.";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, folder, file] = args.as_slice() else {
        return Err("usage: logits CHECKPOINT LOGITS.safetensors".into());
    };
    let (device, _) = Device::best(Settings::default())?;
    let loaded = checkpoint::load(Path::new(folder), &device)?;
    let text_ids = loaded.tokenizer.encode(TEXT.as_bytes())?;
    let n = text_ids.len().min(loaded.model.config().n_positions);
    let state = device.step_state(StepState::default())?;
    let ids = Tensor::from_slice(&device, &text_ids[..n], &[1, n])?;
    let logits = loaded.model.forward(&ids, Pass { state: &state, dropout: 0.0 })?;
    let values: Vec<f32> = logits.value().to_vec()?;
    let signed: Vec<i32> = text_ids.iter().map(|&id| id as i32).collect();
    let ints = |x| TensorView::new(Dtype::I32, x, bytemuck::cast_slice(&signed[..]));
    let views = [
        ("ids", TensorView::new(Dtype::I32, vec![1, n], bytemuck::cast_slice(&signed[..n]))?),
        (
            "logits",
            TensorView::new(Dtype::F32, logits.shape().to_vec(), bytemuck::cast_slice(&values))?,
        ),
        ("text_ids", ints(vec![signed.len()])?),
    ];
    let metadata = HashMap::from([("text".to_string(), TEXT.to_string())]);
    std::fs::write(file, safetensors::serialize(views, Some(metadata))?)?;
    println!("{n} rows of {} logits for {TEXT:?} in {file}", loaded.model.config().vocab_size);
    Ok(())
}
