/// Maximum and sum of a row up to some element, as the online algorithm knows them there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Running {
    /// The largest element so far.
    pub max: f32,
    /// The sum of `e^(x - max)` over the elements so far.
    pub sum: f32,
}

impl Running {
    /// Before the first element.
    const NONE: Running = Running { max: f32::NEG_INFINITY, sum: 0.0 };

    /// With one more element.
    fn with(self, x: f32) -> Self {
        let max = self.max.max(x);
        if max == f32::NEG_INFINITY && !x.is_nan() {
            // Nothing but -inf so far: each adds e^-inf = 0, where -inf - -inf would be NaN.
            return Running::NONE;
        }
        // The old terms were taken against the old maximum. One factor moves all of them.
        Running { max, sum: self.sum * (self.max - max).exp() + (x - max).exp() }
    }
}

/// Maximum and sum after each element of a row: what the online softmax keeps in two registers on
/// its one pass (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018). The
/// last entry has all that a softmax needs: `softmax(x)[j] = e^(x[j] - max) / sum`. On the host, one
/// element after the other, for looking at; the kernel that does it is `softmax/2_online`.
///
/// Elements of -inf have no part in the sum. One that is NaN or +inf makes it NaN.
///
/// ```
/// let steps = strata_loss::running(&[0.0, 1.0, 0.0]);
/// assert_eq!((steps[0].max, steps[0].sum), (0.0, 1.0));
/// // The maximum rises by 1, so the term of the first element shrinks to 1/e.
/// assert!((steps[1].sum - (1.0 + (-1f32).exp())).abs() < 1e-6);
/// assert_eq!(steps[2].max, 1.0);
/// ```
pub fn running(row: &[f32]) -> Vec<Running> {
    let step = |state: &mut Running, &x: &f32| {
        *state = state.with(x);
        Some(*state)
    };
    row.iter().scan(Running::NONE, step).collect()
}
