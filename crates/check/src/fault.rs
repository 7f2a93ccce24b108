//! What a watched kernel may do wrong, as values that a judge can explain.

use crate::guard::Breach;
use std::sync::{Arc, Mutex, PoisonError};

/// One thing that one kernel did wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kernel {kernel}:{entry}: {what}")]
pub struct Fault {
    /// The kernel's path: `<op>/<n>_<rung>`.
    pub kernel: &'static str,
    /// Its entry point.
    pub entry: &'static str,
    /// What it did.
    pub what: What,
}

/// What a kernel must not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// It wrote where nothing was bound for writing.
    #[error("{breach}")]
    Outside {
        /// The nearest binding that may be written; the breach counts from its start.
        binding: usize,
        /// Which bytes.
        breach: Breach,
    },
    /// The same launch on the same memory gave other bits.
    #[error(
        "the same launch on the same memory gave other bits in {} words of binding {binding}, {}: \
         the order of its sums depends on who comes first, or a barrier is missing",
        words.len(), some(words)
    )]
    Differs {
        /// In this binding.
        binding: usize,
        /// In these words of 32 bits, counted from the binding's start, ascending.
        words: Vec<usize>,
    },
}

/// The first of them.
fn some(words: &[usize]) -> String {
    let first: Vec<String> = words.iter().take(4).map(usize::to_string).collect();
    let more = if words.len() > first.len() { ", .." } else { "" };
    format!("at {}{more}", first.join(", "))
}

/// What the watched kernels did wrong, readable while the device works.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Vec<Fault>>>);

impl Watch {
    /// The faults noted since the last call.
    pub fn take(&self) -> Vec<Fault> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a fault.
    pub fn note(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_which_kernel_did_what() {
        let fault = |what| Fault { kernel: "sum/2_tree", entry: "sum", what }.to_string();
        let words = vec![0, 7];
        assert_eq!(
            fault(What::Differs { binding: 1, words }),
            "kernel sum/2_tree:sum: the same launch on the same memory gave other bits in 2 words of binding 1, at 0, 7: \
             the order of its sums depends on who comes first, or a barrier is missing"
        );
        let breach = Breach::Written { count: 4, first: 8, last: 11, len: 8 };
        assert_eq!(
            fault(What::Outside { binding: 1, breach }),
            "kernel sum/2_tree:sum: 4 bytes outside the buffer were written, from byte 8 to byte 11 \
             of a buffer of 8"
        );
    }
}
