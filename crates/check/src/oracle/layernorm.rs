//! Layer normalisation (Ba, Kiros and Hinton, 2016) over the last axis of `[rows, cols]`.
//!
//! ```text
//! y = (x - mean) * rstd * gamma + beta,   rstd = 1 / sqrt(var + eps)
//! ```
//!
//! The variance divides by `cols`, not by `cols - 1`.

use super::index::expect_len;

/// What [`forward`] returns.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// `[rows, cols]`
    pub y: Vec<f64>,
    /// `[rows]`
    pub mean: Vec<f64>,
    /// `[rows]`: one over the standard deviation.
    pub rstd: Vec<f64>,
}

/// What [`backward`] returns.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// `[rows, cols]`
    pub dx: Vec<f64>,
    /// `[cols]`
    pub dgamma: Vec<f64>,
    /// `[cols]`
    pub dbeta: Vec<f64>,
}

/// Normalises each row. `gamma` and `beta` are `[cols]`, so `cols` is their length.
pub fn forward(x: &[f64], gamma: &[f64], beta: &[f64], eps: f64) -> Normalized {
    let cols = gamma.len();
    expect_len("beta", beta, cols);
    let mut out = Normalized { y: Vec::new(), mean: Vec::new(), rstd: Vec::new() };
    for row in x.chunks_exact(cols.max(1)) {
        let mean = row.iter().sum::<f64>() / cols as f64;
        let var = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / cols as f64;
        let rstd = 1.0 / (var + eps).sqrt();
        for j in 0..cols {
            out.y.push((row[j] - mean) * rstd * gamma[j] + beta[j]);
        }
        out.mean.push(mean);
        out.rstd.push(rstd);
    }
    out
}

/// With `xhat = (x - mean) rstd` and `g = dy gamma`:
///
/// ```text
/// dx = rstd (g - mean(g) - xhat mean(g xhat)),   dgamma = sum_rows dy xhat,   dbeta = sum_rows dy
/// ```
pub fn backward(x: &[f64], gamma: &[f64], dy: &[f64], eps: f64) -> Gradients {
    let cols = gamma.len();
    expect_len("dy", dy, x.len());
    let stats = forward(x, gamma, &vec![0.0; cols], eps);
    let mut grads = Gradients { dx: Vec::new(), dgamma: vec![0.0; cols], dbeta: vec![0.0; cols] };
    for (r, (row, dy)) in x.chunks_exact(cols.max(1)).zip(dy.chunks_exact(cols.max(1))).enumerate()
    {
        let (mean, rstd) = (stats.mean[r], stats.rstd[r]);
        let xhat: Vec<f64> = row.iter().map(|x| (x - mean) * rstd).collect();
        let g: Vec<f64> = dy.iter().zip(gamma).map(|(dy, gamma)| dy * gamma).collect();
        let mean_g = g.iter().sum::<f64>() / cols as f64;
        let mean_g_xhat = g.iter().zip(&xhat).map(|(g, xhat)| g * xhat).sum::<f64>() / cols as f64;
        for j in 0..cols {
            grads.dx.push(rstd * (g[j] - mean_g - xhat[j] * mean_g_xhat));
            grads.dgamma[j] += dy[j] * xhat[j];
            grads.dbeta[j] += dy[j];
        }
    }
    grads
}
