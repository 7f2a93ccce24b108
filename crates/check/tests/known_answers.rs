//! Oracles against numbers that come from elsewhere: papers, reference vectors, pencil and paper.

use strata_check::oracle::adamw::AdamW;
use strata_check::oracle::attention::Attention;
use strata_check::oracle::cross_entropy::{cross_entropy, smoothed_cross_entropy};
use strata_check::oracle::matmul::Matmul;
use strata_check::oracle::philox::{philox4x32_10, uniform, word};
use strata_check::oracle::{
    choose, clip, copy, dropout, embedding, gelu, integer, layernorm, map, pick, reduce, schedule,
    sgd, softmax, zip,
};

#[track_caller]
fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "got {got}, want {want}");
}

#[track_caller]
fn all_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        close(*got, *want);
    }
}

/// The vectors that Random123 ships for philox4x32 with ten rounds.
#[test]
fn philox() {
    let zeros = philox4x32_10([0; 4], [0; 2]);
    assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let ones = philox4x32_10([u32::MAX; 4], [u32::MAX; 2]);
    assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let pi = philox4x32_10(
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
    );
    assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    assert_eq!(word(0, 0, 0, 2), 0xbc57_ac4c);
    assert_eq!(uniform(u32::MAX), 1.0 - 2f64.powi(-24));
}

/// WGSL's rules for what has no quotient, and examples of PyTorch's documentation.
#[test]
fn integers_choices_and_picks() {
    let least = i64::from(i32::MIN);
    assert_eq!(integer::wrap(1 << 31, true), least);
    assert_eq!(integer::wrap(-1, false), (1 << 32) - 1);
    assert_eq!(integer::mul(1 << 20, 1 << 20, true), 0);
    assert_eq!(integer::add(least, -1, true), (1 << 31) - 1);
    assert_eq!(integer::sub(3, 5, false), (1 << 32) - 2);
    assert_eq!([integer::div(7, 0, true), integer::rem(7, 0, true)], [7, 0]);
    assert_eq!([integer::div(least, -1, true), integer::rem(least, -1, true)], [least, 0]);
    assert_eq!([integer::div(-7, 2, true), integer::rem(-7, 2, true)], [-3, -1]);

    let column = [1.0, 0.0, f64::NAN];
    let (a, b) = ([10.0, 20.0], [5.0]);
    let chosen = choose::choose((&column, &[3, 1]), (&a, &[2]), (&b, &[]));
    assert_eq!(chosen, [10.0, 20.0, 5.0, 5.0, 10.0, 20.0]);
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(choose::tril(&x, &[2, 3], 0), [1.0, 0.0, 0.0, 4.0, 5.0, 0.0]);
    assert_eq!(choose::triu(&x, &[2, 3], 1), [0.0, 2.0, 3.0, 0.0, 0.0, 6.0]);
    assert_eq!(choose::one_hot(&[1, 0], 2), [0.0, 1.0, 1.0, 0.0]);
    assert!(choose::one_hot(&[-1, 2], 2).iter().all(|x| x.is_nan()));

    let gathered = pick::gather(&x[..4], &[2, 2], 1, &[0, 0, 1, 0], &[2, 2], f64::NAN);
    assert_eq!(gathered, [1.0, 1.0, 4.0, 3.0]);
    assert_eq!(pick::gather(&x[..2], &[2], 0, &[-1, 2, 1], &[3], 9.0), [9.0, 9.0, 2.0]);
    let (at, ones) = ([0, 1, 2, 0, 0], [1.0; 5]);
    let added = pick::scatter_add(&[0.0; 15], &[3, 5], 0, &at, &[1, 5], &ones, &[1, 5]);
    let want = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    assert_eq!(added, want);
    assert!(pick::scatter_add(&[0.0; 2], &[2], 0, &[2], &[1], &ones, &[5])[0].is_nan());
}

#[test]
fn map_and_zip() {
    close(map::sigmoid(0.0), 0.5);
    close(map::silu(1.0), 0.731_058_578_630_004_9);
    close(map::powf(1.5)(4.0), 8.0);
    assert!(map::relu(f64::NAN).is_nan());
    assert_eq!(map::by_name("square").map(|f| f(3.0)), Some(9.0));
    assert!(map::by_name("cube").is_none());

    assert_eq!(zip::broadcast_shape(&[3, 1], &[4]), Some(vec![3, 4]));
    assert_eq!(zip::broadcast_shape(&[], &[2, 0]), Some(vec![2, 0]));
    assert_eq!(zip::broadcast_shape(&[0], &[1]), Some(vec![0]));
    assert_eq!(zip::broadcast_shape(&[3], &[4]), None);
    let column = [10.0, 20.0];
    let row = [1.0, 2.0, 3.0];
    let sum = zip::zip(&column, &[2, 1], &row, &[3], zip::add);
    assert_eq!(sum, [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
    assert_eq!(zip::unbroadcast(&sum, &[2, 3], &[2, 1]), [36.0, 66.0]);
    assert_eq!(zip::unbroadcast(&sum, &[2, 3], &[3]), [32.0, 34.0, 36.0]);
    assert!(zip::max(f64::NAN, 1.0).is_nan() && zip::max(1.0, f64::NAN).is_nan());
    assert!(zip::min(f64::NAN, 1.0).is_nan() && zip::min(1.0, f64::NAN).is_nan());
}

#[test]
fn reductions() {
    let x = [1.0, 5.0, 5.0, -2.0, 0.0, -7.0];
    assert_eq!(reduce::sum(&x, &[2, 3], &[1]), [11.0, -9.0]);
    assert_eq!(reduce::sum(&x, &[2, 3], &[0, 1]), [2.0]);
    assert_eq!(reduce::mean(&x, &[2, 3], &[0]), [-0.5, 2.5, -1.0]);
    assert_eq!(reduce::max(&x, &[2, 3], &[1]), [5.0, 0.0]);
    assert_eq!(reduce::min(&x, &[2, 3], &[0]), [-2.0, 0.0, -7.0]);
    assert_eq!(reduce::argmax(&x, &[2, 3], &[1]), [1, 1]); // the first of the tie
    assert_eq!(reduce::sum(&[], &[2, 0], &[1]), [0.0, 0.0]);
    assert_eq!(reduce::max(&[], &[0], &[0]), [f64::NEG_INFINITY]);
    assert!(reduce::mean(&[], &[0], &[0])[0].is_nan());
    assert!(reduce::max(&[1.0, f64::NAN, 2.0], &[3], &[0])[0].is_nan());
    assert_eq!(reduce::argmax(&[1.0, f64::NAN, 2.0], &[3], &[0]), [1]);
}

#[test]
fn copies() {
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    assert_eq!(copy::transpose(&x, 2, 3), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(copy::gather(&x, &[3, 2], &[1, 3], 0), copy::transpose(&x, 2, 3));
    assert_eq!(copy::gather(&x, &[3], &[-2], 5), [5.0, 3.0, 1.0]);
    assert_eq!(copy::gather(&x, &[2, 2], &[0, 1], 4), [4.0, 5.0, 4.0, 5.0]);
    assert_eq!(copy::broadcast_to(&[1.0, 2.0], &[2, 1], &[2, 2]), [1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn matmul_with_everything() {
    let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
    let plain = Matmul::new(2, 2, 2);
    assert_eq!(plain.run(&a, &b).values, [19.0, 22.0, 43.0, 50.0]);
    let transposed = Matmul { trans_a: true, trans_b: true, ..plain.clone() };
    assert_eq!(transposed.run(&a, &b).values, [23.0, 31.0, 34.0, 46.0]);

    let full = Matmul {
        alpha: -0.5,
        bias: Some(&[9.5, 11.0]),
        gelu: true,
        residual: Some(&[1.0; 4]),
        accumulate: Some(&[10.0; 4]),
        ..plain.clone()
    };
    let product = full.run(&a, &b);
    let inner = [0.0, 0.0, -12.0, -14.0].map(gelu::gelu_tanh);
    all_close(&product.values, &inner.map(|x| x + 11.0));
    close(product.magnitudes[0], (9.5 + 9.5) * 1.13 + 11.0);

    // One matrix for the whole batch; and sums of nothing.
    let batched = Matmul { batch: 2, m: 1, ..plain };
    assert_eq!(batched.run(&a, &b).values, [19.0, 22.0, 43.0, 50.0]);
    assert_eq!(Matmul::new(2, 1, 0).run(&[], &[]).values, [0.0, 0.0]);
    assert!(Matmul::new(0, 3, 2).run(&[], &[0.0; 6]).values.is_empty());
}

/// Values of PyTorch's `gelu(approximate="tanh")` in float64.
#[test]
fn gelu_values() {
    close(gelu::gelu_tanh(1.0), 0.841_191_990_608_276_4);
    close(gelu::gelu_tanh(-1.0), -0.158_808_009_391_723_6);
    assert_eq!(gelu::gelu_tanh(0.0), 0.0);
    close(gelu::gelu_tanh_derivative(0.0), 0.5);
    close(gelu::gelu_tanh_derivative(50.0), 1.0);
}

#[test]
fn layernorm_values() {
    let out = layernorm::forward(&[1.0, 2.0, 3.0, 6.0], &[1.0, 2.0], &[0.0, 10.0], 0.0);
    all_close(&out.mean, &[1.5, 4.5]);
    all_close(&out.rstd, &[2.0, 1.0 / 1.5]);
    all_close(&out.y, &[-1.0, 12.0, -1.0, 12.0]);
}

#[test]
fn softmax_values() {
    let x = [0.0, 3f64.ln(), 1000.0, 1000.0];
    all_close(&softmax::softmax(&x, 2), &[0.25, 0.75, 0.5, 0.5]);
    all_close(
        &softmax::log_softmax(&x, 2),
        &[0.25f64.ln(), 0.75f64.ln(), 0.5f64.ln(), 0.5f64.ln()],
    );
    all_close(&softmax::logsumexp(&x, 2), &[4f64.ln(), 1000.0 + 2f64.ln()]);
}

#[test]
fn cross_entropy_values() {
    let x = [0.0, 3f64.ln(), 7.0, 7.0, 2.0, 2.0];
    let out = cross_entropy(&x, &[1, -1, 0], 2, -1);
    assert_eq!(out.scored, 2);
    all_close(&out.losses, &[-0.75f64.ln(), 0.0, 2f64.ln()]);
    close(out.loss, (2f64.ln() - 0.75f64.ln()) / 2.0);
    all_close(&out.dlogits, &[0.125, -0.125, 0.0, 0.0, -0.25, 0.25]);
    let nothing = cross_entropy(&x, &[-1; 3], 2, -1);
    assert_eq!((nothing.loss, nothing.scored), (0.0, 0));
    assert!(nothing.dlogits.iter().all(|&d| d == 0.0));
    // Smoothed by all, each row is the mean over its classes; weights count in rows and in the mean.
    let all = smoothed_cross_entropy(&x, &[1, -1, 0], &[1.0; 2], 1.0, -1);
    all_close(&all.losses, &[(4f64.ln() - 0.75f64.ln()) / 2.0, 0.0, 2f64.ln()]);
    let own = smoothed_cross_entropy(&x, &[1, -1, 0], &[3.0, 1.0], 0.0, -1);
    all_close(&own.losses, &[-0.75f64.ln(), 0.0, 3.0 * 2f64.ln()]);
    close(own.loss, (3.0 * 2f64.ln() - 0.75f64.ln()) / 4.0);
    assert_eq!(smoothed_cross_entropy(&x, &[0; 3], &[0.0, 1.0], 0.5, -1).loss, 0.0);
}

#[test]
fn attention_values() {
    // Queries of zero attend evenly to all they see.
    let v = [1.0, 3.0, 8.0];
    let causal = Attention::causal(1, 1, 3, 1);
    let out = causal.forward(&[0.0; 3], &[1.0; 3], &v);
    all_close(&out.out, &[1.0, 2.0, 4.0]);
    all_close(&out.lse, &[0.0, 2f64.ln(), 3f64.ln()]);
    all_close(&Attention::full(1, 1, 3, 1).forward(&[0.0; 3], &[1.0; 3], &v).out, &[4.0; 3]);
    // One query against a cache of three keys sees them all, three against one do not.
    let cached = Attention { rows: 1, keys: 3, ..causal.clone() };
    all_close(&cached.forward(&[0.0], &[1.0; 3], &v).out, &[4.0]);
    let short = Attention { keys: 1, ..causal.clone() }.forward(&[0.0; 3], &[1.0], &[5.0]);
    assert_eq!(short.out, [0.0, 0.0, 5.0]);
    assert_eq!(short.lse[0], f64::NEG_INFINITY);
    // Dropout drops probabilities, not scores.
    let mask = [1.0, 1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 1.0, 1.0];
    let dropped = Attention { dropout: Some(&mask), ..causal.clone() };
    all_close(&dropped.forward(&[0.0; 3], &[1.0; 3], &v).out, &[1.0, 3.0, 4.0]);
    // A padding mask: the first row sees nothing, and what is masked may be anything.
    let padded = Attention { key_mask: Some(&[false, true, true]), ..causal };
    let (q, k) = ([0.0; 3], [f64::NAN, 1.0, 1.0]);
    let v = [f64::INFINITY, 3.0, 8.0];
    let out = padded.forward(&q, &k, &v);
    assert_eq!((&out.out[..], out.lse[0]), (&[0.0, 3.0, 5.5][..], f64::NEG_INFINITY));
    let grads = padded.backward(&q, &k, &v, &[1.0; 3]);
    assert_eq!((grads.dq[0], grads.dk[0], grads.dv[0]), (0.0, 0.0, 0.0));
    all_close(&grads.dv, &[0.0, 1.5, 0.5]);
}

#[test]
fn embedding_values() {
    let (tokens, positions) = ([0.0, 1.0, 10.0, 11.0], [0.5, 0.5, 0.25, 0.25]);
    let ids = [1, 0, 1, 1];
    let y = embedding::forward(&ids, 2, 2, &tokens, Some(&positions), 0);
    assert_eq!(y, [10.5, 11.5, 0.25, 1.25, 10.5, 11.5, 10.25, 11.25]);
    assert_eq!(embedding::forward(&[0], 1, 2, &tokens, Some(&positions), 1), [0.25, 1.25]);
    assert_eq!(embedding::forward(&[1], 1, 2, &tokens, None, 0), [10.0, 11.0]);
    let dy = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let grads = embedding::backward(&ids, 2, 2, 2, 2, &dy);
    assert_eq!(grads.dtokens, [3.0, 4.0, 13.0, 16.0]);
    assert_eq!(grads.dpositions, [6.0, 8.0, 10.0, 12.0]);
}

#[test]
fn optimizers() {
    let mut p = [1.0];
    sgd::sgd(&mut p, &[2.0], 0.25);
    assert_eq!(p, [0.5]);
    let mut v = [0.0];
    sgd::momentum(&mut p, &mut v, &[1.0], 0.5, 0.5);
    sgd::momentum(&mut p, &mut v, &[1.0], 0.5, 0.5);
    assert_eq!((p, v), ([-0.75], [1.5]));

    // The first step moves by the learning rate, whatever the gradient's size; the decay is apart.
    let adam = AdamW { lr: 0.1, eps: 0.0, decay: 0.5, ..AdamW::default() };
    for g in [1e-3, 50.0] {
        let (mut p, mut m, mut v) = ([2.0], [0.0], [0.0]);
        adam.step(&mut p, &mut m, &mut v, &[g], 1);
        close(p[0], 2.0 * (1.0 - 0.05) - 0.1);
    }
    // With a constant gradient every step is the same.
    let (mut p, mut m, mut v) = ([0.0], [0.0], [0.0]);
    for step in 1..=5 {
        AdamW { decay: 0.0, ..adam }.step(&mut p, &mut m, &mut v, &[3.0], step);
    }
    close(p[0], -0.5);

    let mut g = [3.0, 4.0];
    close(clip::clip(&mut g, 1.0), 5.0);
    close(clip::global_norm(&g), 1.0 / (1.0 + 2e-7));
    assert_eq!(clip::clip_factor(0.5, 1.0), 1.0);
    assert_eq!(clip::clip_factor(0.0, 1.0), 1.0);
}

#[test]
fn dropout_keeps_its_share() {
    assert_eq!(dropout::dropout(&[1.0, 2.0], &[true, false], 0.5), [2.0, 0.0]);
    let kept = dropout::keep(1, 2, 3, 0.2, 10_000).iter().filter(|&&keep| keep).count();
    assert!((7_850..8_150).contains(&kept), "{kept}");
    assert!(dropout::keep(1, 2, 3, 0.0, 100).iter().all(|&keep| keep));
    assert_ne!(dropout::keep(1, 2, 3, 0.5, 64), dropout::keep(1, 3, 3, 0.5, 64));
}

#[test]
fn schedules() {
    let cosine = |step| schedule::cosine(step, 10, 110, 1.0, 0.1);
    close(cosine(0), 0.1);
    close(cosine(9), 1.0);
    close(cosine(10), 1.0);
    close(cosine(60), 0.55);
    close(cosine(110), 0.1);
    close(cosine(1000), 0.1);
    close(schedule::cosine(0, 0, 0, 1.0, 0.1), 0.1);

    let wsd = |step| schedule::wsd(step, 10, 20, 100, 1.0, 0.0);
    close(wsd(4), 0.5);
    close(wsd(10), 1.0);
    close(wsd(80), 1.0);
    close(wsd(90), 0.5);
    close(wsd(100), 0.0);
    close(schedule::wsd(99, 0, 0, 100, 1.0, 0.0), 1.0);
    close(schedule::wsd(100, 0, 0, 100, 1.0, 0.0), 0.0);
}
