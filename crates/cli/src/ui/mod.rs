//! How the command talks: results on stdout, everything about them on stderr; colours where a
//! terminal shows them and NO_COLOR does not forbid them; a bar only where someone watches it.

mod bar;
mod chart;
mod numbers;

pub use bar::Bar;
pub use chart::Chart;
pub use numbers::{bytes, count, duration, fixed, time};

use anstyle::{AnsiColor, Style};
use std::io::{self, IsTerminal, Write};
use std::panic;
use strata_ml::device::vet;

/// A headline.
pub const HEAD: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();
/// What is well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What was left out.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What can be typed.
pub const CODE: Style = AnsiColor::Cyan.on_default();

/// The colours of `--help`.
pub const HELP: clap::builder::Styles = clap::builder::Styles::styled()
    .header(HEAD)
    .usage(HEAD)
    .literal(CODE)
    .placeholder(Style::new().dimmed());

/// Where results go; escape codes are taken out when it is no terminal.
pub fn out() -> impl Write {
    anstream::stdout().lock()
}

/// A line of the result.
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        writeln!($crate::ui::out(), $($arg)*)
    }};
}
pub(crate) use say;

/// A line about the work, on stderr. It is not the result: if stderr is gone, so be it.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A warning on stderr.
pub fn warn(text: &str) {
    note(&format!("{WARN}warning:{WARN:#} {text}"));
}

/// An error on stderr.
pub fn error(text: &str) {
    note(&format!("{BAD}error:{BAD:#} {text}"));
}

/// Whether somebody watches stderr: only then bars are drawn.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// How many columns a line may have; where no terminal is, nothing has to be short.
pub fn width() -> usize {
    const NONE: usize = 120;
    match ratatui::crossterm::terminal::size() {
        Ok((columns, _)) if io::stdout().is_terminal() && columns > 0 => usize::from(columns),
        _ => NONE,
    }
}

/// Whether stderr may have colours.
pub fn coloured() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// A serialisable value on stdout, as JSON.
pub fn json(value: &serde_json::Value) -> io::Result<()> {
    say!("{value:#}")
}

/// A pipe that closed ends the program quietly even where a library prints by itself. Any other
/// panic is a fault of Strata, and is called one.
pub fn install_panic_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text.contains("Broken pipe") {
            std::process::exit(0);
        }
        // A compiler that gave up on a reader's kernel: an error, told as such.
        if std::thread::current().name() == Some(vet::THREAD) {
            return;
        }
        default(info);
        note("This is a bug in Strata; please report it with the command you typed.");
    }));
}
