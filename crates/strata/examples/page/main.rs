//! What a page does with the engine, on the processor: it trains the smallest model for three steps,
//! scores it, lets it write, and packs its weights up, without waiting for anything. `.ci/wasm` runs
//! it as WebAssembly, in Node.
//!
//! ```sh
//! cargo run -p strata-ml --example page
//! ```
mod work;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use strata_ml::prelude::*;
use strata_ml::transformer::Error;

/// Runs a future that has nothing to wait for, as all have on the processor.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("it waits, and the processor has nothing to wait for".into()),
    }
}

async fn page() -> Result<work::Found, Error> {
    let device = Device::open_async("cpu", Settings::default()).await?;
    work::work(&device).await
}

fn run() -> Result<String, String> {
    let found = at_once(page())?.map_err(|error| error.to_string())?;
    work::as_expected(&found)?;
    let (losses, text) = (&found.losses, &found.text);
    Ok(format!(
        "losses {losses:?}, {} bytes of weights, and it wrote {text:?}",
        found.weights.len()
    ))
}

fn main() {
    std::panic::set_hook(Box::new(|why| say(&why.to_string())));
    match run() {
        Ok(text) => say(&text),
        Err(text) => panic!("{text}"),
    }
}

/// WebAssembly alone has no output: the text is left in memory, where `.ci/page.mjs` finds it.
fn say(text: &str) {
    match cfg!(target_family = "wasm") {
        true => std::mem::forget(format!("page says: {text}\0")),
        false => println!("{text}"),
    }
}
