//! Mean and variance in one pass, and from parts.
//!
//! `E[x^2] - E[x]^2` needs one pass too, but subtracts two numbers that are nearly equal where the
//! mean is large: in f32, of a mean of a million, nothing is left. Welford (1962) keeps the mean and
//! the sum of squared deviations from it instead, and moves both with every number.
#![allow(unused, unreachable_code, clippy::all)]

/// What is known of the numbers seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many they are.
    pub count: u32,
    /// Their mean; 0 if there are none.
    pub mean: f32,
    /// The sum of the squares of their deviations from that mean.
    pub squares: f32,
}

impl Moments {
    /// Takes one more number in.
    pub fn push(&mut self, x: f32) {
        // TODO, about 4 lines: Move the mean a little towards x; squares grows by a
        //   product of two deviations of x: one from the old mean, one from the new.
        todo!("take x in")
    }

    /// The variance of the numbers themselves (not an estimate from a sample); 0 of none.
    pub fn variance(&self) -> f32 {
        // TODO, about 1 line: The mean of the squared deviations.
        todo!("the variance")
    }

    /// The moments of two sets of numbers taken together (Chan, Golub and LeVeque, 1979).
    pub fn merge(self, other: Moments) -> Moments {
        // TODO, about 8 lines: The two means have a weighted mean. Each set's squares were
        //   taken from its own mean: what is missing is how far the means lie apart. Sets may be empty.
        todo!("merge self and other")
    }
}
