//! Scaled dot-product attention (Vaswani et al., 2017).
//!
//! ```text
//! S = scale Q K^T     P = softmax(S)     out = (P * dropout) V     lse = logsumexp(S)
//! ```
//!
//! `q`, `out` are `[batch, heads, rows, head_dim]`, `k`, `v` are `[batch, heads, keys, head_dim]`,
//! `lse` is `[batch, heads, rows]`. Causal attention lets a row see the keys up to its own place;
//! with fewer rows than keys (a cache holds the earlier ones) the rows are the last of the keys.
//! Keys that a padding mask takes away are seen by no row of their sequence, and what stands there
//! does not matter. A row that may see nothing has `out = 0` and `lse = -inf`, gets no gradient and
//! gives none.

use super::index::expect_len;
use super::softmax::max_and_sum;

/// An attention: what to compute, without the tensors.
#[derive(Clone, Debug)]
pub struct Attention<'a> {
    /// Sequences.
    pub batch: usize,
    /// Heads, independent of each other.
    pub heads: usize,
    /// Queries in a sequence.
    pub rows: usize,
    /// Keys and values in a sequence.
    pub keys: usize,
    /// Length of one query, key or value.
    pub head_dim: usize,
    /// A row sees only keys up to its own place.
    pub causal: bool,
    /// Factor on the scores, usually `1 / sqrt(head_dim)`.
    pub scale: f64,
    /// `[batch, heads, rows, keys]`: what each probability is multiplied with, 0 or `1 / (1 - p)`.
    pub dropout: Option<&'a [f64]>,
    /// `[batch, keys]`: whether a key may be seen. `None`: all may.
    pub key_mask: Option<&'a [bool]>,
}

/// What [`Attention::forward`] returns.
#[derive(Clone, Debug)]
pub struct Attended {
    /// `[batch, heads, rows, head_dim]`
    pub out: Vec<f64>,
    /// `[batch, heads, rows]`: log-sum-exp of the scores.
    pub lse: Vec<f64>,
}

/// What [`Attention::backward`] returns, each shaped like what it is the gradient of.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// Gradient of the queries.
    pub dq: Vec<f64>,
    /// Gradient of the keys.
    pub dk: Vec<f64>,
    /// Gradient of the values.
    pub dv: Vec<f64>,
}

impl Attention<'_> {
    /// Causal self-attention with the usual scale and no dropout.
    pub fn causal(batch: usize, heads: usize, rows: usize, head_dim: usize) -> Self {
        let scale = 1.0 / (head_dim as f64).sqrt();
        let (keys, causal, dropout, key_mask) = (rows, true, None, None);
        Self { batch, heads, rows, keys, head_dim, causal, scale, dropout, key_mask }
    }

    /// Attention of every row to every key.
    pub fn full(batch: usize, heads: usize, rows: usize, head_dim: usize) -> Self {
        Self { causal: false, ..Self::causal(batch, heads, rows, head_dim) }
    }

    /// Attends.
    pub fn forward(&self, q: &[f64], k: &[f64], v: &[f64]) -> Attended {
        self.expect_shapes(q, k, v);
        let (rows, keys, d) = (self.rows, self.keys, self.head_dim);
        let mut out = vec![0.0; q.len()];
        let mut lse = vec![0.0; self.batch * self.heads * rows];
        for head in 0..self.batch * self.heads {
            for row in 0..rows {
                let at = head * rows + row;
                let (p, row_lse) = self.probabilities(q, k, head, row);
                lse[at] = row_lse;
                for (key, p) in p.iter().enumerate().filter(|&(key, _)| self.open(head, key)) {
                    let weight = p * self.kept(at * keys + key);
                    for c in 0..d {
                        out[at * d + c] += weight * v[(head * keys + key) * d + c];
                    }
                }
            }
        }
        Attended { out, lse }
    }

    /// The gradients, for a gradient `dout` of the output. With `w` the dropped-out `P`:
    ///
    /// ```text
    /// dV = w^T dout    dP = (dout V^T) * dropout    dS = P (dP - sum(dP P))    dQ = scale dS K    dK = scale dS^T Q
    /// ```
    pub fn backward(&self, q: &[f64], k: &[f64], v: &[f64], dout: &[f64]) -> Gradients {
        self.gradients(q, k, v, dout, None)
    }

    /// [`backward`](Self::backward) by way of an output that was kept, perhaps rounded: sum(dP P) is
    /// taken as the product of its row with that of `dout`, as FlashAttention has it.
    pub fn backward_from(&self, [q, k, v]: [&[f64]; 3], out: &[f64], dout: &[f64]) -> Gradients {
        expect_len("out", out, q.len());
        self.gradients(q, k, v, dout, Some(out))
    }

    fn gradients(
        &self,
        q: &[f64],
        k: &[f64],
        v: &[f64],
        dout: &[f64],
        out: Option<&[f64]>,
    ) -> Gradients {
        self.expect_shapes(q, k, v);
        expect_len("dout", dout, q.len());
        let (rows, keys, d) = (self.rows, self.keys, self.head_dim);
        let mut grads =
            Gradients { dq: vec![0.0; q.len()], dk: vec![0.0; k.len()], dv: vec![0.0; v.len()] };
        for head in 0..self.batch * self.heads {
            for row in 0..rows {
                let at = head * rows + row;
                let (p, _) = self.probabilities(q, k, head, row);
                let dout = &dout[at * d..][..d];

                let mut dp = vec![0.0; p.len()];
                let sees: Vec<usize> = (0..p.len()).filter(|&key| self.open(head, key)).collect();
                for &key in &sees {
                    let kept = self.kept(at * keys + key);
                    for c in 0..d {
                        let kv = (head * keys + key) * d + c;
                        grads.dv[kv] += p[key] * kept * dout[c];
                        dp[key] += dout[c] * v[kv] * kept;
                    }
                }

                let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
                let dot: f64 = match out {
                    None => product(&dp, &p),
                    Some(out) => product(&out[at * d..][..d], dout),
                };
                for &key in &sees {
                    let ds = p[key] * (dp[key] - dot);
                    for c in 0..d {
                        let kv = (head * keys + key) * d + c;
                        grads.dq[at * d + c] += self.scale * ds * k[kv];
                        grads.dk[kv] += self.scale * ds * q[at * d + c];
                    }
                }
            }
        }
        grads
    }

    /// One row of `P`, as long as the row can see and 0 where a key is masked, and the row's
    /// log-sum-exp.
    fn probabilities(&self, q: &[f64], k: &[f64], head: usize, row: usize) -> (Vec<f64>, f64) {
        let d = self.head_dim;
        let q = &q[(head * self.rows + row) * d..][..d];
        let scores: Vec<f64> = (0..self.visible(row))
            .map(|key| {
                let k = &k[(head * self.keys + key) * d..][..d];
                match self.open(head, key) {
                    true => self.scale * q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>(),
                    false => f64::NEG_INFINITY,
                }
            })
            .collect();
        if (0..scores.len()).all(|key| !self.open(head, key)) {
            return (vec![0.0; scores.len()], f64::NEG_INFINITY);
        }
        let (max, sum) = max_and_sum(&scores);
        (scores.iter().map(|s| (s - max).exp() / sum).collect(), max + sum.ln())
    }

    /// Whether the padding mask leaves a key of the sequence that this head belongs to.
    fn open(&self, head: usize, key: usize) -> bool {
        self.key_mask.is_none_or(|mask| mask[head / self.heads * self.keys + key])
    }

    /// How many keys, from the first, a row may see.
    fn visible(&self, row: usize) -> usize {
        if self.causal { (row + 1 + self.keys).saturating_sub(self.rows) } else { self.keys }
    }

    /// What dropout multiplies the probability at `at` with: 1 without dropout.
    fn kept(&self, at: usize) -> f64 {
        self.dropout.map_or(1.0, |mask| mask[at])
    }

    fn expect_shapes(&self, q: &[f64], k: &[f64], v: &[f64]) {
        let heads = self.batch * self.heads;
        expect_len("q", q, heads * self.rows * self.head_dim);
        expect_len("k", k, heads * self.keys * self.head_dim);
        expect_len("v", v, heads * self.keys * self.head_dim);
        if let Some(mask) = self.dropout {
            expect_len("dropout", mask, heads * self.rows * self.keys);
        }
        if let Some(mask) = self.key_mask {
            expect_len("key_mask", mask, self.batch * self.keys);
        }
    }
}
