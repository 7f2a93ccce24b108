//! Strata, chapter 1: a strided tensor on any device.
