//! Every backward oracle against finite differences of its forward oracle.

use strata_check::gradient::{dot, numeric};
use strata_check::oracle::attention::Attention;
use strata_check::oracle::cross_entropy::{cross_entropy, smoothed_cross_entropy};
use strata_check::oracle::{embedding, gelu, layernorm, softmax};
use strata_check::sample::{normal, uniform, widen};

fn random(seed: u64, n: usize) -> Vec<f64> {
    widen(&normal(seed, n))
}

#[track_caller]
fn agree(got: &[f64], f: impl Fn(&[f64]) -> f64, x: &[f64]) {
    let want = numeric(f, x);
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() < 1e-8 * want.abs().max(1.0), "at {i}: got {got}, want {want}");
    }
}

#[test]
fn gelu_backward() {
    let (x, dy) = (random(1, 20), random(2, 20));
    agree(&gelu::backward(&x, &dy), |x| dot(&gelu::forward(x), &dy), &x);
}

#[test]
fn layernorm_backward() {
    let (rows, cols, eps) = (3, 5, 1e-5);
    let (x, dy) = (random(1, rows * cols), random(2, rows * cols));
    let (gamma, beta) = (random(3, cols), random(4, cols));
    let grads = layernorm::backward(&x, &gamma, &dy, eps);
    agree(&grads.dx, |x| dot(&layernorm::forward(x, &gamma, &beta, eps).y, &dy), &x);
    agree(&grads.dgamma, |g| dot(&layernorm::forward(&x, g, &beta, eps).y, &dy), &gamma);
    agree(&grads.dbeta, |b| dot(&layernorm::forward(&x, &gamma, b, eps).y, &dy), &beta);
}

#[test]
fn softmax_backward() {
    let (x, dy) = (random(1, 12), random(2, 12));
    let y = softmax::softmax(&x, 4);
    agree(&softmax::softmax_backward(&y, &dy, 4), |x| dot(&softmax::softmax(x, 4), &dy), &x);
    let y = softmax::log_softmax(&x, 4);
    let got = softmax::log_softmax_backward(&y, &dy, 4);
    agree(&got, |x| dot(&softmax::log_softmax(x, 4), &dy), &x);
}

#[test]
fn cross_entropy_backward() {
    let (x, targets) = (random(1, 20), [3, -1, 0, 4]);
    let got = cross_entropy(&x, &targets, 5, -1).dlogits;
    agree(&got, |x| cross_entropy(x, &targets, 5, -1).loss, &x);
}

#[test]
fn smoothed_cross_entropy_backward() {
    let (x, targets) = (random(2, 20), [3, -1, 0, 4]);
    for (weights, smoothing) in [([1.0; 5], 0.2), ([0.5, 2.0, 1.0, 0.0, 3.0], 0.3)] {
        let loss = |x: &[f64]| smoothed_cross_entropy(x, &targets, &weights, smoothing, -1);
        agree(&loss(&x).dlogits, |x| loss(x).loss, &x);
    }
}

#[test]
fn attention_backward() {
    let (batch, heads, rows, keys, d) = (2, 2, 3, 4, 3);
    let mask: Vec<f64> = uniform(9, batch * heads * rows * keys, 0.0, 1.0)
        .iter()
        .map(|&u| if u < 0.3 { 0.0 } else { 1.0 / 0.7 })
        .collect();
    // A hole, and a sequence without a key.
    let padding = [true, false, true, true, false, false, false, false];
    for (causal, dropout, key_mask) in [
        (true, None, None),
        (false, None, None),
        (true, Some(&mask[..]), None),
        (false, None, Some(&padding[..])),
        (true, Some(&mask[..]), Some(&padding[..])),
    ] {
        let (scale, head_dim) = (1.0 / (d as f64).sqrt(), d);
        let op = Attention { batch, heads, rows, keys, head_dim, causal, scale, dropout, key_mask };
        let (q, dout) = (random(1, batch * heads * rows * d), random(4, batch * heads * rows * d));
        let (k, v) = (random(2, batch * heads * keys * d), random(3, batch * heads * keys * d));
        let grads = op.backward(&q, &k, &v, &dout);
        agree(&grads.dq, |q| dot(&op.forward(q, &k, &v).out, &dout), &q);
        agree(&grads.dk, |k| dot(&op.forward(&q, k, &v).out, &dout), &k);
        agree(&grads.dv, |v| dot(&op.forward(&q, &k, v).out, &dout), &v);
        let out = op.forward(&q, &k, &v).out;
        let by_out = op.backward_from([&q, &k, &v], &out, &dout);
        for (got, want) in [(by_out.dq, grads.dq), (by_out.dk, grads.dk), (by_out.dv, grads.dv)] {
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-14), "{got:?} {want:?}");
        }
    }
}

#[test]
fn embedding_backward() {
    let (rows, width, vocab, context) = (3, 2, 4, 5);
    let ids = [1, 3, 1, 0, 0, 1];
    let (tokens, positions) = (random(1, vocab * width), random(2, context * width));
    let dy = random(3, ids.len() * width);
    let run =
        |t: &[f64], p: &[f64]| dot(&embedding::forward(&ids, rows, width, t, Some(p), 0), &dy);
    let grads = embedding::backward(&ids, rows, width, vocab, context, &dy);
    agree(&grads.dtokens, |t| run(t, &positions), &tokens);
    agree(&grads.dpositions, |p| run(&tokens, p), &positions);
}
