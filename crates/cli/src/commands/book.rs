//! `strata book`: the press, which is a program of its own, so that training compiles none of it.

use crate::commands::test::workspace;
use crate::failure::{Failure, Outcome};
use clap::Args;
use std::process::{Command, Stdio};

const EXAMPLES: &str = "\
Commands:
  build     Build the site into target/book (--out DIR: elsewhere; --api: with rustdoc)
  serve     Build and serve it on this machine, again at every save (--port PORT,
            0 for any that is free)
  check     Find what is wrong, unknown or stale, and run exact captures again
  capture   Run the commands whose output the book shows, and record what they print (--all)

Examples:
  cargo strata book serve
  cargo strata book build --out /tmp/site
  cargo strata book check                 also part of `cargo strata test`

book/README.md says how pages are written.";

/// Print the book: prose from book/src, everything else pulled from the tree.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct BookArgs {
    /// What the press should do, and its options
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true
    )]
    words: Vec<String>,
}

pub fn run(args: &BookArgs) -> Outcome {
    let root = workspace()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "mdbook-strata", "--manifest-path"]);
    cargo.arg(root.join("Cargo.toml")).arg("--").args(&args.words);
    // The press ends when its stdin closes, and that closes when we end, however that comes about.
    cargo.env("STRATA_PRESS_TIED", "1").stdin(Stdio::piped());
    let mut child = cargo
        .spawn()
        .map_err(|error| Failure::new(format!("cargo could not be started: {error}")))?;
    let _line = child.stdin.take();
    let status = child.wait()?;
    // A signal leaves no code.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
