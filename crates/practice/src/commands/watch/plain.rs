//! A watch that only prints: for logs, pipes, and terminals that can do no more.

use super::app::{App, Word};
use super::event::{Event, spawn};
use super::session::{Front, News};
use crate::commands::next::begin;
use crate::commands::practice::{self, Board, State};
use crate::failure::Outcome;
use crate::ui::{self, say};
use std::io::{ErrorKind, Read};
use std::sync::mpsc::Sender;

/// Prints.
#[derive(Debug, Default)]
pub struct Plain {
    /// The note that was printed last.
    said: Option<String>,
}

impl Front for Plain {
    fn show(&mut self, app: &mut App, news: News) -> Outcome<()> {
        self.note(app);
        match news {
            News::Begin => {
                let board = Board { rows: app.rows.clone(), warning: None };
                practice::print(&begin(&app.home, &board, app.row()))?;
                say!("\nSave a file and it is judged; Ctrl-C ends.")?;
            }
            News::Done => {
                let row = app.row();
                match app.word() {
                    Some(Word::Graded(list)) => {
                        practice::print(&practice::report(row.exercise, list))?;
                    }
                    Some(Word::Trouble(text)) => ui::error(text),
                    None => {}
                }
                if row.state == State::Solved {
                    self.next(app)?;
                }
            }
            News::Judging | News::Other => {}
        }
        Ok(())
    }
}

impl Plain {
    fn note(&mut self, app: &App) {
        let note = app.note.as_ref().map(|(_, text)| text.clone());
        if let Some(text) = note.as_ref().filter(|_| note != self.said) {
            ui::warn(text);
        }
        if note.is_some() {
            self.said = note;
        }
    }

    fn next(&self, app: &App) -> Outcome<()> {
        match app.rows.iter().find(|row| row.state != State::Solved) {
            Some(row) => {
                let (number, name) = (practice::number(row.exercise), &row.task.name);
                say!("Next: {number} {name}, {}", row.task.title)?;
                for file in row.files(&app.home) {
                    say!("  {}", file.display())?;
                }
            }
            None => say!("Every task is solved.")?,
        }
        Ok(())
    }
}

/// The end of the input is the end of the watch: so a script, or Ctrl-D, ends it.
pub fn end_with_input(send: Sender<Event>) {
    spawn(send, |send| {
        let mut input = std::io::stdin().lock();
        let mut bytes = [0; 256];
        loop {
            match input.read(&mut bytes) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        // If the loop has ended, so has the program.
        let _ = send.send(Event::Stop);
    });
}
