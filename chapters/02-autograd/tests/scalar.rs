//! The scalar engine of `examples/scalar.rs` against the tape, and against finite differences.
#[allow(dead_code)]
#[path = "../examples/scalar.rs"]
mod scalar;

use scalar::Value;
use strata_autograd::Var;
use strata_device::testing::testing_devices;
use strata_tensor::Tensor;

const AT: [f64; 3] = [0.5, -1.5, 0.25];

/// `tanh(x w + b) x + x x`: x goes many ways, some through a node that is used twice itself.
fn on_scalars([x, w, b]: &[Value; 3]) -> Value {
    let bent = (&(x * w) + b).tanh();
    let squared = x * x;
    &(&bent * x) + &(&squared + &(&bent * &squared))
}

fn on_the_tape([x, w, b]: &[Var; 3]) -> strata_tensor::Result<Var> {
    let bent = x.mul(w)?.add(b)?.tanh()?;
    let squared = x.mul(x)?;
    bent.mul(x)?.add(&squared.add(&bent.mul(&squared)?)?)
}

#[test]
fn the_scalar_engine_agrees_with_the_tape() {
    let scalars = AT.map(Value::new);
    let y = on_scalars(&scalars);
    y.backward();
    for device in testing_devices() {
        let vars = AT.map(|x| Var::leaf(Tensor::from_slice(&device, &[x as f32], &[]).unwrap()));
        let out = on_the_tape(&vars).unwrap();
        out.backward().unwrap();
        assert!((f64::from(out.value().item::<f32>().unwrap()) - y.data()).abs() < 1e-6);
        for (var, scalar) in vars.iter().zip(&scalars) {
            let got = f64::from(var.grad().unwrap().item::<f32>().unwrap());
            assert!((got - scalar.grad()).abs() < 1e-5, "{got}, {}", scalar.grad());
        }
    }
}

#[test]
fn the_scalar_engine_agrees_with_finite_differences() {
    let scalars = AT.map(Value::new);
    on_scalars(&scalars).backward();
    let step = 1e-5;
    for i in 0..AT.len() {
        let moved = |by: f64| {
            let mut at = AT;
            at[i] += by;
            on_scalars(&at.map(Value::new)).data()
        };
        let want = (moved(step) - moved(-step)) / (2.0 * step);
        let got = scalars[i].grad();
        assert!((got - want).abs() < 1e-8, "number {i}: {got}, {want}");
    }
}

#[test]
fn a_node_of_many_ways_is_visited_once() {
    let x = Value::new(1.0);
    let y = (0..60).fold(x.clone(), |y, _| &y + &y);
    y.backward();
    assert_eq!(x.grad(), 2f64.powi(60));
}
