//! `strata watch`: save a file, see the verdict.

mod app;
mod body;
mod event;
mod folders;
mod foot;
mod job;
mod keys;
mod lock;
mod plain;
mod screen;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use super::practice::{self, Board};
use crate::failure::{Failure, Outcome};
use app::App;
use clap::Args;
use event::Event;
use folders::Folders;
use plain::Plain;
use session::{Front, Session};
use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, Sender, channel};
use strata_grader::catalog;
use terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  cargo strata watch                     begins with the next task that is not solved
  cargo strata watch ex03                only this exercise
  cargo strata watch --plain | tee log   a report at each save, no keys; ends when its input does

Keys: n next, p previous, h hint, l list, c check all, x reset, r run again, q quit; arrows scroll.";

/// Judge whenever you save: the task, its goal and the verdict on one screen.
///
/// Saving a file of another task goes over to that task.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct WatchArgs {
    /// Only this exercise: ex03, 3 or matmul
    #[arg(value_name = "EXERCISE")]
    exercise: Option<String>,
    /// Print a report at each save, and take no keys; so it is anyway where no terminal is
    #[arg(long)]
    plain: bool,
}

pub fn run(args: &WatchArgs) -> Outcome {
    let home = practice::home()?;
    let only = args.exercise.as_deref().map(practice::exercise).transpose()?;
    let lock = lock::take(&home)?;
    let mut app = App::new(home.clone(), Board::look(&home, only)?)?;
    if let Some(warning) = &lock.warning {
        app.forgets = true;
        app.note = Some((practice::Tone::Warn, warning.clone()));
    }
    let (send, events) = channel();
    let watched = catalog::exercises().iter().filter(|e| only.is_none_or(|o| o.name == e.name));
    let folders = Folders::watch(&app.real, watched, send.clone())?;
    listen(send.clone())?;
    let terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    if args.plain || !terminal {
        plain::end_with_input(send.clone());
        return session(app, Plain::default(), events, send, folders).run();
    }
    let front = Terminal::open()?;
    terminal::read_keys(send.clone());
    session(app, front, events, send, folders).run()
}

fn session<F: Front>(
    app: App,
    front: F,
    events: Receiver<Event>,
    send: Sender<Event>,
    folders: Folders,
) -> Session<F> {
    Session {
        app,
        front,
        events,
        send,
        folders,
        program: job::program(),
        later: VecDeque::new(),
        running: None,
        queue: VecDeque::new(),
        last: 0,
    }
}

/// Ctrl-C where no keys are read, and the system's own ways to end a program.
fn listen(send: Sender<Event>) -> Outcome<()> {
    let stop = move || {
        // If the loop has ended, so has the program.
        let _ = send.send(Event::Stop);
    };
    ctrlc::set_handler(stop)
        .map_err(|error| Failure::new(format!("Ctrl-C cannot be listened to: {error}")))
}
