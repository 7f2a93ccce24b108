//! The terminal: taken over, drawn on, and given back on every way out.

use super::app::App;
use super::event::{Event, spawn};
use super::screen;
use super::session::{Front, News};
use crate::failure::{Failure, Outcome};
use anstream::{AutoStream, ColorChoice};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, KeyEventKind};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use std::io::{self, Stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// A terminal that this program has for itself.
pub struct Terminal {
    terminal: ratatui::Terminal<CrosstermBackend<Stdout>>,
    colours: bool,
}

impl Terminal {
    /// Takes the terminal over. A panic gives it back, too.
    ///
    /// # Errors
    /// It cannot be.
    pub fn open() -> Outcome<Terminal> {
        let colours = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        let then = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            then(info);
        }));
        let take = || {
            TAKEN.store(true, Ordering::SeqCst);
            enable_raw_mode()?;
            execute!(io::stdout(), EnterAlternateScreen)?;
            ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))
        };
        let terminal = take().map_err(|error| {
            give_back();
            Failure::new(format!("the terminal cannot be used ({error}); try --plain"))
        })?;
        Ok(Terminal { terminal, colours })
    }
}

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, once: whoever did so twice would write over what was printed in between.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // If this fails there is no terminal left to say so.
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
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
