//! How the server begins, and what ends it.
use super::*;

#[test]
fn a_taken_port_is_said() {
    let server = Server::start();
    let port = server.port.to_string();
    let mut second = press(&server.fixture, &["serve", "--port", &port]);
    let mut second = second.stderr(std::process::Stdio::piped()).spawn().unwrap();
    // Its input stays open: it is not to end for that.
    let _line = second.stdin.take();
    let output = second.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains(&format!(
            "cannot serve at 127.0.0.1:{port}: another program has port {port}"
        )),
        "{said}"
    );
    server.is_well("a second server");
}

#[test]
fn the_press_ends_with_its_starter() {
    let mut server = Server::start();
    let begun = Instant::now();
    server.let_go();
    assert!(server.ends(), "it serves on");
    assert!(begun.elapsed() < 2 * PROMPT, "{:?}", begun.elapsed());
}

#[cfg(unix)]
#[test]
fn signals_end_the_press() {
    for signal in ["-TERM", "-HUP", "-INT", "-KILL"] {
        let mut server = Server::start();
        let id = server.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(server.ends(), "{signal} does not end it");
        assert!(TcpStream::connect(("127.0.0.1", server.port)).is_err(), "{signal}");
    }
}

/// What a command of the book started ends with the press as well.
#[cfg(unix)]
#[test]
fn a_command_at_work_ends_with_the_press() {
    let command = "sh -c \"sleep 60 & echo $$ $! > pids.tmp; mv pids.tmp pids; wait\"";
    let fixture = common::Fixture::new(&format!("{{{{#capture {command}}}}}"));
    // Where nobody collects them, the dead keep their number as zombies.
    let alive = |id: &str| {
        let told =
            std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap();
        let state = String::from_utf8_lossy(&told.stdout).trim().to_string();
        !state.is_empty() && !state.starts_with('Z')
    };
    for signal in [None, Some("-TERM"), Some("-HUP")] {
        let mut child =
            press(&fixture, &["capture"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        let pids = fixture.path().join("pids");
        let begun = Instant::now();
        while !pids.exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the command did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        let ids = fs::read_to_string(&pids).unwrap();
        fs::remove_file(&pids).unwrap();
        assert!(ids.split_whitespace().count() == 2 && ids.split_whitespace().all(alive), "{ids}");
        match signal {
            None => drop(child.stdin.take()),
            Some(signal) => {
                let id = child.id().to_string();
                assert!(
                    std::process::Command::new("kill")
                        .args([signal, &id])
                        .status()
                        .unwrap()
                        .success()
                );
            }
        }
        assert!(ends(&mut child), "{signal:?} does not end it");
        let begun = Instant::now();
        while ids.split_whitespace().any(alive) {
            assert!(begun.elapsed() < Duration::from_secs(5), "{signal:?}: {ids} live on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
