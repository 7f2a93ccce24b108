//! `book serve` against clients that mean well and clients that do not. All of it stays on this machine.

mod common;

use common::server::{Answer, PROMPT, Server, ends, press};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What stands in files that must never be handed out.
const SECRET: &str = "a secret of this machine";
/// More than all buffers between two programs hold.
const LARGE: u64 = 256 << 20;

#[test]
fn pages_come_with_their_types_and_nothing_to_guess() {
    let server = Server::start();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?x=/../..", "text/html; charset=utf-8"),
        ("/css/general.css", "text/css; charset=utf-8"),
        ("/book.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/live", "text/plain; charset=utf-8"),
        ("/live.js", "text/javascript; charset=utf-8"),
    ] {
        let (get, head) =
            (server.ask(&format!("GET {path}"), ""), server.ask(&format!("HEAD {path}"), ""));
        assert_eq!((get.status(), head.status()), (200, 200), "{path}: {}", get.head());
        assert_eq!(get.header("content-type").as_deref(), Some(kind), "{path}");
        assert_eq!(get.header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(get.header("cache-control").as_deref(), Some("no-store"), "{path}");
        assert!(
            get.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(get.header("content-length"), Some(get.body().len().to_string()), "{path}");
        assert_eq!(get.header("content-length"), head.header("content-length"), "{path}");
        assert!(!get.body().is_empty() && head.body().is_empty(), "{path}");
    }
    let page = server.ask("GET /01-one.html", "");
    let text = String::from_utf8_lossy(page.body()).into_owned();
    assert!(
        text.contains("<script src=\"/live.js\">") && text.contains("script-src 'self' 'sha256-"),
        "{text}"
    );
}

#[test]
fn ranges_folders_and_missing_pages_are_answered_honestly() {
    let server = Server::start();
    let whole = server.ask("GET /book.js", "");
    let range = server.ask("GET /book.js", "Range: bytes=0-3|");
    assert_eq!((range.status(), range.body()), (200, whole.body()));
    assert_eq!(range.header("accept-ranges").as_deref(), Some("none"));
    let folder = server.ask("GET /css?a=b", "");
    assert_eq!((folder.status(), folder.header("location").as_deref()), (308, Some("/css/?a=b")));
    let none = server.ask("GET /none.html", "");
    assert_eq!(none.status(), 404);
    assert_eq!(none.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert!(String::from_utf8_lossy(none.body()).contains("There is no such page"));
    fs::remove_file(server.site().join("404.html")).unwrap();
    assert_eq!(server.ask("GET /none.html", "").body(), b"There is no such page.\n");
    // Two requests on one connection.
    let pair = format!(
        "GET /live HTTP/1.1\r\nHost: localhost:{0}\r\n\r\nGET /live HTTP/1.1\r\nHost: LOCALHOST:{0}\r\nConnection: close\r\n\r\n",
        server.port
    );
    let answers = String::from_utf8_lossy(&server.raw(pair.as_bytes())).into_owned();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[test]
fn a_page_that_is_saved_is_another_version() {
    let server = Server::start();
    let version = || server.ask("GET /live", "").body().to_vec();
    let known = version();
    std::thread::sleep(Duration::from_millis(300));
    let page = server.fixture.path().join("book/src/01-one.md");
    let text = fs::read_to_string(&page).unwrap();
    fs::write(page, format!("{text}\nNews.\n")).unwrap();
    let begun = Instant::now();
    while version() == known {
        assert!(begun.elapsed() < Duration::from_secs(20), "it was not built again");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(String::from_utf8_lossy(server.ask("GET /01-one.html", "").body()).contains("News."));
}

#[test]
fn hostile_requests_get_a_sentence_or_nothing() {
    let server = Server::start();
    let site = server.site();
    fs::write(site.join(".hidden"), SECRET).unwrap();
    fs::write(site.join("nul.html"), SECRET).unwrap_or_default();
    fs::write(server.fixture.path().join("target/secret.html"), SECRET).unwrap();
    fs::create_dir(server.fixture.path().join("target/book-live-2")).unwrap();
    fs::write(server.fixture.path().join("target/book-live-2/secret.html"), SECRET).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("../secret.html", site.join("link.html")).unwrap();
        symlink("..", site.join("up")).unwrap();
        symlink("round", site.join("round")).unwrap();
        symlink("/dev/zero", site.join("zero.html")).unwrap();
        symlink("/proc/self/environ", site.join("environ.html")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(site.join("pipe.html")).status();
        assert!(made.unwrap().success());
        drop(std::os::unix::net::UnixListener::bind(site.join("socket.html")));
    }
    let before = server.memory();
    let mut tried = 0;
    let mut wrong = Vec::new();
    let mut tell = |what: &str, bytes: Vec<u8>, expected: &[u16]| {
        let answer = Answer(server.raw(&bytes));
        let (status, head) = (answer.status(), answer.head());
        if !expected.contains(&status) || String::from_utf8_lossy(&answer.0).contains(SECRET) {
            wrong.push(format!("{what}: {expected:?} was expected, not {head:.200}"));
        }
        server.is_well(what);
        tried += 1;
    };
    let port = server.port;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let get = |path: &str, rest: &str| {
        format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n{rest}\r\n").into_bytes()
    };
    // 0 stands for a connection that was closed without an answer.
    for path in [
        "/../secret.html",
        "/css/../../secret.html",
        "/%2e%2e/secret.html",
        "/%2E%2E/secret.html",
        "/.%2e/secret.html",
        "/..%2fsecret.html",
        "/..%5csecret.html",
        "/%2e%2e%2fsecret.html",
        "/css/%2e%2e/%2e%2e/secret.html",
        "/../book-live-2/secret.html",
        "/%252e%252e/secret.html",
        "/%c0%ae%c0%ae/secret.html",
        "/..;/secret.html",
        "//secret.html",
        "///etc/hostname",
        "/etc/hostname",
        "//etc/hostname",
        "/%2fetc%2fhostname",
        "/.hidden",
        "/%2ehidden",
        "/.strata-book",
        "/./.hidden",
        "/C:/Windows/win.ini",
        "/c%3a/windows/win.ini",
        "/file:///etc/hostname",
        "/nul",
        "/NUL.html",
        "/con",
        "/aux.html",
        "/COM1",
        "/lpt1.css",
        "/index.html::$DATA",
        "/index.html.",
        "/index.html%20",
        "/index.html%00",
        "/index.html%00.css",
        "/%00",
        "/%",
        "/%2",
        "/%zz",
        "/%ff%fe",
        "/index.html/",
        "/index.html/..",
        "/css/",
        "/link.html",
        "/up/secret.html",
        "/round",
        "/zero.html",
        "/environ.html",
        "/pipe.html",
        "/socket.html",
        "/?/../secret.html%",
    ] {
        let expected: &[u16] = if path.starts_with("/?") { &[200] } else { &[404] };
        tell(path, get(path, ""), expected);
    }
    for path in [
        "/a\\..\\secret.html",
        "/\u{e9}",
        "/<script>alert(1)</script>",
        "/a b",
        "/\"x",
        "/{}",
        "secret.html",
        "*",
        "",
    ] {
        tell(path, get(path, ""), &[400, 404, 421, 0]);
    }
    tell("a long path", get(&format!("/{}", "a".repeat(8000)), ""), &[404]);
    tell("a path without end", get(&format!("/{}", "a".repeat(100_000)), ""), &[414, 431, 0]);
    tell("a path of many parts", get(&"/a".repeat(4000), ""), &[404]);
    // Bodies.
    for (method, rest, expected) in [
        ("GET", "Content-Length: 99999999999999\r\n", 413),
        ("HEAD", "Content-Length: 99999999999999\r\n", 413),
        ("GET", "Content-Length: 18446744073709551615\r\n", 431),
        ("GET", "Content-Length: 18446744073709551614\r\n", 431),
        ("GET", "Content-Length: 18446744073709551613\r\n", 413),
        ("GET", "Content-Length: 99999999999999999999999\r\n", 400),
        ("GET", "Content-Length: -1\r\n", 400),
        ("GET", "Content-Length: +5\r\n", 400),
        ("GET", "Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("GET", "Content-Length: 0x10\r\n", 400),
        ("GET", "Transfer-Encoding: chunked\r\n", 413),
        ("GET", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 413),
        ("GET", "Transfer-Encoding: gzip\r\n", 400),
        ("GET", "Content-Length: 5\r\nExpect: 100-continue\r\n", 413),
        ("POST", "Content-Length: 99999999999999\r\n", 405),
        ("POST", "Transfer-Encoding: chunked\r\n", 405),
        ("PUT", "Content-Length: 3\r\n\r\nabc", 405),
        ("DELETE", "", 405),
        ("OPTIONS", "", 405),
        ("TRACE", "", 405),
        ("PATCH", "", 405),
        ("get", "", 405),
        ("BREW", "", 405),
    ] {
        let bytes = format!("{method} /index.html HTTP/1.1\r\n{host}{rest}\r\n").into_bytes();
        tell(&format!("{method}, {rest}"), bytes, &[expected]);
    }
    tell("CONNECT", format!("CONNECT 127.0.0.1:22 HTTP/1.1\r\n{host}\r\n").into_bytes(), &[405]);
    // Names.
    for name in [
        "evil.example".to_string(),
        format!("evil.example:{port}"),
        "127.0.0.1".into(),
        "localhost".into(),
        "127.0.0.1:1".into(),
        format!("127.0.0.1:{port}0"),
        format!("127.0.0.1:{port}@evil.example"),
        format!("evil.example@127.0.0.1:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("localhost.:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.0.0.2:{port}"),
        format!("2130706433:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("127.0.0.1.nip.io:{port}"),
        String::new(),
        format!("127.0.0.1:{port}, evil.example"),
        format!("127.0.0.1:{port}\u{e9}"),
        "x".repeat(9000),
    ] {
        let bytes =
            format!("GET /index.html HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        tell(&format!("Host: {name:.60}"), bytes.into_bytes(), &[421]);
    }
    let twice = format!("GET / HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n").into_bytes();
    tell("two hosts", twice, &[400]);
    tell("no host", b"GET / HTTP/1.1\r\n\r\n".to_vec(), &[400]);
    tell("no host, as it was", b"GET / HTTP/1.0\r\n\r\n".to_vec(), &[400]);
    tell("a proxy's request", get("http://evil.example/index.html", ""), &[421]);
    tell("a proxy's request for a file", get("file:///etc/hostname", ""), &[400, 421]);
    // Heads.
    tell("many headers", get("/", &"X: y\r\n".repeat(1000)), &[431]);
    tell("a header without end", get("/", &format!("X: {}\r\n", "y".repeat(1 << 20))), &[431, 0]);
    tell(
        "a header's name without end",
        get("/", &format!("{}: y\r\n", "x".repeat(1 << 20))),
        &[431, 0],
    );
    tell("a folded header", get("/", "X: y\r\n z\r\n"), &[400]);
    tell("a header without a name", get("/", ": y\r\n"), &[400]);
    tell("a zero in a header", get("/", "X: \0\r\n"), &[400]);
    tell("a space before the colon", get("/", "X : y\r\n"), &[400]);
    tell("HTTP/0.9", b"GET /index.html\r\n\r\n".to_vec(), &[400, 0]);
    tell(
        "HTTP/2",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        &[400, 505, 0],
    );
    tell("HTTP/9", format!("GET / HTTP/9.9\r\n{host}\r\n").into_bytes(), &[400, 505, 0]);
    tell("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n".to_vec(), &[400, 0]);
    tell("zeros", vec![0; 100_000], &[400, 0]);
    tell("empty lines", b"\r\n".repeat(50_000), &[400, 408, 431, 0]);
    tell("no lines", vec![b'A'; 1 << 20], &[400, 414, 431, 0]);
    tell(
        "noise",
        (0..65_536u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        &[400, 0],
    );
    tell(
        "an upgrade",
        get("/live", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
        &[200],
    );
    tell("ranges", get("/book.js", &format!("Range: bytes={}\r\n", "0-,".repeat(1000))), &[200]);
    let smuggled = format!(
        "GET /live HTTP/1.1\r\n{host}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /.hidden HTTP/1.1\r\n{host}\r\n"
    );
    tell("a request inside another", smuggled.into_bytes(), &[413]);
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried >= 100, "{tried}");
    if let (Some(before), Some(after)) = (before, server.memory()) {
        let grown = after.saturating_sub(before) >> 20;
        assert!(grown < 32, "{tried} requests took {grown} MiB");
    }
    println!("{tried} hostile requests");
}

#[test]
fn the_silent_and_the_slow_keep_nobody_waiting() {
    let server = Server::start();
    File::create(server.site().join("large.bin")).unwrap().set_len(LARGE).unwrap();
    let before = server.memory();
    let send = |text: &str| {
        let mut stream = server.connect();
        // It may have been shown out already.
        let _ = stream.write_all(text.replace("PORT", &server.port.to_string()).as_bytes());
        stream
    };
    let mut crowd: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    server.is_well("200 connections that say nothing");
    crowd.extend((0..100).map(|_| send("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-Slow: ")));
    server.is_well("100 heads that do not end");
    crowd.extend((0..100).map(|_| send("GET /large.bin HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n")));
    server.is_well("100 clients that do not read");
    let many = "GET /01-one.html HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n".repeat(200);
    crowd.extend((0..20).map(|_| send(&many)));
    server.is_well("20 clients that ask 200 times and do not read");
    let body = "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 99999999999999\r\n\r\nx";
    crowd.extend((0..50).map(|_| send(body)));
    server.is_well("50 bodies that are not sent");
    // Drop by drop, for a while.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        for stream in &mut crowd[200..300] {
            let _ = stream.write_all(b"y");
        }
        server.is_well("heads that come drop by drop");
        std::thread::sleep(Duration::from_millis(200));
    }
    match (before, server.memory()) {
        (Some(before), Some(after)) => {
            let grown = after.saturating_sub(before) >> 20;
            assert!(grown < 64, "{} connections took {grown} MiB", crowd.len());
            println!("{} connections took {grown} MiB", crowd.len());
        }
        _ => println!("SKIPPED: the server's memory is not told by this system"),
    }
    // In the end all of them are shown out.
    let begun = Instant::now();
    for stream in &mut crowd {
        let closed = stream.read_to_end(&mut Vec::new());
        let late = closed.is_err_and(|e| {
            matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        assert!(!late, "a connection is still open after {:?}", begun.elapsed());
    }
    server.is_well("all of them");
}

#[test]
fn large_files_are_not_held_in_memory() {
    let server = Server::start();
    File::create(server.site().join("large.bin")).unwrap().set_len(LARGE).unwrap();
    let before = server.memory();
    let mut stream = server.connect();
    let head = format!(
        "GET /large.bin HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        server.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut taken, mut piece, mut most) = (0, vec![0; 1 << 20], 0);
    loop {
        match stream.read(&mut piece).unwrap() {
            0 => break,
            count => taken += count as u64,
        }
        most = most.max(server.memory().unwrap_or(0));
    }
    assert!(taken > LARGE && taken < LARGE + 4096, "{taken}");
    match before {
        Some(before) => assert!(most.saturating_sub(before) < 16 << 20, "{before} to {most} bytes"),
        None => println!("SKIPPED: the server's memory is not told by this system"),
    }
    // A file that shrinks on the way: its reader learns that it is not whole.
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.read_exact(&mut [0; 4096]).unwrap();
    File::create(server.site().join("large.bin")).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!((rest.len() as u64) < LARGE);
    server.is_well("a file that shrank");
}

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
