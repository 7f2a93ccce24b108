use std::cell::Cell;

thread_local! {
    static OFF: Cell<u32> = const { Cell::new(0) };
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        OFF.set(OFF.get() - 1);
    }
}

/// Runs `f` without a tape: what it computes remembers nothing, so evaluation and sampling keep no
/// activations. Holds for this thread and until `f` returns.
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    OFF.set(OFF.get() + 1);
    let _guard = Guard;
    f()
}

/// Whether ops on this thread are put on the tape.
pub fn grad_enabled() -> bool {
    OFF.get() == 0
}
