//! A model that writes.
use crate::engine::transformer::{Generator, Sampling};
use crate::error::parse;
use crate::trainer::take;
use crate::{Elements, Gpt, Job, Result};
use serde::Deserialize;
use std::sync::{Arc, Mutex};

exports! { ($) writer_class
    class Writer as NativeWriter
    later {
        read: (tokens: LentIds) -> Unit;
        next: () -> u32;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplingOptions {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    seed: u64,
}

/// A text in progress.
struct Text {
    generator: Generator,
    /// Logits of the next token, once something was read.
    logits: Option<Vec<f32>>,
    /// Drawn, and not read yet: the last token of a text need not be.
    pending: Option<u32>,
}

impl Text {
    async fn read(&mut self, tokens: &[u32]) -> Result<()> {
        let unread: Vec<u32> =
            self.pending.take().into_iter().chain(tokens.iter().copied()).collect();
        self.logits = Some(self.generator.read_async(&unread).await?);
        Ok(())
    }

    async fn next(&mut self) -> Result<u32> {
        if self.pending.is_some() {
            self.read(&[]).await?;
        }
        let Some(logits) = self.logits.take() else {
            let why = "there is nothing to go on from; read at least one token first";
            return Err(error!("value", "generate", "{why}"));
        };
        let token = self.generator.draw(&logits);
        self.pending = Some(token);
        Ok(token)
    }
}

/// A model that writes, token by token.
pub struct Writer(Arc<Mutex<Text>>);

/// A writer that has read nothing yet.
pub fn create_writer(gpt: &Gpt, sampling: String) -> Result<Writer> {
    let SamplingOptions { temperature, top_k, top_p, seed } = parse("generate", &sampling)?;
    let generator = Generator::new(&gpt.gpt, Sampling { temperature, top_k, top_p, seed })?;
    Ok(Writer(Arc::new(Mutex::new(Text { generator, logits: None, pending: None }))))
}

const BUSY: &str = "a token is being written already; await it first";

impl Writer {
    /// Reads tokens.
    pub fn read(&self, tokens: impl Elements<u32>) -> Result<Job<()>> {
        let (text, tokens) = (self.0.clone(), tokens.get()?.into_owned());
        Ok(Job::of(async move || take(&text, "generate", BUSY)?.read(&tokens).await))
    }

    /// The next token.
    pub fn next(&self) -> Result<Job<u32>> {
        let text = self.0.clone();
        Ok(Job::of(async move || take(&text, "generate", BUSY)?.next().await))
    }
}
