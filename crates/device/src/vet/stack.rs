//! A thread with a stack for compilers.
use std::thread;

/// Reserved, and used only as far as a compiler goes. naga, from text to SPIR-V, took at most 2 MiB
/// for a text at the bounds of [`super::wgsl`] (400 operators, 99 brackets: half of one; 3,200
/// constants that each use the next: two). A build without optimisation takes a few times that.
const STACK: usize = 64 << 20;

/// The name of that thread. A panic there becomes an error, so a panic hook need not tell it.
pub const THREAD: &str = "kernel compiler";

/// Runs `work` on a thread whose stack is large enough for every text that was looked at, and waits.
///
/// # Errors
/// No thread could be started, or the compiler panicked: a text that it did not expect.
pub(crate) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(THREAD.into()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work);
        let thread =
            thread.map_err(|e| format!("no thread could be started to compile it: {e}"))?;
        thread.join().map_err(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            format!("error: the compiler gave up on it: {said}")
        })
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
        assert!(deep::<()>(|| panic!("unexpected {}", 1)).unwrap_err().contains("unexpected 1"));
        assert_eq!(deep(|| down(50_000)).unwrap(), 50_000);
    }
}
