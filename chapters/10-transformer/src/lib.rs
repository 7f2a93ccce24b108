//! Strata, chapter 10: the transformer, trained.
