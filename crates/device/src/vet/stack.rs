//! A thread with a stack for compilers.
use std::panic::resume_unwind;
use std::thread;

/// Reserved, and used only as far as a compiler goes. A text at the bounds of [`super::wgsl`] takes
/// naga a quarter of it; see `tests/vet`.
const STACK: usize = 256 << 20;

/// Runs `work` on a thread whose stack is large enough for every text that was looked at, and waits.
pub(crate) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("kernel compiler".into()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work);
        let thread = thread.map_err(|e| format!("no thread could be started to compile it: {e}"))?;
        // A panic goes on where it would have without the thread.
        Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::deep;

    #[test]
    fn it_goes_deep() {
        fn down(n: usize) -> usize {
            let frame = std::hint::black_box([n; 64]);
            if n == 0 { 0 } else { down(n - 1) + frame[0] - n + 1 }
        }
        assert_eq!(deep(|| down(100_000)).unwrap(), 100_000);
    }
}
