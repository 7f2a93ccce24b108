//! The site on this machine: built again at every save, and the page reloads by itself.
//!
//! `net` takes connections and bounds them, `answer` says what a request gets, `place` which
//! file a path means, if any.

mod answer;
mod net;
mod place;

use crate::fault::Error;
use crate::press::{Extras, Press};
use notify::{RecursiveMode, Watcher};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

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

/// Builds the site and serves it at `127.0.0.1:port` until the program is ended; port 0 takes any
/// that is free. The address, what is built and what is wrong is handed to `report`.
///
/// # Errors
/// The port is taken; files cannot be watched.
pub fn serve(
    press: &Press,
    out: &Path,
    port: u16,
    mut report: impl FnMut(Result<&str, &Error>),
) -> Result<(), Error> {
    let address = format!("127.0.0.1:{port}");
    let fail = |why: String| Error::Serve { address: address.clone(), why };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        fail(match error.kind() {
            ErrorKind::AddrInUse => format!("another program has port {port}"),
            ErrorKind::PermissionDenied => {
                format!("port {port} is not for everybody: those above 1023 are")
            }
            _ => error.to_string(),
        })
    })?;
    let address = listener.local_addr().map_err(|error| fail(error.to_string()))?;
    let version = Arc::new(AtomicUsize::new(0));
    let site = answer::Site::new(out, address.port(), Arc::clone(&version));
    let server = net::Server::new(listener).map_err(|error| fail(error.to_string()))?;
    thread::spawn(move || server.run(site));
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
    report(Ok(&format!("http://{address}")));
    loop {
        let built = press.build(out, Extras { live: true, api: false });
        version.fetch_add(1, Ordering::SeqCst);
        match built {
            Ok(printed) => report(Ok(&format!("{} pages", printed.pages))),
            Err(error) => report(Err(&error)),
        }
        // What the build itself wrote, and editors that save in several steps, are one change.
        thread::sleep(Duration::from_millis(200));
        while changes.try_recv().is_ok() {}
        if changes.recv().is_err() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
