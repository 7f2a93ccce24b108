//! What the reader's verbs share: which task is meant, how far it is, grading it, saying so.

mod answer;
mod board;
mod cargo;
mod find;
mod grade;
mod hints;
mod paint;
mod report;
mod speed;
mod text;
mod words;

pub use crate::ui::agree;
pub use answer::{Put, files, holds, put, solution, stub};
pub use board::{Board, Row, State};
pub use find::{Asked, asked, asked_task, exercise, language, task};
pub use grade::{Judge, grade};
pub use hints::{Hints, TooSoon};
pub use paint::paint;
pub use report::{details, exit_code, one_line, report, skipped};
pub use speed::rust_speed;
pub use text::{Line, Tone, cut, fit, line, print, print_whole, prose};
pub use words::{bar, kind, minutes, number, one_of, plural, shown};

pub use strata_grader::graded::{parts, undecided};

use crate::failure::{Failure, Outcome};
use strata_grader::home::Home;

/// The reader's exercises: those of the folder that the command was typed in, or of one above it.
///
/// # Errors
/// There are none.
pub fn home() -> Outcome<Home> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(format!("the folder that this was typed in cannot be found: {error}"))
    })?;
    let home = Home::find(&here)?;
    match home.root.is_dir() {
        true => Ok(home),
        false => Err(Failure::new(format!(
            "there is no folder {}; `cargo strata exercises sync` makes it",
            home.root.display()
        ))),
    }
}
