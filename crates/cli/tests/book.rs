//! `strata book`: the press is a program of its own, and does not outlive the command.
mod common;

use common::strata;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// `strata book serve --port 0`, and the port it says.
fn serve() -> (Child, u16) {
    let mut command = strata(Path::new(env!("CARGO_MANIFEST_DIR")));
    command.args(["book", "serve", "--port", "0"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The first may have to wait until the press is compiled.
    let address = lines.next().expect("it says where it serves");
    std::thread::spawn(move || lines.for_each(drop));
    let port = address.strip_prefix("http://127.0.0.1:").and_then(|port| port.parse().ok());
    (child, port.unwrap_or_else(|| panic!("{address:?} is no address")))
}

/// Whether nobody answers at a port any more, after a while.
fn is_quiet(port: u16) -> bool {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn a_killed_command_takes_its_press_along() {
    let (mut child, port) = serve();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_quiet(port), "the press serves on");
}

/// Whether this process, and so what it starts, ignores a signal; where nothing tells, it does not.
#[cfg(unix)]
fn ignored(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

#[cfg(unix)]
#[test]
fn signals_to_the_command_end_its_press() {
    for (number, signal) in [(15, "-TERM"), (1, "-HUP"), (2, "-INT")] {
        // What a shell puts in the background may have been told to ignore some.
        if ignored(number) {
            println!("SKIPPED: {signal}: whoever started this test has it ignored");
            continue;
        }
        let (mut child, port) = serve();
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        child.wait().unwrap();
        assert!(is_quiet(port), "after {signal} the press serves on");
    }
}
