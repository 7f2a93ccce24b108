//! The press at work, serving a small book, and raw requests to it.

use super::Fixture;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a good request may take, whatever else goes on.
pub const PROMPT: Duration = Duration::from_secs(1);

/// `book serve --port 0`, tied to us as `cargo strata` ties it to itself.
pub struct Server {
    pub fixture: Fixture,
    pub child: Child,
    pub port: u16,
    line: Option<ChildStdin>,
}

/// The press with these words, in a fixture's tree; it ends when its input does.
pub fn press(fixture: &Fixture, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdbook-strata"));
    command.args(words).current_dir(fixture.path()).env("STRATA_PRESS_TIED", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

impl Server {
    pub fn start() -> Server {
        let fixture = Fixture::new("Text.");
        let mut child = press(&fixture, &["serve", "--port", "0"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.next().unwrap();
        let port = address.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
        assert_eq!(lines.next().as_deref(), Some("2 pages"));
        // What it says later has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let line = child.stdin.take();
        Server { fixture, child, port, line }
    }

    /// Lets go of its input, as a starter does that ends.
    pub fn let_go(&mut self) {
        self.line = None;
    }

    /// The folder that is served.
    pub fn site(&self) -> PathBuf {
        self.fixture.path().join("target/book-live")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends bytes as they are, and reads until the server closes.
    pub fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut stream, mut answer) = (self.connect(), Vec::new());
        // It may close before it has read all, and rightly.
        let _ = stream.write_all(bytes);
        let _ = stream.take(8 << 20).read_to_end(&mut answer);
        answer
    }

    /// A request with the headers that a good one has; `|` ends a line.
    pub fn ask(&self, start: &str, headers: &str) -> Answer {
        let head =
            format!("{start} HTTP/1.1|Host: 127.0.0.1:{}|Connection: close|{headers}|", self.port);
        Answer(self.raw(head.replace('|', "\r\n").as_bytes()))
    }

    /// Fails if a good request is not answered at once.
    pub fn is_well(&self, after: &str) {
        let begun = Instant::now();
        let answer = self.ask("GET /01-one.html", "");
        assert_eq!(answer.status(), 200, "after {after}: {}", answer.head());
        assert!(answer.body().ends_with(b"</html>\n"), "after {after}");
        assert!(begun.elapsed() < PROMPT, "after {after} it took {:?}", begun.elapsed());
    }

    /// Its memory in bytes, where the system tells.
    pub fn memory(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<usize>().ok().map(|kib| kib << 10)
    }

    /// Whether it ends within a few seconds.
    pub fn ends(&mut self) -> bool {
        ends(&mut self.child)
    }
}

pub fn ends(child: &mut Child) -> bool {
    (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        child.try_wait().unwrap().is_some()
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
pub struct Answer(pub Vec<u8>);

impl Answer {
    fn split(&self) -> (&[u8], &[u8]) {
        let at = self.0.windows(4).position(|four| four == b"\r\n\r\n");
        at.map_or((&self.0, &[]), |at| (&self.0[..at], &self.0[at + 4..]))
    }

    pub fn head(&self) -> String {
        String::from_utf8_lossy(self.split().0).into_owned()
    }

    pub fn body(&self) -> &[u8] {
        self.split().1
    }

    /// The status; 0 if the connection was closed without one.
    pub fn status(&self) -> u16 {
        let head = self.head();
        let code = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
        code.and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.head();
        let found = head.lines().filter_map(|line| line.split_once(": "));
        found
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.to_string())
    }
}
