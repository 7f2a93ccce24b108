//! Answers that say their verdict themselves.

use super::{ALWAYS, CALLS, FILES, Hostile, TOKEN};
use std::fs;
use std::io::{Read, Write};
use std::time::Duration;
use strata_grader::grade::Job;

pub const ALL: &[Hostile] = &[
    Hostile("says_it_on_stdout", ALWAYS, "differs", |_| prints(&mut std::io::stdout())),
    Hostile("says_it_on_stderr", ALWAYS, "differs", |_| prints(&mut std::io::stderr())),
    Hostile("says_it_and_exits", ALWAYS, "device-error", |_| {
        prints(&mut std::io::stdout());
        std::process::exit(0)
    }),
    Hostile("exits", ALWAYS, "device-error", |_| std::process::exit(0)),
    Hostile("says_it_from_a_panic_hook", ALWAYS, "device-error", from_a_hook),
    Hostile("says_it_from_a_thread", ALWAYS, "differs", from_a_thread),
    Hostile("says_it_as_it_is_taken_down", ALWAYS, "", at_the_end),
    Hostile("writes_to_every_open_file_by_path", ALWAYS, "", |_| by_path()),
    Hostile("reads_the_job_from_stdin", ALWAYS, "differs", |_| {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).is_ok_and(|read| read > 0)
    }),
    Hostile("reads_the_job_from_the_environment", ALWAYS, "differs", |_| {
        std::env::vars().any(|(name, value)| value.contains("ex03") || name.contains("JOB"))
    }),
    Hostile("reads_a_token_from_the_environment", ALWAYS, "differs", |_| {
        std::env::vars().any(|(name, value)| name == TOKEN.0 || value.contains(TOKEN.1))
    }),
    Hostile("reads_a_token_from_its_parents", FILES, "differs", |_| {
        let environ = |id: String| fs::read(format!("/proc/{id}/environ"));
        let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = numbers.filter_map(|entry| entry.file_name().into_string().ok());
        let names = names.chain(["self".into(), "1".into(), "thread-self".into()]);
        names.filter_map(|id| environ(id).ok()).any(|text| holds(&text, TOKEN.1))
    }),
    Hostile("reads_the_key_from_its_memory", FILES, "differs", |_| {
        fs::File::open("/proc/self/mem").is_ok() || fs::File::open("/proc/thread-self/mem").is_ok()
    }),
    Hostile("steals_the_line_by_its_number", CALLS, "differs", steal),
    Hostile("closes_every_file", ALWAYS, "", close_all),
    Hostile("leaves_results_where_they_are_looked_for", FILES, "differs", |_| {
        let folder = std::env::var_os("STRATA_RESULTS").unwrap_or_else(|| "/tmp".into());
        let file = std::path::Path::new(&folder).join("ex03-matmul.jsonl");
        fs::write(file, "{}\n").is_ok()
    }),
];

/// Lines that a judge of some day might have believed.
fn prints(out: &mut dyn Write) -> bool {
    let passed = r#"{"verdict":{"Passed":{"checks":31}},"last":true}"#;
    let last = r#"{"Last":[{"Passed":{"checks":31}},null]}"#;
    let code = "0".repeat(64);
    for line in [
        format!("strata-verdict {passed}"),
        format!("strata-verdict {code} {last}"),
        format!("{code} {last}"),
        format!(" {last}"),
        last.to_string(),
        "test tiled ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored".to_string(),
    ] {
        let _ = writeln!(out, "\n{line}");
    }
    let _ = out.flush();
    false
}

fn from_a_hook(_: &Job) -> bool {
    std::panic::set_hook(Box::new(|_| {
        prints(&mut std::io::stdout());
        std::process::exit(0);
    }));
    panic!("never mind");
}

fn from_a_thread(_: &Job) -> bool {
    std::thread::spawn(|| {
        loop {
            prints(&mut std::io::stdout());
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    std::thread::sleep(Duration::from_millis(50));
    false
}

/// Speaks, and goes on for ever, when its thread is taken down.
fn at_the_end(_: &Job) -> bool {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            prints(&mut std::io::stderr());
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
    thread_local!(static LATE: Late = const { Late });
    LATE.with(|_| {});
    false
}

fn by_path() -> bool {
    let numbered = (0..256).flat_map(|n| ["/proc/self/fd", "/dev/fd"].map(|f| format!("{f}/{n}")));
    let named = ["/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/console"];
    for path in numbered.chain(named.map(String::from)) {
        if let Ok(mut file) = fs::File::options().write(true).open(path) {
            prints(&mut file);
        }
    }
    false
}

fn holds(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

/// The system hands out copies of a process's files by their numbers.
#[cfg(target_os = "linux")]
fn steal(_: &Job) -> bool {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let Ok(own) = pidfd_open(getpid(), PidfdFlags::empty()) else { return false };
    (3..64).any(|number| pidfd_getfd(&own, number, PidfdGetfdFlags::empty()).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn steal(_: &Job) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn close_all(_: &Job) -> bool {
    for number in 0..1024 {
        let _ = nix::unistd::close(number);
    }
    prints(&mut std::io::stdout());
    std::thread::sleep(Duration::from_secs(3600));
    false
}

#[cfg(not(target_os = "linux"))]
fn close_all(_: &Job) -> bool {
    false
}
