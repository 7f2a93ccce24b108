//! Tables and rows in 16 bits: sums are f32, rows are rounded once, gradients of tables are f32.
use strata_autograd::{Init, ParamBuilder, Var};
use strata_data::{
    embedding, embedding_as, embedding_backward, embedding_forward, embedding_forward_as,
    embedding_positions_backward,
};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_tensor::{DType, Tensor};

const FLOATS: [DType; 3] = [DType::F32, DType::BF16, DType::F16];
const BATCH: usize = 3;
const ROWS: usize = 40;
const WIDTH: usize = 33;
const VOCAB: usize = 11;

fn cast(t: &Tensor, dtype: DType) -> Tensor {
    t.cast(dtype).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    cast(t, DType::F32).to_vec().unwrap()
}

fn randn(device: &Device, shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(device, shape, seed).unwrap()
}

fn ids(device: &Device) -> Tensor {
    let ids: Vec<u32> = (0..BATCH * ROWS).map(|i| (i * i % VOCAB) as u32).collect();
    Tensor::from_slice(device, &ids, &[BATCH, ROWS]).unwrap()
}

#[test]
fn rows_are_sums_in_f32_rounded_once() {
    for device in testing_devices() {
        let ids = ids(&device);
        for (table, row) in FLOATS.into_iter().flat_map(|t| FLOATS.map(|row| (t, row))) {
            let tokens = cast(&randn(&device, &[VOCAB, WIDTH], 1), table);
            let places = cast(&randn(&device, &[ROWS, WIDTH], 2), table);
            let run = |tokens: &Tensor, places: &Tensor, row| {
                embedding_forward_as(&ids, tokens, Some(places), None, row)
            };
            let got = run(&tokens, &places, row);
            if device.machine() == Machine::Wgpu && (table, row) != (DType::F32, DType::F32) {
                let error = got.unwrap_err().to_string();
                assert!(error.contains("embedding takes f32, got"), "{error}");
                continue;
            }
            let got = got.unwrap();
            assert_eq!(got.dtype(), row);
            let [tokens, places] = [tokens, places].map(|t| cast(&t, DType::F32));
            let wide = run(&tokens, &places, DType::F32).unwrap();
            assert_eq!(values(&got), values(&cast(&wide, row)), "{table} to {row}");
        }
    }
}

#[test]
fn gradients_of_tables_are_f32_sums_of_what_comes() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        let ids = ids(&device);
        let ladder = strata_data::ladders().into_iter().find(|l| l.op == "embedding_backward");
        for rung in ladder.unwrap().rungs.iter().filter(|r| r.machines.contains(&device.machine()))
        {
            let device = device.with_rung("embedding_backward", rung.name);
            for dtype in [DType::BF16, DType::F16] {
                let dy = cast(&randn(&device, &[BATCH, ROWS, WIDTH], 3), dtype);
                for (of_tokens, rows) in [(true, VOCAB), (false, ROWS)] {
                    let run =
                        if of_tokens { embedding_backward } else { embedding_positions_backward };
                    let sums = |dy: &Tensor| {
                        let table = randn(&device, &[rows, WIDTH], 4);
                        run(&ids, dy, &table, true).unwrap();
                        values(&table)
                    };
                    assert_eq!(sums(&dy), sums(&cast(&dy, DType::F32)), "{}", rung.name);
                }
            }
        }
    }
}

/// As a model keeps it: a table in bf16, its gradient in f32 in the arena; and a table that has none.
#[test]
fn on_the_tape_a_table_in_bf16_gets_its_gradient_in_f32() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        let (ids, dy) = (ids(&device), randn(&device, &[BATCH, ROWS, WIDTH], 3));
        let dy = cast(&dy, DType::BF16);
        let grads = |values_in, rows| {
            let builder = ParamBuilder::new().stored(values_in, DType::F32);
            let tokens = builder.param("tokens", &[VOCAB, WIDTH], Init::Normal(1.0), true);
            let places = builder.param("places", &[ROWS, WIDTH], Init::Normal(1.0), true);
            builder.build(&device, 5).unwrap();
            let (tokens, places) = (tokens.var().unwrap(), places.var().unwrap());
            let out = match rows == values_in {
                true => embedding(&ids, tokens, Some(places), None).unwrap(),
                false => embedding_as(&ids, tokens, Some(places), None, rows).unwrap(),
            };
            assert_eq!(out.value().dtype(), rows);
            out.backward_with(cast(&dy, rows)).unwrap();
            [tokens, places].map(|table| table.grad().unwrap().to_vec::<f32>().unwrap())
        };
        let want = grads(DType::F32, DType::F32);
        assert!(grads(DType::BF16, DType::BF16) == want);
        assert!(grads(DType::F32, DType::BF16) == want);

        let leaf = Var::leaf(cast(&randn(&device, &[VOCAB, WIDTH], 1), DType::BF16));
        let out = embedding(&ids, &leaf, None, None).unwrap();
        out.backward_with(dy).unwrap();
        assert_eq!(leaf.grad().unwrap().dtype(), DType::F32);
    }
}

#[test]
fn what_has_no_rows_says_so() {
    for device in testing_devices() {
        let (ids, tokens) = (ids(&device), randn(&device, &[VOCAB, WIDTH], 1));
        let error = embedding_forward_as(&ids, &tokens, None, None, DType::U32).unwrap_err();
        assert!(error.to_string().contains("embedding takes floats, got u32"), "{error}");
        let places = cast(&randn(&device, &[ROWS, WIDTH], 2), DType::BF16);
        let error = embedding_forward(&ids, &tokens, Some(&places), None).unwrap_err();
        assert!(error.to_string().contains("takes f32, got bf16 as `positions`"), "{error}");
        let dy = randn(&device, &[BATCH, ROWS, WIDTH], 3);
        let error = embedding_positions_backward(&ids, &dy, &places, true).unwrap_err();
        assert!(error.to_string().contains("takes f32, got bf16 as `dpositions`"), "{error}");
    }
}
