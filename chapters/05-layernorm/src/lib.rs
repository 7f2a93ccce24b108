//! Strata, chapter 5: layer normalisation.
