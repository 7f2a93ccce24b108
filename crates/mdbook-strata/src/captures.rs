//! Recorded output: `captures/*.txt`, written by running the command.

use crate::children::Kept;
use crate::fault::{Error, Fault};
use crate::tree::Tree;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use strata_ml::device::{Device, Settings};
use strata_parity::bench::Stamp;

/// Columns that a command may use.
const WIDTH: &str = "100";
/// Bytes that a command may print, and how long it may take: the first has to compile the tree.
const MOST: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(3600);

/// What a page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The command.
    pub command: String,
    /// Where it runs, from the root.
    pub folder: Option<String>,
    /// Whether its output is never the same twice.
    pub measured: bool,
    /// Only so many first lines are shown.
    pub head: Option<usize>,
    /// Only so many last lines are shown.
    pub tail: Option<usize>,
    /// Whether the output is folded away.
    pub hide: bool,
}

impl Request {
    /// Reads the directive's words: options, then the command.
    ///
    /// # Errors
    /// There is no command, or an option is malformed.
    pub fn parse(words: &str) -> Result<Request, Fault> {
        let mut request = Request::default();
        let mut rest = words.trim();
        loop {
            let (word, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let number = |value: &str| {
                value
                    .parse()
                    .map_err(|_| Fault::Argument(format!("`{word}` is no number of lines")))
            };
            match word.split_once('=') {
                None if word == "measured" => request.measured = true,
                None if word == "exact" => request.measured = false,
                None if word == "hide" => request.hide = true,
                Some(("head", value)) => request.head = Some(number(value)?),
                Some(("tail", value)) => request.tail = Some(number(value)?),
                Some(("in", value)) => request.folder = Some(value.into()),
                _ => break,
            }
            rest = more.trim_start();
        }
        if rest.is_empty() {
            return Err(Fault::Argument("a command is expected".into()));
        }
        request.command = rest.to_string();
        Ok(request)
    }

    /// The file of the capture.
    pub fn file(&self, book: &Path) -> PathBuf {
        let mut slug = String::new();
        let folder = self.folder.as_deref().map(|f| format!("{f} ")).unwrap_or_default();
        for c in format!("{folder}{}", self.command).to_lowercase().chars() {
            match c {
                c if c.is_alphanumeric() => slug.push(c),
                _ if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
                _ => {}
            }
        }
        book.join("captures").join(format!("{}.txt", slug.trim_end_matches('-')))
    }
}

/// How a capture is kept true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is compared with what the command prints now.
    Exact,
    /// It has timings inside; it says when and where it was recorded.
    Measured {
        /// The day.
        date: String,
        /// The machine.
        machine: String,
    },
}

/// A command's recorded output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// How it is kept true.
    pub kind: Kind,
    /// What the command printed.
    pub output: String,
}

impl Capture {
    /// What was recorded.
    ///
    /// # Errors
    /// Nothing was, or it was recorded in the other way.
    pub fn read(book: &Path, request: &Request) -> Result<Capture, Fault> {
        let none = || Fault::NoCapture(request.command.clone());
        let text = strata_files::read_text(&request.file(book), 2 * MOST as u64);
        let text = text.map_err(|_| none())?.replace("\r\n", "\n");
        let mut lines = text.splitn(3, '\n');
        let (command, kind, output) = (lines.next(), lines.next(), lines.next());
        // Two commands may have one file name: `--size=9` and `--size 9`.
        if command.and_then(|line| line.strip_prefix("$ ")) != Some(&request.command) {
            return Err(none());
        }
        let kind = match kind.ok_or_else(none)?.split_once(' ') {
            None => Kind::Exact,
            Some((_, when)) => {
                let (date, machine) = when.split_once(" on ").ok_or_else(none)?;
                Kind::Measured { date: date.into(), machine: machine.into() }
            }
        };
        if (kind == Kind::Exact) == request.measured {
            return Err(none());
        }
        Ok(Capture { kind, output: output.unwrap_or_default().to_string() })
    }

    /// Writes it: the command, how it is kept true, the output.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, book: &Path, request: &Request) -> Result<(), Error> {
        let file = request.file(book);
        let kind = match &self.kind {
            Kind::Exact => "exact".to_string(),
            Kind::Measured { date, machine } => format!("measured {date} on {machine}"),
        };
        let text = format!("$ {}\n{kind}\n{}", request.command, self.output);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        Ok(strata_files::write(&file, text.as_bytes())?)
    }

    /// Runs the command on the CPU, without colours, in a fixed width.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(tree: &Tree, request: &Request) -> Result<Capture, Error> {
        let fail = |error| Error::Run { command: request.command.clone(), error };
        let words = shlex::split(&request.command).unwrap_or_default();
        let Some((program, words)) = words.split_first() else {
            return Err(fail(std::io::Error::other("its quotes do not match")));
        };
        let program = if cfg!(windows) && program == "npm" { "npm.cmd" } else { program };
        let (reader, writer) = std::io::pipe().map_err(fail)?;
        let mut command = Command::new(program);
        let folder = tree.inside(request.folder.as_deref().unwrap_or_default());
        let folder = folder.map_err(|fault| fail(std::io::Error::other(fault.to_string())))?;
        command.args(words).current_dir(folder);
        command
            .env("STRATA_DEVICE", "cpu")
            .env_remove("STRATA_PRECISION")
            .env("COLUMNS", WIDTH)
            .env("NO_COLOR", "1");
        command.env("CARGO_TERM_COLOR", "never").env("TERM", "dumb").env_remove("STRATA_REQUIRE");
        command.stdin(std::process::Stdio::null());
        command.stdout(writer.try_clone().map_err(fail)?).stderr(writer);
        let child = Kept::start(&mut command).map_err(fail)?;
        // The command holds the pipe's ends too: the reader must be the last.
        drop(command);
        let (bytes, status) = child.output(reader, MOST, PATIENCE).map_err(fail)?;
        let mut output = tidy(&String::from_utf8_lossy(&bytes), tree.root());
        if let Some(code) = status.code().filter(|&code| code != 0) {
            output.push_str(&format!("[exit code {code}]\n"));
        }
        if !request.measured {
            // Every machine's processor is another one; what is exact is what follows.
            output = output
                .lines()
                .filter(|l| !l.starts_with("Device cpu:"))
                .map(|l| format!("{l}\n"))
                .collect();
        }
        let kind = match request.measured {
            true => measured().map_err(|error| fail(std::io::Error::other(error)))?,
            false => Kind::Exact,
        };
        Ok(Capture { kind, output })
    }

    /// Where another run parts from this one, if it does.
    pub fn difference(&self, now: &Capture) -> Option<String> {
        if self.output == now.output {
            return None;
        }
        let mut pairs = self.output.lines().zip(now.output.lines()).enumerate();
        Some(match pairs.find(|(_, (a, b))| a != b) {
            Some((i, (was, is))) => format!("line {} was {was:?} and is {is:?}", i + 1),
            None => {
                let (was, is) = (self.output.lines().count(), now.output.lines().count());
                format!("it had {was} lines and has {is}")
            }
        })
    }
}

/// Today, and this machine's processor.
fn measured() -> Result<Kind, strata_ml::device::Error> {
    let stamp = Stamp::now(Device::open("cpu", Settings::default())?.info(), None);
    Ok(Kind::Measured { date: stamp.date, machine: stamp.device.name })
}

/// Without cargo's own lines, trailing spaces and the place of the clone.
fn tidy(text: &str, root: &Path) -> String {
    let cargo =
        ["Compiling", "Finished", "Running", "Blocking", "Downloading", "Downloaded", "Fresh"];
    let root = root.display().to_string();
    let mut kept = String::new();
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        if line.starts_with("  ") && cargo.contains(&first) {
            continue;
        }
        kept.push_str(line.replace(&root, "~/strata").trim_end());
        kept.push('\n');
    }
    format!("{}\n", kept.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_before_the_command() {
        let request = Request::parse("measured head=3 in=ts npm run demo 03 -- --size=9").unwrap();
        assert!(request.measured && request.head == Some(3));
        assert_eq!(request.command, "npm run demo 03 -- --size=9");
        let file = request.file(Path::new("book"));
        assert!(file.ends_with("captures/ts-npm-run-demo-03-size-9.txt"), "{}", file.display());
        assert!(Request::parse("measured").is_err() && Request::parse("head=x cargo").is_err());
    }

    #[test]
    fn captures_survive_the_file() {
        let book = tempfile::tempdir().unwrap();
        let request = Request::parse("cargo strata demo 02").unwrap();
        let error = Capture::read(book.path(), &request).unwrap_err().to_string();
        assert!(error.contains("has no recorded output"), "{error}");
        let capture = Capture { kind: Kind::Exact, output: "one\ntwo\n".into() };
        capture.write(book.path(), &request).unwrap();
        assert_eq!(Capture::read(book.path(), &request).unwrap(), capture);
        let now = Capture { kind: Kind::Exact, output: "one\n2\n".into() };
        let difference = capture.difference(&now).unwrap();
        assert_eq!(difference, "line 2 was \"two\" and is \"2\"");
        let measured = Request { measured: true, ..request };
        assert!(Capture::read(book.path(), &measured).is_err());
    }

    #[test]
    fn output_is_tidied() {
        let text = "   Compiling x v1\n    Finished `dev`\na /home/me/x  \n\n";
        assert_eq!(tidy(text, Path::new("/home/me")), "a ~/strata/x\n");
    }
}
