use crate::limits;
use clap::Args;
use std::ffi::OsString;
use std::process::ExitCode;

/// What `limited` takes.
#[derive(Args, Debug)]
pub struct LimitedArgs {
    /// Bytes of memory.
    #[arg(long)]
    memory: u64,
    /// Seconds of work.
    #[arg(long)]
    seconds: u64,
    /// The program and its words.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<OsString>,
}

/// The largest file that an input may have written.
#[cfg(unix)]
const FILE: u64 = 1 << 30;

/// The program and its words.
fn program(args: &LimitedArgs) -> Option<std::process::Command> {
    let (program, words) = args.words.split_first()?;
    let mut command = std::process::Command::new(program);
    command.args(words);
    Some(command)
}

/// Limits this process and becomes the program. What a system cannot limit is not limited there: the
/// clock always is, by whoever waits.
#[cfg(unix)]
pub fn limited(args: &LimitedArgs) -> ExitCode {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use std::os::unix::process::CommandExt;
    let limit = |resource, most: u64| {
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    };
    limit(Resource::Data, args.memory);
    limit(Resource::Cpu, args.seconds);
    limit(Resource::Fsize, FILE);
    limit(Resource::Core, 0);
    let Some(mut program) = program(args) else { return ExitCode::from(limits::NOT_STARTED) };
    let error = program.exec();
    eprintln!("{}: {error}", program.get_program().display());
    ExitCode::from(limits::NOT_STARTED)
}

/// Becomes the program as well as this system can: by starting it.
#[cfg(not(unix))]
pub fn limited(args: &LimitedArgs) -> ExitCode {
    let _ = (args.memory, args.seconds);
    let Some(mut program) = program(args) else { return ExitCode::from(limits::NOT_STARTED) };
    match program.status() {
        Ok(status) => {
            ExitCode::from(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(101))
        }
        Err(error) => {
            eprintln!("{}: {error}", program.get_program().display());
            ExitCode::from(limits::NOT_STARTED)
        }
    }
}
