//! Requests that mean harm, and clients that say nothing or say it slowly.
use super::*;

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
