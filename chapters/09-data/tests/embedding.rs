//! The embedding against its oracle, forward and backward: every rung on every device here.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::{Init, ParamBuilder, Var, no_grad};
use strata_check::{Check, Tolerance, gradient, oracle::embedding as oracle, sample};
use strata_data::{embedding, embedding_backward, embedding_forward, embedding_positions_backward};
use strata_device::{Device, Machine, StepState, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::Tensor;

/// Every device here, with each rung of the backward pass forced in turn.
fn rungs() -> Vec<(&'static str, Device)> {
    let ladder = strata_data::ladders().into_iter().find(|l| l.op == "embedding_backward").unwrap();
    let mut all = Vec::new();
    for device in testing_devices() {
        for rung in ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine())) {
            all.push((rung.name, device.with_rung(ladder.op, rung.name)));
        }
    }
    all
}

struct Data {
    batch: usize,
    rows: usize,
    width: usize,
    vocab: usize,
    context: usize,
    ids: Vec<i32>,
    tokens: Vec<f32>,
    positions: Vec<f32>,
    dy: Vec<f32>,
}

impl Data {
    fn new(batch: usize, rows: usize, width: usize, vocab: usize, seed: u64) -> Self {
        let context = rows + (seed % 3) as usize;
        Data {
            batch,
            rows,
            width,
            vocab,
            context,
            // Some rows of the table are named often, some never.
            ids: sample::tokens(seed, batch * rows, vocab.div_ceil(2) as u32),
            tokens: sample::normal(seed ^ 1, vocab * width),
            positions: sample::normal(seed ^ 2, context * width),
            dy: sample::normal(seed ^ 3, batch * rows * width),
        }
    }

    fn ids(&self, device: &Device) -> Tensor {
        let ids: Vec<u32> = self.ids.iter().map(|&i| i as u32).collect();
        Tensor::from_slice(device, &ids, &[self.batch, self.rows]).unwrap()
    }

    fn tables(&self, device: &Device) -> [Tensor; 2] {
        let table = |data, rows| Tensor::from_slice(device, data, &[rows, self.width]).unwrap();
        [table(&self.tokens, self.vocab), table(&self.positions, self.context)]
    }

    fn dy(&self, device: &Device) -> Tensor {
        Tensor::from_slice(device, &self.dy, &[self.batch, self.rows, self.width]).unwrap()
    }
}

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

fn compare(rung: &str, device: &Device, d: &Data) {
    let check = |op: &str| {
        let check = Check::new(op, rung).device(device.info().label());
        check.input("ids", &[d.batch, d.rows]).input("tokens", &[d.vocab, d.width])
    };
    let (ids, [tokens, positions], dy) = (d.ids(device), d.tables(device), d.dy(device));
    let (wide_tokens, wide_positions) = (sample::widen(&d.tokens), sample::widen(&d.positions));
    let forward = |positions| oracle::forward(&d.ids, d.rows, d.width, &wide_tokens, positions, 0);

    let got = embedding_forward(&ids, &tokens, None, None).unwrap();
    check("embedding").compare(&read(&got), &forward(None), &Tolerance::Exact).unwrap();
    let got = embedding_forward(&ids, &tokens, Some(&positions), None).unwrap();
    let close = Tolerance::close(0.0, 1.2e-7);
    check("embedding + positions")
        .compare(&read(&got), &forward(Some(&wide_positions)), &close)
        .unwrap();

    let wide_dy = sample::widen(&d.dy);
    let want = oracle::backward(&d.ids, d.rows, d.width, d.vocab, d.context, &wide_dy);
    let size = wide_dy.iter().map(|x| x.abs()).collect::<Vec<_>>();
    let sizes = oracle::backward(&d.ids, d.rows, d.width, d.vocab, d.context, &size);
    for accumulate in [false, true] {
        let [dtokens, dpositions] = d.tables(device);
        embedding_backward(&ids, &dy, &dtokens, accumulate).unwrap();
        embedding_positions_backward(&ids, &dy, &dpositions, accumulate).unwrap();
        let add = |want: &[f64], held: &[f64], size: &[f64], absolute: bool| -> Vec<f64> {
            let both = want.iter().zip(held).zip(size);
            both.map(|((want, held), size)| match (accumulate, absolute) {
                (false, false) => *want,
                (true, false) => want + held,
                (false, true) => *size,
                (true, true) => size + held.abs(),
            })
            .collect()
        };
        let name = |table: &str| format!("d{table}, accumulate {accumulate}");
        let bound = |n, size: &[f64], held: &[f64]| Tolerance::sum(n, add(size, held, size, true));
        check(&name("tokens"))
            .compare(
                &read(&dtokens),
                &add(&want.dtokens, &wide_tokens, &sizes.dtokens, false),
                &bound(d.ids.len(), &sizes.dtokens, &wide_tokens),
            )
            .unwrap();
        check(&name("positions"))
            .compare(
                &read(&dpositions),
                &add(&want.dpositions, &wide_positions, &sizes.dpositions, false),
                &bound(d.batch, &sizes.dpositions, &wide_positions),
            )
            .unwrap();
    }
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for (rung, device) in rungs() {
        let cases = if device.machine() == Machine::Cpu { 20 } else { 5 };
        let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
        let lengths =
            (1..4usize, shapes::length(60), shapes::length(300), shapes::length(50), any::<u64>());
        TestRunner::new(config)
            .run(&lengths, |(batch, rows, width, vocab, seed)| {
                compare(rung, &device, &Data::new(batch, rows, width, vocab, seed));
                Ok(())
            })
            .unwrap();
    }
}

/// The order of the sum is the tokens' own on every rung and every device, so its bits are the same.
#[test]
fn the_sum_over_tokens_has_the_same_bits_everywhere() {
    let d = Data::new(3, 100, 40, 6, 1);
    let all: Vec<Vec<u32>> = rungs()
        .iter()
        .map(|(_, device)| {
            let table =
                Tensor::zeros(device, strata_tensor::DType::F32, &[d.vocab, d.width]).unwrap();
            embedding_backward(&d.ids(device), &d.dy(device), &table, false).unwrap();
            read(&table).iter().map(|x| x.to_bits()).collect()
        })
        .collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn decoding_reads_its_place_from_the_step_state() {
    for device in testing_devices() {
        let d = Data::new(2, 2, 5, 7, 2);
        let [tokens, positions] = d.tables(&device);
        let state = StepState { position: d.context as u32 - 1, ..StepState::default() };
        let state = device.step_state(state).unwrap();
        let got =
            embedding_forward(&d.ids(&device), &tokens, Some(&positions), Some(&state)).unwrap();
        let got = read(&got);
        // The first row of each sequence is at the last place, the second beyond it.
        for b in 0..2 {
            let row = &got[b * 2 * d.width..][..2 * d.width];
            let id = d.ids[2 * b] as usize;
            for c in 0..d.width {
                let place = d.positions[(d.context - 1) * d.width + c];
                assert_eq!(row[c], d.tokens[id * d.width + c] + place);
                assert!(row[d.width + c].is_nan());
            }
        }
    }
}

#[test]
fn a_token_outside_the_vocabulary_becomes_nan_and_gets_no_gradient() {
    for (rung, device) in rungs() {
        let ids = Tensor::from_slice(&device, &[1u32, 9, u32::MAX], &[1, 3]).unwrap();
        let table = Tensor::ones(&device, &[3, 2]).unwrap();
        let y = read(&embedding_forward(&ids, &table, None, None).unwrap());
        assert_eq!(y[..2], [1.0, 1.0]);
        assert!(y[2..].iter().all(|y| y.is_nan()), "{rung} on {}", device.info().label());
        let dy = Tensor::ones(&device, &[1, 3, 2]).unwrap();
        embedding_backward(&ids, &dy, &table, false).unwrap();
        assert_eq!(read(&table), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }
}

#[test]
fn the_tape_fills_the_arena_and_agrees_with_finite_differences() {
    for device in testing_devices() {
        let d = Data::new(2, 3, 4, 5, 3);
        let builder = ParamBuilder::new();
        let tokens = builder.param("tokens", &[d.vocab, d.width], Init::Zeros, true);
        let positions = builder.param("positions", &[d.context, d.width], Init::Zeros, true);
        builder.build(&device, 1).unwrap();
        let (tokens, positions) = (tokens.var().unwrap(), positions.var().unwrap());
        tokens.value().write(&d.tokens).unwrap();
        positions.value().write(&d.positions).unwrap();
        let y = embedding(&d.ids(&device), tokens, Some(positions), None).unwrap();
        y.backward_with(d.dy(&device)).unwrap();

        let wide_dy = sample::widen(&d.dy);
        let f = |tokens: &[f64]| {
            let y = oracle::forward(
                &d.ids,
                d.rows,
                d.width,
                tokens,
                Some(&sample::widen(&d.positions)),
                0,
            );
            gradient::dot(&y, &wide_dy)
        };
        let check = Check::new("embedding backward", "the tape").device(device.info().label());
        let close = Tolerance::close(1e-6, 1e-6);
        let got = read(&tokens.grad().unwrap());
        gradient::check(&check, &got, f, &sample::widen(&d.tokens), &close).unwrap();
        let f = |positions: &[f64]| {
            let y = oracle::forward(
                &d.ids,
                d.rows,
                d.width,
                &sample::widen(&d.tokens),
                Some(positions),
                0,
            );
            gradient::dot(&y, &wide_dy)
        };
        let got = read(&positions.grad().unwrap());
        gradient::check(&check, &got, f, &sample::widen(&d.positions), &close).unwrap();

        // A leaf of its own gets the same as the arena did.
        let leaf = Var::leaf(tokens.value().clone());
        let y = embedding(&d.ids(&device), &leaf, None, None).unwrap();
        y.backward_with(d.dy(&device)).unwrap();
        assert_eq!(read(&leaf.grad().unwrap()), read(&tokens.grad().unwrap()));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let device = &testing_devices()[0];
    let d = Data::new(1, 3, 4, 5, 0);
    let (ids, [tokens, positions]) = (d.ids(device), d.tables(device));
    let error = |ids: &Tensor, tokens: &Tensor, positions: &Tensor| {
        embedding_forward(ids, tokens, Some(positions), None).unwrap_err().to_string()
    };
    assert!(error(&tokens, &tokens, &positions).contains("u32"));
    assert!(error(&ids.reshape(&[3]).unwrap(), &tokens, &positions).contains("[batch, rows]"));
    assert!(error(&ids, &tokens.reshape(&[20]).unwrap(), &positions).contains("[20]"));
    let short = positions.narrow(0, 0, 2).unwrap();
    assert!(error(&ids, &tokens, &short).contains("more rows"));
    let narrow = positions.narrow(1, 0, 2).unwrap();
    assert!(error(&ids, &tokens, &narrow).contains("[context, width]"));
    let state = device.step_state(StepState::default()).unwrap();
    let positions = Var::leaf(positions);
    let y =
        embedding(&ids, &Var::constant(tokens.clone()), Some(&positions), Some(&state)).unwrap();
    let message = y.backward_with(d.dy(device)).unwrap_err().to_string();
    assert!(message.contains("step state"), "{message}");
    let y =
        no_grad(|| embedding(&ids, &Var::leaf(tokens), Some(&positions), Some(&state))).unwrap();
    assert!(!y.requires_grad());
}
