//! What a request gets: a file of the site, or a sentence that says why not.

use super::place::{self, Place};
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncReadExt;

/// The bytes of a file that are in memory for a reader, twice.
const CHUNK: usize = 32 * 1024;

/// Asks twice in a second whether the site is another one.
const LIVE: &str = "\
let known; setInterval(async () => {\
  try { const now = await (await fetch('/live')).text(); if (known && now !== known) location.reload(); known = now; }\
  catch { /* the server is away: perhaps it comes back */ }\
}, 500);";

/// What goes with every answer: nobody may guess its type, frame it, keep it, or load it from a page of
/// another site. What scripts a page may run it says itself, by their hashes.
const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // Files come whole: a range that is asked for is passed over, as the standard allows.
    (header::ACCEPT_RANGES, "none"),
];

pub(super) type Answer = Response<BoxBody<Bytes, io::Error>>;

/// The site that is served, and under which names.
pub(super) struct Site {
    folder: PathBuf,
    names: Vec<String>,
    version: Arc<AtomicUsize>,
}

impl Site {
    pub fn new(folder: &Path, port: u16, version: Arc<AtomicUsize>) -> Arc<Self> {
        let names = ["localhost", "127.0.0.1", "[::1]"];
        let mut names: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            names.extend(
                names.clone().iter().filter_map(|n| n.strip_suffix(":80")).map(str::to_string),
            );
        }
        Arc::new(Site { folder: folder.to_path_buf(), names, version })
    }

    /// Answers a request; `moved` is called whenever the reader has taken a piece of it.
    pub async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        moved: impl Fn() + Send + 'static,
    ) -> Answer {
        let mut answer = match self.refusal(&request) {
            Some((status, why)) => {
                let mut answer = sentence(status, why);
                // What else comes over this connection is no longer read.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    answer
                        .headers_mut()
                        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                }
                answer
            }
            None => self.content(request.uri().path(), request.uri().query(), moved).await,
        };
        for (name, value) in ALWAYS {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        // Its length stays; what is read of it ends here.
        if request.method() == Method::HEAD { answer.map(|_| text("")) } else { answer }
    }

    /// Why a request gets nothing, if so.
    fn refusal(&self, request: &Request<Incoming>) -> Option<(StatusCode, &'static str)> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some((
                StatusCode::METHOD_NOT_ALLOWED,
                "This server only hands out pages: GET and HEAD.",
            ));
        }
        if !matches!(request.version(), Version::HTTP_10 | Version::HTTP_11) {
            return Some((StatusCode::HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1."));
        }
        if !request.body().is_end_stream() {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "This server reads no request bodies."));
        }
        // A page of somebody else's whose name was bound to this machine must not read the site.
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Some((StatusCode::BAD_REQUEST, "A request needs one Host header."));
        };
        let named =
            |name: &[u8]| self.names.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name));
        let authority = request.uri().authority().is_none_or(|own| named(own.as_str().as_bytes()));
        if !named(host.as_bytes()) || !authority {
            return Some((
                StatusCode::MISDIRECTED_REQUEST,
                "This server answers to localhost and 127.0.0.1, with its port, and to no other name.",
            ));
        }
        None
    }

    async fn content(
        &self,
        path: &str,
        query: Option<&str>,
        moved: impl Fn() + Send + 'static,
    ) -> Answer {
        match path {
            "/live" => {
                let version = self.version.load(Ordering::SeqCst).to_string();
                return whole(StatusCode::OK, "text/plain; charset=utf-8", version);
            }
            "/live.js" => {
                return whole(StatusCode::OK, "text/javascript; charset=utf-8", LIVE);
            }
            _ => {}
        }
        match self.find(path).await {
            Place::File { file, length, kind } => stream(StatusCode::OK, file, length, kind, moved),
            Place::Folder => {
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                // The path has passed `place::parts`: it begins with one slash, and stays on this site.
                let there = HeaderValue::try_from(format!("{path}/{query}"));
                let mut answer = sentence(StatusCode::PERMANENT_REDIRECT, "This is a folder.");
                if let Ok(there) = there {
                    answer.headers_mut().insert(header::LOCATION, there);
                }
                answer
            }
            Place::Nothing => match self.find("/404.html").await {
                Place::File { file, length, kind } => {
                    stream(StatusCode::NOT_FOUND, file, length, kind, moved)
                }
                _ => sentence(StatusCode::NOT_FOUND, "There is no such page."),
            },
        }
    }

    /// Looks on the disk, where a slow one makes nobody else wait.
    async fn find(&self, path: &str) -> Place {
        let (folder, path) = (self.folder.clone(), path.to_string());
        let found = tokio::task::spawn_blocking(move || place::find(&folder, &path)).await;
        found.unwrap_or(Place::Nothing)
    }
}

fn text(text: impl Into<Bytes>) -> BoxBody<Bytes, io::Error> {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

fn whole(status: StatusCode, kind: &'static str, content: impl Into<Bytes>) -> Answer {
    let content = content.into();
    let length = content.len() as u64;
    with(status, kind, length, text(content))
}

fn sentence(status: StatusCode, why: &'static str) -> Answer {
    whole(status, "text/plain; charset=utf-8", format!("{why}\n"))
}

fn with(
    status: StatusCode,
    kind: &'static str,
    length: u64,
    body: BoxBody<Bytes, io::Error>,
) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    answer
}

/// A file, piece by piece, as fast as it is taken.
fn stream(
    status: StatusCode,
    file: File,
    length: u64,
    kind: &'static str,
    moved: impl Fn() + Send + 'static,
) -> Answer {
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(file, length, sender, moved));
    with(status, kind, length, body.boxed())
}

/// Reads a file into a body. A reader who leaves ends it; a file that became shorter breaks the
/// connection off, since its length was told.
async fn send(file: File, length: u64, mut sender: Sender<Bytes, io::Error>, moved: impl Fn()) {
    let mut file = tokio::fs::File::from_std(file).take(length);
    loop {
        let mut piece = Vec::with_capacity(CHUNK);
        match (&mut file).take(CHUNK as u64).read_to_end(&mut piece).await {
            Ok(0) => return,
            Ok(_) if sender.send_data(piece.into()).await.is_err() => return,
            Ok(_) => moved(),
            Err(error) => return sender.abort(error),
        }
    }
}
