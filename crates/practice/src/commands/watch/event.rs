//! What can happen. Everything comes through one channel, and nothing ever asks "and now?".

use ratatui::crossterm::event::KeyEvent;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::thread;
use strata_grader::graded::Graded;

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// These files changed.
    Changed(Vec<PathBuf>),
    /// Files may have changed: the system lost count.
    Lost,
    /// The system no longer tells what changes.
    Blind(String),
    /// A judge says what it is at.
    Said {
        /// Which.
        job: u64,
        /// What.
        text: String,
    },
    /// A judge is done.
    Done {
        /// Which.
        job: u64,
        /// What it found, or why it could not find anything.
        found: Result<Vec<Graded>, String>,
    },
    /// The reader, or the system, wants an end.
    Stop,
    /// A part of this program has failed.
    Broken,
}

/// Starts a thread that tells what happens; should it panic, that is told, too.
pub fn spawn(send: Sender<Event>, work: impl FnOnce(&Sender<Event>) + Send + 'static) {
    thread::spawn(move || {
        let guard = Guard(send);
        work(&guard.0);
    });
}

struct Guard(Sender<Event>);

impl Drop for Guard {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(Event::Broken);
        }
    }
}
