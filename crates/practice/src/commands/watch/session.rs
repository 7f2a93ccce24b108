//! The loop: waits for what happens, and does what follows from it. While nothing happens it sleeps.

use super::app::{App, Wish};
use super::event::Event;
use super::folders::Folders;
use super::job::{Job, Running};
use crate::commands::practice::Tone;
use crate::failure::{Failure, Outcome};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// Editors write twice, or write, rename and set dates: what comes this close together is one save.
const QUIET: Duration = Duration::from_millis(60);
/// A stream of changes that does not end is looked at all the same.
const PATIENCE: Duration = Duration::from_millis(600);

/// Something that the reader should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The watch begins.
    Begin,
    /// A judge was sent out.
    Judging,
    /// A judge is back.
    Done,
    /// Something else.
    Other,
}

/// Whatever shows a watch to its reader.
pub trait Front {
    /// Shows it as it is now.
    ///
    /// # Errors
    /// Nobody looks any more, or the terminal fails.
    fn show(&mut self, app: &mut App, news: News) -> Outcome<()>;
}

/// A watch at work.
pub struct Session<F> {
    /// What is shown.
    pub app: App,
    /// Who shows it.
    pub front: F,
    /// What happens.
    pub events: Receiver<Event>,
    /// For those who make it happen.
    pub send: Sender<Event>,
    /// What is watched.
    pub folders: Folders,
    /// The program that judges.
    pub program: PathBuf,
    /// What happened while something else was waited for.
    pub later: VecDeque<Event>,
    /// The judge at work, and on what.
    pub running: Option<(Running, Job)>,
    /// What is to be judged after it.
    pub queue: VecDeque<Job>,
    /// The number of the last judge.
    pub last: u64,
}

impl<F: Front> Session<F> {
    /// Runs until the reader leaves.
    ///
    /// # Errors
    /// The folder is gone, or the terminal fails.
    pub fn run(mut self) -> Outcome {
        let at = self.app.at;
        let note = self.app.note.take();
        let wish = self.app.go(at);
        self.app.note = note;
        self.front.show(&mut self.app, News::Begin)?;
        let mut news = self.act(wish);
        loop {
            let Some(seen) = news else { return Ok(0) };
            self.front.show(&mut self.app, seen)?;
            let event = match self.later.pop_front() {
                Some(event) => event,
                None => match self.events.recv() {
                    Ok(event) => event,
                    Err(_) => return Ok(0),
                },
            };
            news = self.handle(event)?;
        }
    }

    /// What follows from an event; `None` if that is the end.
    fn handle(&mut self, event: Event) -> Outcome<Option<News>> {
        let wish = match event {
            Event::Stop => Wish::Leave,
            Event::Broken => {
                return Err(Failure::new("a part of `strata watch` has failed; see above"));
            }
            Event::Resized => Wish::Nothing,
            Event::Key(key) => self.app.key(key),
            Event::Changed(paths) => {
                let paths = self.settle(paths);
                self.there()?;
                self.folders.follow(&paths)?;
                self.app.changed(&paths)
            }
            Event::Lost => {
                self.there()?;
                self.app.look_again()
            }
            Event::Blind(why) => {
                self.there()?;
                let text = format!("files are no longer watched ({why}): r judges again");
                self.app.note = Some((Tone::Warn, text));
                Wish::Nothing
            }
            Event::Said { job, text } => {
                if self.running.as_ref().is_some_and(|(running, _)| running.id == job) {
                    self.app.judging = Some(text);
                }
                Wish::Nothing
            }
            Event::Done { job, found } => {
                let current = self.running.take_if(|(running, _)| running.id == job);
                let Some((_, job)) = current else { return Ok(Some(News::Other)) };
                self.app.judging = None;
                self.app.done(job, found);
                self.start_next();
                return Ok(Some(News::Done));
            }
        };
        Ok(self.act(wish))
    }

    /// Does what is wished for; `None` if the reader leaves.
    fn act(&mut self, wish: Wish) -> Option<News> {
        match wish {
            Wish::Nothing => Some(News::Other),
            Wish::Leave => None,
            Wish::Judge(jobs) => {
                // Who saved again no longer wants to know what came of the text before.
                self.running = None;
                self.queue = jobs.into();
                self.start_next();
                Some(News::Judging)
            }
        }
    }

    fn start_next(&mut self) {
        while let Some(job) = self.queue.pop_front() {
            self.last += 1;
            match Running::start(&self.program, job, self.last, self.send.clone()) {
                Ok(running) => {
                    let name = job.task.map_or(job.exercise.name, |task| task.name.as_str());
                    self.app.judging = Some(format!("judging {name}"));
                    self.running = Some((running, job));
                    return;
                }
                Err(text) => self.app.done(job, Err(text)),
            }
        }
        self.app.judging = None;
    }

    /// Collects what changes until nothing does.
    fn settle(&mut self, mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.events.recv_timeout(QUIET) {
                Ok(Event::Changed(more)) => paths.extend(more),
                Ok(other) => self.later.push_back(other),
                Err(_) => break,
            }
        }
        paths
    }

    /// The exercises may have gone while they were watched.
    fn there(&self) -> Outcome<()> {
        let root: &Path = &self.app.home.root;
        match root.is_dir() {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "{} is gone: there is nothing left to watch. `cargo strata exercises init DIR` makes \
                 a new folder of exercises",
                root.display()
            ))),
        }
    }
}
