//! Strata, chapter 4: activations, fusion and the roofline.
