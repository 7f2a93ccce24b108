//! A whole run on a thread of its own, which waits for its listener after every event.
use crate::data::NativeDataset;
use crate::events::Listener;
use crate::failure::{Failure, Outcome};
use crate::guard::{caught, guard};
use crate::trainer::{NativeTrainer, Shown, lock, take};
use napi::Env;
use napi::bindgen_prelude::{Function, Object, Unknown};
use napi_derive::napi;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use strata_ml::data::{Dataset, Source};
use strata_ml::transformer::checkpoint::{self, RunFolder};
use strata_ml::transformer::train::{Event, SaveEvery, Saves, Stop, Trainer, fit};

/// What a run's thread needs.
struct Plan {
    trainer: Arc<Mutex<Trainer>>,
    shown: Arc<Mutex<Shown>>,
    data: Arc<Dataset>,
    folder: Option<PathBuf>,
    every: SaveEvery,
    about: String,
    listener: Listener,
    answers: Receiver<bool>,
}

/// A run.
#[napi]
pub struct NativeRun {
    plan: Option<Plan>,
    answers: Sender<bool>,
}

#[napi]
impl NativeTrainer {
    /// Prepares a run; it starts when its outcome is asked for.
    #[napi]
    pub fn fit(
        &self,
        data: &NativeDataset,
        folder: Option<String>,
        save_every: Option<String>,
        about: String,
        on: Function<String, Unknown<'static>>,
    ) -> napi::Result<NativeRun> {
        let listener = Listener::new(&on)?;
        guard(|| {
            drop(take(&self.trainer, "fit")?);
            let every = save_every.map_or(Ok(SaveEvery::default()), |text| text.parse());
            let every = every.map_err(|reason: String| Failure::argument("fit", reason))?;
            let (answers, heard) = channel();
            let plan = Plan {
                trainer: self.trainer.clone(),
                shown: self.shown.clone(),
                data: data.dataset.clone(),
                folder: folder.map(PathBuf::from),
                every,
                about,
                listener,
                answers: heard,
            };
            Ok(NativeRun { plan: Some(plan), answers })
        })
    }
}

#[napi]
impl NativeRun {
    /// Starts the run; resolves when it has ended.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn outcome<'env>(&mut self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred()?;
        let plan = self.plan.take();
        let work = move || {
            let again = || Err(Failure::new("busy", "fit", "fit: this run was started already"));
            let done = caught(|| plan.map_or_else(again, |plan| plan.run()));
            deferred.resolve(move |_| done.map_err(Failure::thrown));
        };
        let named = thread::Builder::new().name("strata-fit".into());
        guard(|| {
            let started = named.spawn(work);
            started.map_err(|e| Failure::new("internal", "fit", format!("fit: no thread: {e}")))
        })?;
        Ok(promise)
    }

    /// Lets the run go on after an event, or asks it to stop.
    #[napi]
    pub fn answer(&self, go_on: bool) {
        // A run that has ended hears nothing any more.
        let _ = self.answers.send(go_on);
    }
}

impl Plan {
    fn run(self) -> Outcome<String> {
        let mut trainer = take(&self.trainer, "fit")?;
        let mut on = |event: Event| {
            if let Event::TextChanged { .. } = &event {
                // JavaScript has asked, and warned, before it began.
                return ControlFlow::Continue(());
            }
            if let Event::Step(progress) = &event {
                let mut shown = lock(&self.shown);
                shown.done.step = progress.report.step;
                shown.done.tokens = progress.report.tokens;
            }
            if self.listener.tell(&told(&event)) && self.answers.recv() == Ok(true) {
                return ControlFlow::Continue(());
            }
            // The listener wants an end, or there is nobody left to listen.
            ControlFlow::Break(())
        };
        let open = |folder: &PathBuf| -> Outcome<Saves> {
            Ok(Saves { folder: RunFolder::open(folder)?, every: self.every })
        };
        let saves = self.folder.as_ref().map(open).transpose()?;
        // The text is kept from the folder on; JavaScript names it from where the process is.
        let about = match &self.folder {
            Some(folder) => {
                let source = self.about.parse().unwrap_or(Source::Stories);
                checkpoint::keep_source(&source, folder)
            }
            None => String::new(),
        };
        let ended = fit(&mut trainer, &self.data, saves.as_ref(), &about, &mut on);
        lock(&self.shown).done = trainer.done();
        let outcome = ended?;
        let stop = if outcome.stop == Stop::Finished { "finished" } else { "asked" };
        let (nats, tokens) = outcome.validation.map(|score| (score.nats, score.tokens)).unzip();
        Ok(json!({"stop": stop, "nats": nats, "tokens": tokens, "floor": outcome.floor})
            .to_string())
    }
}

fn told(event: &Event) -> Value {
    match event {
        Event::TextChanged { step } => json!({"type": "text", "step": step}),
        Event::Step(p) => json!({
            "type": "step",
            "step": p.report.step,
            "loss": p.report.loss,
            "norm": p.report.norm,
            "lr": p.report.lr,
            "tokens": p.report.tokens,
            "floor": p.floor,
            "tokens_per_second": p.tokens_per_second,
            "fraction": p.fraction,
            "left": p.left.as_secs_f64(),
        }),
        Event::Evaluated { step, score, floor } => json!({
            "type": "evaluated",
            "step": step,
            "nats": score.nats,
            "tokens": score.tokens,
            "floor": floor,
        }),
        Event::Sample { step, text } => json!({"type": "sample", "step": step, "text": text}),
        Event::Saved { step, folder } => {
            json!({"type": "saved", "step": step, "folder": folder.display().to_string()})
        }
        Event::Unsaved { step, error } => {
            json!({"type": "unsaved", "step": step, "error": error.to_string()})
        }
    }
}
