//! A whole run, which awaits its listener's answer after every event.
use crate::engine::data::Source;
use crate::engine::transformer::checkpoint::{self, RunFolder};
use crate::engine::transformer::train::{Event, SaveEvery, Saves, Stop, fit_async};
use crate::trainer::Trainer;
use crate::{Dataset, Error, Job, Listen, Result};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

exports! { ($) run_class
    class Run as NativeRun
    now { answer: (go_on: bool) -> Unit; }
}

/// A run: first its outcome is asked for, then each event answered.
pub struct Run {
    job: Mutex<Option<Job<String>>>,
    answers: Arc<Answers>,
}

impl Trainer {
    /// Prepares a run, which starts when its outcome is asked for. `on` hears its events.
    pub fn fit(
        &self,
        data: &Dataset,
        folder: Option<String>,
        save_every: Option<String>,
        about: String,
        on: impl Listen,
    ) -> Result<Run> {
        drop(self.take("fit")?);
        let every = save_every.map_or(Ok(SaveEvery::default()), |text| text.parse());
        let every = every.map_err(|reason: String| Error::argument("fit", reason))?;
        let (this, data, folder) = (self.clone(), data.clone(), folder.map(PathBuf::from));
        let answers = Arc::new(Answers::default());
        let heard = answers.clone();
        let job = Job::of(async move || {
            let hears = async |event| on.tell(&event) && heard.next().await == Some(true);
            this.run(&data, folder, every, &about, hears).await
        });
        Ok(Run { job: Mutex::new(Some(job)), answers })
    }

    /// The whole run. `hears` is told of each event, and says whether to go on.
    async fn run(
        &self,
        data: &Dataset,
        folder: Option<PathBuf>,
        every: SaveEvery,
        about: &str,
        hears: impl AsyncFn(Value) -> bool,
    ) -> Result<String> {
        let mut trainer = self.take("fit")?;
        let mut on = async |event: Event<'_>| {
            if let Event::TextChanged { .. } = &event {
                // JavaScript has asked, and warned, before it began.
                return ControlFlow::Continue(());
            }
            if let Event::Step(progress) = &event {
                let mut status = self.status();
                status.done.step = progress.report.step;
                status.done.tokens = progress.report.tokens;
            }
            match hears(event_json(&event)).await {
                true => ControlFlow::Continue(()),
                // The listener wants an end, or there is nobody left to listen.
                false => ControlFlow::Break(()),
            }
        };
        let open = |folder: &PathBuf| -> Result<Saves> {
            Ok(Saves { folder: RunFolder::open(folder)?, every })
        };
        let saves = folder.as_ref().map(open).transpose()?;
        // The text is kept from the folder on; JavaScript names it from where the process is.
        let about = match &folder {
            Some(folder) => {
                checkpoint::keep_source(&about.parse().unwrap_or(Source::Stories), folder)
            }
            None => String::new(),
        };
        let ended = fit_async(&mut trainer, &data.0, saves.as_ref(), &about, &mut on).await;
        self.status().done = trainer.done();
        let outcome = ended?;
        let stop = if outcome.stop == Stop::Finished { "finished" } else { "asked" };
        let (nats, tokens) = outcome.validation.map(|score| (score.nats, score.tokens)).unzip();
        Ok(json!({"stop": stop, "nats": nats, "tokens": tokens, "floor": outcome.floor})
            .to_string())
    }
}

impl Run {
    /// The run itself, once. A carrier that has threads gives it one of its own: it takes hours.
    pub fn outcome(&self) -> Result<Job<String>> {
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner).take();
        job.ok_or_else(|| error!("busy", "fit", "this run was started already"))
    }

    /// Lets the run go on after an event, or asks it to stop.
    pub fn answer(&self, go_on: bool) -> Result<()> {
        self.answers.put(Some(go_on));
        Ok(())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.answers.put(None);
    }
}

/// Answers on their way from JavaScript to a run; `None` once there will be no more.
#[derive(Default)]
struct Answers(Mutex<(VecDeque<Option<bool>>, Option<Waker>)>);

impl Answers {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<Option<bool>>, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, answer: Option<bool>) {
        let waker = {
            let mut answers = self.lock();
            answers.0.push_back(answer);
            answers.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn next(&self) -> Option<bool> {
        poll_fn(|context| {
            let mut answers = self.lock();
            match answers.0.pop_front() {
                Some(answer) => {
                    if answer.is_none() {
                        answers.0.push_front(None);
                    }
                    Poll::Ready(answer)
                }
                None => {
                    answers.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

fn event_json(event: &Event) -> Value {
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
