//! Strata, chapter 3: matrix multiplication, rung by rung.
