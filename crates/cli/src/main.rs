//! The `strata` command: train a GPT, let it write, look inside, and test the machine it runs on.
//!
//! `args.rs` says what can be typed, `commands/` does it (a file or folder each), `ui/` talks to the
//! reader.

mod args;
mod commands;
mod failure;
mod ui;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    ui::install_panic_hook();
    let cli = args::Cli::parse();
    match commands::run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
