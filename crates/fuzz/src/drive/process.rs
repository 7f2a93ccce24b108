use crate::{Target, limits};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A process that tries inputs of one target.
pub struct Worker<'a> {
    /// The target.
    pub target: &'a Target,
    /// Where it writes what it does.
    pub folder: &'a Path,
    /// Where its random numbers come from.
    pub seed: u64,
    /// The first input's number.
    pub first: u64,
    /// How long it works.
    pub time: Duration,
}

/// How a process ended.
pub struct Ended {
    /// By itself, and content.
    pub well: bool,
    /// The end of what it said.
    pub said: String,
    /// The system's words for it.
    pub how: String,
}

impl Worker<'_> {
    /// Runs it to its end, on these inputs or on those it makes.
    pub fn run(&self, inputs: &[PathBuf]) -> io::Result<Ended> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", "--target", self.target.name]);
        command.args(["--seed", &self.seed.to_string(), "--first", &self.first.to_string()]);
        command.args(["--milliseconds", &self.time.as_millis().to_string()]);
        command.arg("--folder").arg(self.folder).args(inputs);
        let grace = Duration::from_secs(20 * limits::WAIT);
        attend(&mut command, self.folder, self.time + grace)
    }
}

/// Runs a process to its end, or ends it; keeps the end of what it says.
pub fn attend(command: &mut Command, folder: &Path, most: Duration) -> io::Result<Ended> {
    let temporary = folder.join("tmp");
    std::fs::create_dir_all(&temporary)?;
    // What a dead worker leaves behind goes away with its folder.
    command.env("TMPDIR", &temporary).env("RUST_BACKTRACE", "0");
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        command.env("RAYON_NUM_THREADS", "2");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = thread::spawn(move || stdout.map(|pipe| tail(pipe, 1 << 14).0).unwrap_or_default());
    let errors =
        thread::spawn(move || stderr.map(|pipe| tail(pipe, 1 << 16).0).unwrap_or_default());
    let status = wait(&mut child, most)?;
    let mut said = errors.join().unwrap_or_default();
    said.extend(out.join().unwrap_or_default());
    let said = String::from_utf8_lossy(&said).into_owned();
    let how = status.map_or("it was ended from outside".into(), |status| status.to_string());
    Ok(Ended { well: status.is_some_and(|status| status.success()), said, how })
}

/// The status at the end; none if it had to be ended.
fn wait(child: &mut Child, most: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > most {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What a program says of itself at first is kept, too.
const HEAD: usize = 1 << 12;

/// The first and the last bytes of a stream, and how many there were.
pub fn tail(mut stream: impl Read, most: usize) -> (Vec<u8>, u64) {
    let (mut head, mut kept, mut total, mut piece) = (Vec::new(), Vec::new(), 0, vec![0; 1 << 14]);
    while let Ok(n @ 1..) = stream.read(&mut piece) {
        total += n as u64;
        let first = n.min(HEAD - head.len());
        head.extend(&piece[..first]);
        kept.extend(&piece[first..n]);
        if kept.len() > 2 * most {
            kept.drain(..kept.len() - most);
        }
    }
    let start = kept.len().saturating_sub(most);
    head.extend(&kept[start..]);
    (head, total)
}
