//! One set of features for what several of Strata's programs share. The manifest is all there is.

#![no_std]
