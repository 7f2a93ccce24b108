//! Strata, chapter 2: reverse-mode differentiation on a tape.
