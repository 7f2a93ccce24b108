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
    let error = std::process::Command::new(&args.words[0]).args(&args.words[1..]).exec();
    eprintln!("{}: {error}", args.words[0].display());
    ExitCode::from(limits::NOT_STARTED)
}

/// Becomes the program as well as this system can: by starting it.
#[cfg(not(unix))]
pub fn limited(args: &LimitedArgs) -> ExitCode {
    let _ = (args.memory, args.seconds);
    let status = std::process::Command::new(&args.words[0]).args(&args.words[1..]).status();
    match status {
        Ok(status) => {
            ExitCode::from(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(101))
        }
        Err(error) => {
            eprintln!("{}: {error}", args.words[0].display());
            ExitCode::from(limits::NOT_STARTED)
        }
    }
}
