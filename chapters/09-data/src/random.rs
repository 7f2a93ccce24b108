//! Philox4x32-10, a counter-based random number generator.
//!
//! Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3* (SC 2011). There is no state to
//! carry from one number to the next: block `n` of stream `s` under key `k` is a pure function of
//! `(k, s, n)`. That is what makes training resumable for free (batch 1,000 is drawn from the
//! number 1,000, not from what batches 0 to 999 left behind) and what gives every story its own
//! private stream.

//!
//! Numbers below a bound are exactly even: the probabilities that the entropy is computed from are the
//! ones really used.

pub use strata_device::random::{Stream, philox};
