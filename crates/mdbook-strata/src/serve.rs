//! The site on this machine: built again at every save, and the page reloads by itself.

use crate::fault::Error;
use crate::press::{Extras, Press};
use notify::{RecursiveMode, Watcher};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tiny_http::{Header, Request, Response, Server};

/// Folders whose files end up in the book.
const WATCHED: [&str; 10] = [
    "bench/results",
    "book",
    "chapters",
    "crates",
    "exercises",
    "kernels",
    "shaders",
    "solutions",
    "ts/demos",
    "Cargo.lock",
];

/// Asks twice in a second whether the site is another one.
const LIVE: &str = "\
let known; setInterval(async () => {\
  try { const now = await (await fetch('/live')).text(); if (known && now !== known) location.reload(); known = now; }\
  catch { /* the server is away: perhaps it comes back */ }\
}, 500);";

/// Builds the site and serves it at `127.0.0.1:port` until the program is ended. What is built, and
/// what is wrong, is handed to `told`.
///
/// # Errors
/// The port is taken; files cannot be watched.
pub fn serve(
    press: &Press,
    out: &Path,
    port: u16,
    mut told: impl FnMut(&str),
) -> Result<(), Error> {
    let address = format!("127.0.0.1:{port}");
    let fail = |why: String| Error::Serve { address: address.clone(), why };
    let server = Server::http(&address).map_err(|error| fail(error.to_string()))?;
    let version = Arc::new(AtomicUsize::new(0));
    let (site, counted) = (out.to_path_buf(), Arc::clone(&version));
    thread::spawn(move || {
        for request in server.incoming_requests() {
            answer(request, &site, counted.load(Ordering::SeqCst));
        }
    });
    let (changed, changes) = mpsc::channel();
    let watching = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is not a change.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = changed.send(());
        }
    });
    let mut watcher = watching.map_err(|error| fail(error.to_string()))?;
    for folder in WATCHED {
        let path = press.tree().root().join(folder);
        if path.exists() {
            let watched = watcher.watch(&path, RecursiveMode::Recursive);
            watched.map_err(|error| fail(format!("{folder} cannot be watched: {error}")))?;
        }
    }
    told(&format!("http://{address}"));
    loop {
        match press.build(out, Extras { live: true, api: false }) {
            Ok(printed) => told(&format!("{} pages", printed.pages)),
            Err(error) => told(&error.to_string()),
        }
        version.fetch_add(1, Ordering::SeqCst);
        // What the build itself wrote, and editors that save in several steps, are one change.
        thread::sleep(Duration::from_millis(200));
        while changes.try_recv().is_ok() {}
        if changes.recv().is_err() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn answer(request: Request, site: &Path, version: usize) {
    let path = request.url().split(['?', '#']).next().unwrap_or_default().to_string();
    let (bytes, kind, status) = match path.as_str() {
        "/live" => (version.to_string().into_bytes(), "text/plain", 200),
        "/live.js" => (LIVE.as_bytes().to_vec(), "text/javascript", 200),
        _ => {
            match inside(site, &path).and_then(|file| Some((fs::read(&file).ok()?, kind(&file)))) {
                Some((bytes, kind)) => (bytes, kind, 200),
                None => (b"There is no such page.".to_vec(), "text/plain", 404),
            }
        }
    };
    let mut response = Response::from_data(bytes).with_status_code(status);
    for (key, value) in [("Content-Type", kind), ("Cache-Control", "no-store")] {
        if let Ok(header) = Header::from_bytes(key, value) {
            response.add_header(header);
        }
    }
    // Who asked may have left.
    let _ = request.respond(response);
}

/// The file that a path means; none outside of the site.
fn inside(site: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    if path.components().any(|part| !matches!(part, Component::Normal(_))) {
        return None;
    }
    let file = site.join(path);
    let file = if file.is_dir() { file.join("index.html") } else { file };
    file.is_file().then_some(file)
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_served() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join("index.html"), "x").unwrap();
        assert!(inside(site.path(), "/").is_some());
        assert!(inside(site.path(), "/index.html").is_some());
        for bad in ["/../Cargo.toml", "/a/../../b", "/none.html", "//etc/hostname"] {
            assert!(inside(site.path(), bad).is_none(), "{bad}");
        }
    }
}
