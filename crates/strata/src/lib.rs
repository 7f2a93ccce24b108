//! Strata: a textbook you can run; the engine of its ten chapters.
