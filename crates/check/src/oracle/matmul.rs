//! General matrix multiply with batches, transposes and the epilogues the stack fuses into it.
//!
//! ```text
//! c = [c +] residual + act(alpha * op(a) op(b) + bias)
//! ```
//!
//! `op(a)` is `[m, k]` and `op(b)` is `[k, n]`; with `trans_a`, `a` is stored as `[k, m]`, with
//! `trans_b`, `b` is stored as `[n, k]`. Parts that are not asked for are left out.

use super::gelu::gelu_tanh;
use super::index::expect_len;

/// A matrix multiply: what to compute, without the matrices.
#[derive(Clone, Debug)]
pub struct Matmul<'a> {
    /// How many products; each operand holds one matrix per product, or one matrix for all.
    pub batch: usize,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
    /// `a` is stored as `[k, m]`.
    pub trans_a: bool,
    /// `b` is stored as `[n, k]`.
    pub trans_b: bool,
    /// Factor on the product.
    pub alpha: f64,
    /// `[n]`, added to every row.
    pub bias: Option<&'a [f64]>,
    /// Apply tanh GELU after the bias.
    pub gelu: bool,
    /// `[batch, m, n]`, added after the activation.
    pub residual: Option<&'a [f64]>,
    /// `[batch, m, n]`, what the output held before, added last.
    pub accumulate: Option<&'a [f64]>,
}

/// What [`Matmul::run`] returns; both are `[batch, m, n]`.
#[derive(Clone, Debug)]
pub struct Product {
    /// The result.
    pub values: Vec<f64>,
    /// The sum of the absolute values of everything added up for each element: the error bound
    /// of an f32 sum is proportional to it.
    pub magnitudes: Vec<f64>,
}

/// GELU magnifies an error in its input by at most this much (its steepest slope is 1.129).
const GELU_SLOPE: f64 = 1.13;

impl<'a> Matmul<'a> {
    /// The plain product of `[m, k]` and `[k, n]`.
    pub fn new(m: usize, n: usize, k: usize) -> Self {
        Self {
            batch: 1,
            m,
            n,
            k,
            trans_a: false,
            trans_b: false,
            alpha: 1.0,
            bias: None,
            gelu: false,
            residual: None,
            accumulate: None,
        }
    }

    /// Multiplies. An operand with a single matrix is used for every product of the batch.
    pub fn run(&self, a: &[f64], b: &[f64]) -> Product {
        let Self { batch, m, n, k, .. } = *self;
        let a_step = batch_step("a", a, batch, m * k);
        let b_step = batch_step("b", b, batch, k * n);
        if let Some(bias) = self.bias {
            expect_len("bias", bias, n);
        }

        let mut values = Vec::with_capacity(batch * m * n);
        let mut magnitudes = Vec::with_capacity(batch * m * n);
        for p in 0..batch {
            let (a, b) = (&a[p * a_step..], &b[p * b_step..]);
            for i in 0..m {
                for j in 0..n {
                    let (mut sum, mut magnitude) = (0.0, 0.0);
                    for l in 0..k {
                        let x = if self.trans_a { a[l * m + i] } else { a[i * k + l] };
                        let y = if self.trans_b { b[j * k + l] } else { b[l * n + j] };
                        sum += x * y;
                        magnitude += (x * y).abs();
                    }
                    sum *= self.alpha;
                    magnitude *= self.alpha.abs();

                    let at = (p * m + i) * n + j;
                    if let Some(bias) = self.bias {
                        sum += bias[j];
                        magnitude += bias[j].abs();
                    }
                    if self.gelu {
                        sum = gelu_tanh(sum);
                        magnitude *= GELU_SLOPE;
                    }
                    for addend in [self.residual, self.accumulate].into_iter().flatten() {
                        sum += addend[at];
                        magnitude += addend[at].abs();
                    }
                    values.push(sum);
                    magnitudes.push(magnitude);
                }
            }
        }
        Product { values, magnitudes }
    }
}

/// How far apart the matrices of an operand lie: `size`, or 0 if one matrix serves all products.
fn batch_step(name: &str, operand: &[f64], batch: usize, size: usize) -> usize {
    if operand.len() == size {
        return 0;
    }
    expect_len(name, operand, batch * size);
    size
}
