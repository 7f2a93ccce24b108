//! The terminal: taken over, drawn on, and given back on every way out.

use super::app::App;
use super::event::{Event, spawn};
use super::screen;
use super::session::{Front, News};
use crate::failure::{Failure, Outcome};
use anstream::{AutoStream, ColorChoice};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, KeyEventKind};
use std::io;
use std::sync::mpsc::Sender;

/// A terminal that this program has for itself.
pub struct Terminal {
    terminal: DefaultTerminal,
    colours: bool,
}

impl Terminal {
    /// Takes the terminal over. A panic gives it back, too.
    ///
    /// # Errors
    /// It cannot be.
    pub fn open() -> Outcome<Terminal> {
        let colours = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        let terminal = ratatui::try_init().map_err(|error| {
            Failure::new(format!("the terminal cannot be used ({error}); try --plain"))
        })?;
        Ok(Terminal { terminal, colours })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // If that fails there is no terminal left to say so.
        let _ = ratatui::try_restore();
    }
}

impl Front for Terminal {
    fn show(&mut self, app: &mut App, _: News) -> Outcome<()> {
        let colours = self.colours;
        self.terminal.draw(|frame| screen::draw(frame, app, colours))?;
        Ok(())
    }
}

/// Tells of keys. The thread sleeps in the system's read, and ends with the program.
pub fn read_keys(send: Sender<Event>) {
    spawn(send, |send| {
        loop {
            let event = match event::read() {
                Ok(event::Event::Key(key)) if key.kind != KeyEventKind::Release => Event::Key(key),
                Ok(event::Event::Resize(..)) => Event::Resized,
                Ok(_) => continue,
                // No keys will come any more.
                Err(_) => Event::Stop,
            };
            let end = matches!(event, Event::Stop);
            if send.send(event).is_err() || end {
                return;
            }
        }
    });
}
