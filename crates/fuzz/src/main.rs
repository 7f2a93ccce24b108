//! `strata-fuzz`: what `cargo strata fuzz` calls.

use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use strata_fuzz::drive::{Plan, Row};
use strata_fuzz::worker::{Work, work};
use strata_fuzz::{Kind, Pack, Target, all, drive, find, guided, outside};

const EXAMPLES: &str = "\
Examples:
  cargo strata fuzz                                   an hour, everything, guided by coverage
  cargo strata fuzz --seconds 120 --seed 1 --plain    what CI runs: nothing extra is built
  cargo strata fuzz --target tokenizer --seconds 600
  cargo strata fuzz --input target/fuzz/findings/tokenizer/panic-0123456789ab
  cargo strata fuzz --list                            the targets";

/// Try bad inputs on everything that reads what it did not write: checkpoints, tokenizers, texts,
/// kernels, exercises, pages, flags, TypeScript's arguments.
///
/// A finding is a panic, an abort, more than 10 s, more than 1 GB beyond the input's size, or a control
/// character that reaches the terminal. Each is tried again, then written to target/fuzz/findings with what
/// is known of it. First of all the inputs in crates/fuzz/corpus are tried, each of which did harm once. The exit code
/// is 0 only if nothing was found.
#[derive(Parser, Debug)]
#[command(name = "fuzz", bin_name = "cargo strata fuzz", version, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    /// How long, all targets together
    #[arg(long, value_name = "N", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(0..=2_592_000))]
    seconds: u64,
    /// Only this target; can be given several times
    #[arg(long = "target", value_name = "NAME", value_parser = target)]
    targets: Vec<Target>,
    /// Where random numbers come from: one seed, one sequence of inputs for each target
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Processes at a time [default: the processors that are here]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Without coverage: nothing extra is built, and inputs depend on the seed alone
    #[arg(long)]
    plain: bool,
    /// Try this input once and say what it does; the target is the name of its folder, or --target
    #[arg(long = "input", value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Write the input of this number, as --seed and --target make it, to a file
    #[arg(long, value_names = ["NUMBER", "FILE"], num_args = 2, requires = "targets")]
    make: Vec<String>,
    /// Lay the files of --input out in this folder, to look at them
    #[arg(long, value_name = "DIR", requires = "inputs")]
    unpack: Option<PathBuf>,
    /// List the targets
    #[arg(long)]
    list: bool,
    #[command(subcommand)]
    inner: Option<Inner>,
}

#[derive(Subcommand, Debug)]
enum Inner {
    /// Tries inputs in this process
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// Starts a program with limits
    #[command(hide = true)]
    Limited(outside::LimitedArgs),
}

#[derive(Args, Debug)]
struct WorkerArgs {
    #[arg(long, value_parser = target)]
    target: Target,
    #[arg(long)]
    seed: u64,
    #[arg(long)]
    first: u64,
    #[arg(long)]
    milliseconds: u64,
    #[arg(long)]
    folder: PathBuf,
    inputs: Vec<PathBuf>,
}

fn target(name: &str) -> Result<Target, String> {
    let names: Vec<_> = all().iter().map(|target| target.name).collect();
    find(name).ok_or_else(|| format!("there are {}", names.join(", ")))
}

fn main() -> ExitCode {
    if std::env::var_os(guided::WRAPS).is_some() {
        return guided::wrap();
    }
    let cli = Cli::parse();
    let done = match &cli.inner {
        Some(Inner::Worker(args)) => tried(args),
        Some(Inner::Limited(args)) => return outside::limited(args),
        None if cli.list => {
            list();
            Ok(true)
        }
        None if !cli.make.is_empty() => make(&cli),
        None if !cli.inputs.is_empty() => inputs(&cli),
        None => fuzz(&cli),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tried(args: &WorkerArgs) -> Result<bool, String> {
    let Work { seed, first, time, folder, inputs } = Work {
        seed: args.seed,
        first: args.first,
        time: Duration::from_millis(args.milliseconds),
        folder: args.folder.clone(),
        inputs: args.inputs.clone(),
    };
    let done = work(&args.target, &Work { seed, first, time, folder, inputs });
    done.map(|()| true).map_err(|e| format!("the worker of {}: {e}", args.target.name))
}

fn list() {
    for target in all() {
        let lacks = (target.lacks)().map_or(String::new(), |why| format!("  (not here: {why})"));
        say(&format!("{:12} {}{lacks}", target.name, target.about));
    }
    say("typescript   the TypeScript package's functions, wrong arguments (npm run fuzz in ts/)");
}

/// Writes one input of a run.
fn make(cli: &Cli) -> Result<bool, String> {
    let ([number, file], [target, ..]) = (cli.make.as_slice(), cli.targets.as_slice()) else {
        return Err("--make takes a number and a file, and needs --target".into());
    };
    let number = number.parse().map_err(|_| format!("--make {number}: it is no number"))?;
    let input = target.input(&target.starts(), cli.seed, number);
    std::fs::write(file, &input).map_err(|e| format!("{file}: {e}"))?;
    say(&format!(
        "{file}: {} bytes; `cargo strata fuzz --target {} --input {file}`",
        input.len(),
        target.name
    ));
    Ok(true)
}

/// The target that an input is for.
fn target_of(cli: &Cli, path: &Path) -> Result<Target, String> {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    match cli.targets.first() {
        Some(target) => Ok(*target),
        None => target(&folder).map_err(|have| {
            format!("{}: which target is it for? Say it with --target; {have}", path.display())
        }),
    }
}

fn inputs(cli: &Cli) -> Result<bool, String> {
    let mut good = true;
    for path in &cli.inputs {
        let at = path.display();
        if let Some(folder) = &cli.unpack {
            let bytes = std::fs::read(path).map_err(|e| format!("{at}: {e}"))?;
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            Pack::parse(&bytes).lay(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let target = target_of(cli, path)?;
        let mut found = drive::again(&target, path).map_err(|e| format!("{at}: {e}"))?;
        if let (true, Kind::Inside, Some(program)) =
            (found.is_empty(), target.kind, guided::built())
        {
            // What guides is compiled with more checks.
            found = guided::again(&target, &program, path).map_err(|e| format!("{at}: {e}"))?;
        }
        match found.first() {
            None => say(&format!("{at}: nothing happens")),
            Some(finding) => {
                good = false;
                say(&format!("{at}: {finding}"));
            }
        }
    }
    Ok(good)
}

fn fuzz(cli: &Cli) -> Result<bool, String> {
    let targets = if cli.targets.is_empty() { all() } else { cli.targets.clone() };
    let here = thread::available_parallelism().map_or(1, usize::from);
    let jobs = cli.jobs.map_or(here, usize::from);
    let out = out();
    let (tried, mut found) = corpus(&targets)?;
    say(&format!("{tried} inputs of crates/fuzz/corpus: {}", words(found.len())));
    let guided = match cli.plain || cli.seconds == 0 {
        true => None,
        false => guided::build()
            .map_err(|why| say(&format!("SKIPPED: coverage does not guide: {why}")))
            .ok(),
    };
    if cli.seconds > 0 {
        let (seconds, seed) = (cli.seconds, cli.seed);
        say(&format!("{} targets, {seconds} s, {jobs} at a time, seed {seed}", targets.len()));
        let typescript = cli.targets.is_empty();
        let plan = Plan { seconds, seed, jobs, targets, guided, typescript, out: out.clone() };
        let rows = drive::run(&plan, |row| {
            say(&told(row));
            row.once.iter().for_each(|finding| say(&format!("  once: {finding}")));
        });
        say(&summary(&rows));
        found.extend(rows.into_iter().flat_map(|row| row.findings));
    }
    for finding in &found {
        let path = finding.keep(&out.join("findings")).map_err(|e| e.to_string())?;
        say(&format!("\n{finding}\n  cargo strata fuzz --input {}", path.display()));
    }
    Ok(found.is_empty())
}

/// Tries what did harm once.
fn corpus(targets: &[Target]) -> Result<(usize, Vec<strata_fuzz::finding::Finding>), String> {
    let (mut tried, mut found) = (0, Vec::new());
    for target in targets.iter().filter(|target| (target.lacks)().is_none()) {
        let inputs: Vec<_> = target.corpus().into_iter().map(|(path, _)| path).collect();
        let done = drive::replay(target, &inputs).map_err(|e| format!("{}: {e}", target.name))?;
        tried += done.0;
        found.extend(done.1);
    }
    Ok((tried, found))
}

/// Where findings go: beside what cargo builds.
fn out() -> PathBuf {
    let own = std::env::current_exe().ok();
    let target = own.as_deref().and_then(Path::parent).and_then(Path::parent);
    target.map_or("target".into(), Path::to_path_buf).join("fuzz")
}

fn words(findings: usize) -> String {
    match findings {
        0 => "nothing found".into(),
        1 => "1 finding".into(),
        n => format!("{n} findings"),
    }
}

fn told(row: &Row) -> String {
    if let Some(why) = &row.skipped {
        return format!("SKIPPED: {}: {why}", row.name);
    }
    let coverage = row.coverage.map_or(String::new(), |(reached, of)| {
        format!(", {} of {} places reached", count(reached), count(of))
    });
    let slowest = row.slowest.map_or(String::new(), |(number, seconds)| {
        format!(", the slowest (number {number}) {seconds:.1} s of work")
    });
    let once = match row.once.len() {
        0 => String::new(),
        n => format!("; {n} happened once and not again"),
    };
    let (inputs, found) = (count(row.inputs), words(row.findings.len()));
    format!(
        "{:20} {inputs:>10} inputs in {:.0} s{coverage}{slowest}: {found}{once}",
        row.name, row.seconds
    )
}

fn summary(rows: &[Row]) -> String {
    let inputs: u64 = rows.iter().map(|row| row.inputs).sum();
    let hours: f64 = rows.iter().map(|row| row.seconds).sum::<f64>() / 3600.0;
    let found = rows.iter().map(|row| row.findings.len()).sum();
    format!("{} inputs in {hours:.2} hours of work: {}", count(inputs), words(found))
}

/// A number with its thousands set apart.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
