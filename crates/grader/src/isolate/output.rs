//! What a judge prints: its end is kept for the report, the rest is only counted.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What is kept.
const KEPT: usize = 16 << 10;

/// What a judge prints, as it prints it.
pub(super) struct Noise {
    printed: Arc<AtomicU64>,
    most: u64,
    errors: Arc<Mutex<VecDeque<u8>>>,
    ended: Receiver<()>,
}

impl Noise {
    pub fn collect(
        stdout: Option<impl Read + Send + 'static>,
        stderr: Option<impl Read + Send + 'static>,
        most: u64,
    ) -> Noise {
        let printed = Arc::new(AtomicU64::new(0));
        let errors: Arc<Mutex<VecDeque<u8>>> = Arc::default();
        let (send, ended) = channel();
        if let Some(stdout) = stdout {
            let (printed, send) = (Arc::clone(&printed), send.clone());
            thread::spawn(move || {
                drain(stdout, &printed, most, None);
                let _ = send.send(());
            });
        }
        if let Some(stderr) = stderr {
            let (printed, errors) = (Arc::clone(&printed), Arc::clone(&errors));
            thread::spawn(move || {
                drain(stderr, &printed, most, Some(&errors));
                let _ = send.send(());
            });
        }
        Noise { printed, most, errors, ended }
    }

    /// Whether more was printed than may be.
    pub fn too_much(&self) -> bool {
        self.printed.load(Ordering::Relaxed) > self.most
    }

    /// The end of stderr, once nobody writes any more or the patience is over.
    pub fn tail(&self, patience: Duration) -> String {
        let start = Instant::now();
        while self.ended.recv_timeout(patience.saturating_sub(start.elapsed())).is_ok() {}
        let kept = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Reads to the end, or until more was printed than may be: then the pipe closes.
fn drain(mut from: impl Read, printed: &AtomicU64, most: u64, keep: Option<&Mutex<VecDeque<u8>>>) {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if let Some(kept) = keep {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(chunk.iter().take(read).skip(read.saturating_sub(KEPT)));
            let old = kept.len().saturating_sub(KEPT);
            kept.drain(..old);
        }
        if printed.fetch_add(read as u64, Ordering::Relaxed) + read as u64 > most {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_no_more_than_may_be_is_read() {
        let said = [vec![b'x'; 100_000], b"the end".to_vec()].concat();
        let noise =
            Noise::collect(None::<std::io::Empty>, Some(std::io::Cursor::new(said)), 1 << 20);
        let tail = noise.tail(Duration::from_secs(10));
        assert!(tail.ends_with("xthe end") && tail.len() == KEPT && !noise.too_much());

        let noise =
            Noise::collect(Some(std::io::repeat(b'y')), Some(std::io::repeat(b'z')), 1 << 20);
        assert_eq!(noise.tail(Duration::from_secs(10)).len(), KEPT);
        assert!(noise.too_much() && noise.printed.load(Ordering::Relaxed) < 2 << 20);
    }
}
