//! `book serve` against clients that mean well and clients that do not. All of it stays on this machine.
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod life;

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
