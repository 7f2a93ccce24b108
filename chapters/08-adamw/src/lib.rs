//! Strata, chapter 8: optimizers and schedules.
