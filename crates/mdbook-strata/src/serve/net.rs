//! Connections: how many there may be, how long nothing may move on one, and how much of a request is
//! read before it has to make sense.

use super::answer::Site;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

/// Connections at a time; browsers open six. One more, and the one that has been silent longest goes.
const CONNECTIONS: usize = 96;
/// How long a request's head may take to come.
const HEAD: Duration = Duration::from_secs(5);
/// How long nothing may move on a connection, whoever's turn it is.
const SILENCE: Duration = Duration::from_secs(10);
/// The headers of a request, and the bytes of its head.
const HEADERS: usize = 64;
const BUFFER: usize = 16 * 1024;
/// Threads that look on the disk.
const READERS: usize = 8;

/// A socket with somebody who answers.
pub(super) struct Server {
    runtime: Runtime,
    listener: TcpListener,
}

/// A connection: when something last moved on it, and how it is ended.
struct Seat {
    moved: Arc<Moved>,
    task: AbortHandle,
}

/// When something last moved, in milliseconds since the server began.
struct Moved {
    began: Instant,
    last: AtomicU64,
}

impl Moved {
    fn now(&self) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "64 bits of milliseconds outlast the machine"
        )]
        self.last.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Ends when nothing has moved for so long.
    async fn silent(&self, most: Duration) {
        loop {
            let quiet = self.began + Duration::from_millis(self.last()) + most;
            if Instant::now() >= quiet {
                return;
            }
            tokio::time::sleep_until(quiet).await;
        }
    }
}

impl Server {
    /// # Errors
    /// The system has no thread or no timer for it.
    pub fn new(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().max_blocking_threads(READERS).build()?;
        Ok(Server { runtime, listener })
    }

    /// Answers until the program ends.
    pub fn run(self, site: Arc<Site>) {
        let Server { runtime, listener } = self;
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let (mut seats, began) = (Vec::<Seat>::new(), Instant::now());
            loop {
                // Too many open files, or a client that left at once: the next one may do better.
                let Ok((stream, _)) = listener.accept().await else {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                };
                make_room(&mut seats);
                let moved = Arc::new(Moved { began, last: AtomicU64::new(0) });
                moved.now();
                let task = tokio::spawn(connection(stream, Arc::clone(&site), Arc::clone(&moved)));
                seats.push(Seat { moved, task: task.abort_handle() });
            }
        });
    }
}

/// Clears the seats of those who left, and if all are taken that of the longest silent.
fn make_room(seats: &mut Vec<Seat>) {
    seats.retain(|seat| !seat.task.is_finished());
    while seats.len() >= CONNECTIONS {
        let silent = seats.iter().enumerate().min_by_key(|(_, seat)| seat.moved.last());
        let Some((silent, _)) = silent else { return };
        seats.swap_remove(silent).task.abort();
    }
}

async fn connection(stream: TcpStream, site: Arc<Site>, moved: Arc<Moved>) {
    let service = service_fn(|request| {
        moved.now();
        let (site, moved) = (Arc::clone(&site), Arc::clone(&moved));
        async move { Ok::<_, Infallible>(site.answer(request, move || moved.now()).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    http.max_headers(HEADERS).max_buf_size(BUFFER);
    let mut served = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut silent = pin!(moved.silent(SILENCE));
    // Whatever it ends with: the client has its answer, or is gone.
    let mut ended = |context: &mut Context<'_>| {
        served.as_mut().poll(context).is_ready() || silent.as_mut().poll(context).is_ready()
    };
    poll_fn(|context| if ended(context) { Poll::Ready(()) } else { Poll::Pending }).await;
}
