//! A model that writes.
use crate::failure::{Failure, Outcome, json};
use crate::gpt::NativeGpt;
use crate::guard::guard;
use crate::job::{Job, errand, job};
use crate::lent::Lent;
use crate::trainer::lock;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use strata_ml::transformer::{Generator, Sampling};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    seed: u64,
}

struct Pen {
    generator: Generator,
    /// Logits of the next token, once something was read.
    logits: Option<Vec<f32>>,
    /// Drawn, and not read yet: the last token of a text need not be.
    drawn: Option<u32>,
}

impl Pen {
    fn read(&mut self, tokens: &[u32]) -> Outcome<()> {
        let waiting: Vec<u32> =
            self.drawn.take().into_iter().chain(tokens.iter().copied()).collect();
        self.logits = Some(self.generator.read(&waiting)?);
        Ok(())
    }

    fn next(&mut self) -> Outcome<u32> {
        if self.drawn.is_some() {
            self.read(&[])?;
        }
        let Some(logits) = self.logits.take() else {
            let message = "generate: there is nothing to go on from; read at least one token first";
            return Err(Failure::new("value", "generate", message));
        };
        let token = self.generator.draw(&logits);
        self.drawn = Some(token);
        Ok(token)
    }
}

/// A model that writes, token by token.
#[napi]
pub struct NativeWriter {
    pen: Arc<Mutex<Pen>>,
}

/// A writer that has read nothing yet.
#[napi]
pub fn create_writer(gpt: &NativeGpt, sampling: String) -> napi::Result<NativeWriter> {
    guard(|| {
        let wanted: Wanted = serde_json::from_str(&sampling).map_err(json("generate"))?;
        let sampling = Sampling {
            temperature: wanted.temperature,
            top_k: wanted.top_k,
            top_p: wanted.top_p,
            seed: wanted.seed,
        };
        let generator = Generator::new(&gpt.gpt, sampling)?;
        Ok(NativeWriter { pen: Arc::new(Mutex::new(Pen { generator, logits: None, drawn: None })) })
    })
}

#[napi]
impl NativeWriter {
    /// Reads tokens.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn read(&self, tokens: Lent<u32>) -> napi::Result<AsyncTask<Job<(), ()>>> {
        guard(|| {
            let (pen, tokens) = (self.pen.clone(), tokens.owned()?);
            Ok(errand(move || lock(&pen).read(&tokens)))
        })
    }

    /// The next token.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn next(&self) -> AsyncTask<Job<u32, u32>> {
        let pen = self.pen.clone();
        job(move || lock(&pen).next(), Ok)
    }
}
