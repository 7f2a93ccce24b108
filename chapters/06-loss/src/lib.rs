//! Strata, chapter 6: softmax and cross-entropy.
