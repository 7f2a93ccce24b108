//! How the command talks: results on stdout, everything about them on stderr; colours where a
//! terminal shows them and NO_COLOR does not forbid them; a bar only where someone watches it.

mod ask;
mod bar;
mod border;
mod chart;
mod numbers;

pub use ask::agree;
pub use bar::Bar;
pub use border::{Paint, coloured_text, name, safe};
pub use chart::{Chart, Series};
pub use numbers::{bytes, count, duration, fixed, time, whole};

use anstyle::{AnsiColor, Style};
use border::Border;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic;
use strata_ml::device::vet;

/// A headline.
pub const HEAD: Paint = Paint(Style::new().bold());
/// What matters less.
pub const DIM: Paint = Paint(Style::new().dimmed());
/// What is well.
pub const GOOD: Paint = Paint(AnsiColor::Green.on_default());
/// What was left out.
pub const WARN: Paint = Paint(AnsiColor::Yellow.on_default());
/// What went wrong.
pub const BAD: Paint = Paint(AnsiColor::Red.on_default().bold());
/// What can be typed.
pub const CODE: Paint = Paint(AnsiColor::Cyan.on_default());

/// The colours of `--help`.
pub const HELP: clap::builder::Styles = clap::builder::Styles::styled()
    .header(HEAD.0)
    .usage(HEAD.0)
    .literal(CODE.0)
    .placeholder(Style::new().dimmed());

/// Where results go. What a terminal would obey is spelled out, except for our styles; those are
/// taken out when it is no terminal.
pub fn out() -> impl Write {
    Border::new(anstream::stdout().lock())
}

/// A line of the result.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        writeln!($crate::ui::out(), $($arg)*)
    }};
}
pub use say;

/// A line about the work, on stderr. It is not the result: if stderr is gone, so be it.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(text));
}

/// A question on stderr, whose answer stands in the same line.
pub fn ask(text: &str) {
    let _ = write!(anstream::stderr().lock(), "{}", safe(text));
}

/// A warning on stderr.
pub fn warn(text: &str) {
    note(&format!("{WARN}warning:{WARN:#} {}", border::message(text)));
}

/// An error on stderr.
pub fn error(text: &str) {
    note(&format!("{BAD}error:{BAD:#} {}", border::message(text)));
}

/// Whether somebody watches stderr: only then bars are drawn.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// How many columns a line may have; where no terminal is, nothing has to be short.
pub fn width() -> usize {
    const NONE: usize = 120;
    match console::Term::stdout().size_checked() {
        Some((_, columns)) if io::stdout().is_terminal() && columns > 0 => usize::from(columns),
        _ => NONE,
    }
}

/// Whether stderr may have colours.
pub fn coloured() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// A serialisable value on stdout, as JSON.
pub fn json(value: &serde_json::Value) -> io::Result<()> {
    say!("{}", json_text(&format!("{value:#}")))
}

/// JSON escapes the old control characters by itself. What else a terminal would obey stands in
/// strings only, where an escape means the same.
fn json_text(text: &str) -> String {
    let lines = |c: char| c == '\n' || c == '\t';
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if lines(c) || strata_files::printable(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// A pipe that closed ends the program quietly even where a library prints by itself. Any other
/// panic is a fault of Strata, and is called one.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text.contains("Broken pipe") {
            std::process::exit(0);
        }
        // A compiler that gave up on a reader's kernel: an error, told as such.
        if std::thread::current().name() == Some(vet::THREAD) {
            return;
        }
        let at = info.location().map_or_else(String::new, |at| format!(" at {at}"));
        note(&format!("panicked{at}:\n{}", border::message(text)));
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            note(&trace.to_string());
        }
        note("This is a bug in Strata; please report it with the command you typed.");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_and_moves_no_cursor() {
        let value =
            serde_json::json!({"a\u{9b}2J": ["\u{1b}[2J", "é\u{202e}\u{E0041}\u{7f}", "\t\n"]});
        let text = json_text(&format!("{value:#}"));
        assert_eq!(safe(&text), text);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
