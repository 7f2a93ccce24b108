//! The tape itself: order, fan-out, hooks, no_grad, depth, the arena, the graph as data.
use std::sync::{Arc, Mutex};
use strata_autograd::{Init, ParamBuilder, Var, concat, no_grad};
use strata_device::{Device, testing::testing_devices};
use strata_tensor::{DType, Tensor};

fn leaf(device: &Device, data: &[f32], shape: &[usize]) -> Var {
    Var::leaf(Tensor::from_slice(device, data, shape).unwrap())
}

fn grad(var: &Var) -> Vec<f32> {
    var.grad().expect("a gradient").to_vec().unwrap()
}

#[test]
fn a_variable_used_twice_gathers_both_gradients() {
    for device in testing_devices() {
        let x = leaf(&device, &[2.0, 3.0], &[2]);
        let y = x.mul(&x).unwrap().add(&x).unwrap().add(&x).unwrap();
        y.sum_all().unwrap().backward().unwrap();
        assert_eq!(grad(&x), [6.0, 8.0]);
    }
}

#[test]
fn gradients_of_two_backwards_add_up_until_zeroed() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, -1.0], &[2]);
    let loss = x.square().unwrap().sum_all().unwrap();
    loss.backward().unwrap();
    loss.backward().unwrap();
    assert_eq!(grad(&x), [4.0, -4.0]);
    x.zero_grad().unwrap();
    assert!(x.grad().is_none());
}

#[test]
fn a_walk_that_takes_the_tape_lets_go_of_what_is_behind_it() {
    const LONG: usize = 1 << 18;
    let device = &testing_devices()[0];
    // What is in use when the gradient arrives at the beginning, and that gradient.
    let walk = |taking: bool| {
        let x = leaf(device, &vec![0.5; LONG], &[LONG]);
        let used = Arc::new(Mutex::new(0));
        let (note, counter) = (used.clone(), device.clone());
        x.hook(move |_| {
            *note.lock().unwrap() = counter.stats().in_use;
            Ok(None)
        });
        let y = (0..10).try_fold(x.clone(), |y, _| y.tanh()).unwrap();
        let loss = y.sum_all().unwrap();
        drop(y);
        if taking {
            loss.into_backward().unwrap()
        } else {
            loss.backward().unwrap()
        }
        let used = *used.lock().unwrap();
        (used as usize / (4 * LONG), grad(&x))
    };
    let ((kept, same), (left, gradient)) = (walk(false), walk(true));
    assert!(kept >= 11 && left <= 4, "{kept} tensors in use where the loss is held, {left} else");
    assert_eq!(gradient, same);
}

#[test]
fn a_diamond_is_walked_once_a_node() {
    // Each level doubles the paths; the walk must visit nodes, not paths.
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0], &[1]);
    let mut y = x.clone();
    for _ in 0..40 {
        y = y.add(&y).unwrap().affine(0.5, 0.0).unwrap();
    }
    y.sum_all().unwrap().backward().unwrap();
    assert_eq!(grad(&x), [1.0]);
}

#[test]
fn a_tape_deeper_than_the_stack_walks_back_and_drops() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0], &[]);
    let mut y = x.clone();
    for _ in 0..50_000 {
        y = y.affine(1.0, 0.0).unwrap();
    }
    y.backward().unwrap();
    assert_eq!(grad(&x), [1.0]);
    drop(y);
}

#[test]
fn the_arena_takes_gradients_in_place() {
    for device in testing_devices() {
        let builder = ParamBuilder::new();
        let b = builder.at("layer");
        let bias = b.param("bias", &[3], Init::Zeros, false);
        let weight = b.param("weight", &[2, 3], Init::Normal(0.5), true);
        let all = builder.build(&device, 7).unwrap();
        assert_eq!(all.count(), 9);
        // Decayed parameters come first, though the bias was declared first.
        assert_eq!((all.infos()[1].offset, all.infos()[0].offset, all.decayed()), (0, 64, 64));
        let (w, b) = (weight.var().unwrap(), bias.var().unwrap());
        let loss = w.add(b).unwrap().sum_all().unwrap();
        loss.backward().unwrap();
        loss.backward().unwrap();
        let arena: Vec<f32> = all.grads().unwrap().to_vec().unwrap();
        assert_eq!(arena.len(), all.arena_len());
        assert_eq!(arena[..6], [2.0; 6]);
        assert_eq!(arena[64..67], [4.0; 3]);
        assert!(arena[6..64].iter().chain(&arena[67..]).all(|&x| x == 0.0));
        all.zero_grad().unwrap();
        assert_eq!(grad(w), [0.0; 6]);
        assert_eq!(all.get("layer.bias").unwrap().id(), b.id());
    }
}

#[test]
fn arenas_of_other_dtypes_keep_the_layout_and_add_in_f32() {
    for device in testing_devices() {
        for [values, grads] in
            [[DType::BF16; 2], [DType::F16, DType::F32], [DType::F32, DType::F16]]
        {
            let builder = ParamBuilder::new().stored(values, grads);
            let bias = builder.at("layer").param("bias", &[3], Init::Zeros, false);
            let weight = builder.param("weight", &[2, 3], Init::Uniform(0.5), true);
            let all = builder.build(&device, 7).unwrap();
            let (w, b) = (weight.var().unwrap(), bias.var().unwrap());
            // Where a binding may start in the narrower of the two.
            assert_eq!((all.infos()[1].offset, all.infos()[0].offset), (0, 128));
            assert_eq!(
                [all.values().unwrap().dtype(), all.grads().unwrap().dtype()],
                [values, grads]
            );
            assert_eq!([w.value().dtype(), w.grad().unwrap().dtype()], [values, grads]);
            assert_eq!(all.arena_like().unwrap().dtype(), DType::F32);

            let same = ParamBuilder::new();
            same.at("layer").param("bias", &[3], Init::Zeros, false);
            same.param("weight", &[2, 3], Init::Uniform(0.5), true);
            let wide = same.build(&device, 7).unwrap();
            let numbers = |t: &Tensor| t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
            let rounded = wide.get("weight").unwrap().value().cast(values).unwrap();
            assert_eq!(numbers(w.value()), numbers(&rounded), "the same draws, rounded once");

            let [w, b] = [w, b].map(|x| x.cast(DType::F32).unwrap());
            let loss = w.add(&b).unwrap().affine(0.125, 0.0).unwrap().sum_all().unwrap();
            loss.backward().unwrap();
            loss.backward().unwrap();
            let arena = numbers(&all.grads().unwrap());
            assert_eq!((&arena[..6], &arena[128..131]), (&[0.25; 6][..], &[0.5; 3][..]));
            assert!(arena[6..128].iter().chain(&arena[131..]).all(|&x| x == 0.0));
            all.zero_grad().unwrap();
            assert_eq!(numbers(&all.grads().unwrap()), vec![0.0; arena.len()]);
        }
    }
}

#[test]
fn one_seed_draws_one_model_and_another_seed_another() {
    let device = &testing_devices()[0];
    let draw = |seed| -> Vec<f32> {
        let builder = ParamBuilder::new();
        builder.param("w", &[64], Init::Normal(1.0), true);
        builder.param("u", &[64], Init::Uniform(0.1), true);
        builder.build(device, seed).unwrap().values().unwrap().to_vec().unwrap()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!(draw(3)[64..].iter().all(|x| x.abs() <= 0.1));
}

#[test]
fn hooks_see_and_replace_the_complete_gradient() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, 2.0], &[2]);
    let y = x.affine(3.0, 0.0).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    y.hook(move |g| {
        note.lock().unwrap().extend(g.to_vec::<f32>()?);
        g.affine(10.0, 0.0).map(Some)
    });
    y.retain_grad();
    y.add(&y).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(*seen.lock().unwrap(), [2.0, 2.0]);
    assert_eq!(grad(&y), [20.0, 20.0]);
    assert_eq!(grad(&x), [60.0, 60.0]);
}

#[test]
fn a_hook_on_a_parameter_stands_between_it_and_its_arena() {
    let device = &testing_devices()[0];
    let builder = ParamBuilder::new();
    let declared = builder.param("p", &[2], Init::Ones, false);
    let parameters = builder.build(device, 0).unwrap();
    let p = declared.var().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    p.hook(move |g| {
        note.lock().unwrap().push(g.to_vec::<f32>()?);
        g.affine(0.5, 0.0).map(Some)
    });
    // Used twice: the hook must see the sum, once.
    p.affine(3.0, 0.0).unwrap().add(p).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(*seen.lock().unwrap(), [[4.0, 4.0]]);
    assert_eq!(grad(p), [2.0, 2.0]);
    assert_eq!(parameters.grads().unwrap().to_vec::<f32>().unwrap()[..2], [2.0, 2.0]);
}

#[test]
fn no_grad_and_constants_leave_no_tape() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0], &[]);
    let quiet = no_grad(|| x.square().unwrap());
    assert!(!quiet.requires_grad() && quiet.inputs().is_empty());
    let message = quiet.backward().unwrap_err().to_string();
    assert!(message.contains("no_grad"), "{message}");
    // A panic inside must not leave the tape switched off.
    let _ = std::panic::catch_unwind(|| no_grad(|| panic!("on purpose")));
    assert!(x.square().unwrap().requires_grad());
}

#[test]
fn backward_of_many_numbers_says_what_to_do() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, 2.0], &[2]);
    let message = x.square().unwrap().backward().unwrap_err().to_string();
    assert!(message.contains("[2]") && message.contains("sum"), "{message}");
    let wrong = Tensor::ones(device, &[3]).unwrap();
    assert!(x.square().unwrap().backward_with(wrong).is_err());
}

#[test]
fn an_unbuilt_parameter_is_an_error() {
    let builder = ParamBuilder::new();
    let w = builder.param("w", &[1], Init::Ones, true);
    assert!(w.var().unwrap_err().to_string().contains('w'));
    builder.param("w", &[1], Init::Ones, true);
    let twice = builder.build(&testing_devices()[0], 0).unwrap_err().to_string();
    assert!(twice.contains("named w"), "{twice}");
}

#[test]
fn the_graph_is_data() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, 2.0], &[2]);
    let c = Var::constant(Tensor::ones(device, &[2]).unwrap());
    let loss = concat(&[&x, &c], 0).unwrap().tanh().unwrap().sum_all().unwrap();
    let graph = loss.graph();
    let ops: Vec<&str> = graph.nodes.iter().map(|n| n.label()).collect();
    assert_eq!(ops, ["leaf", "constant", "concat", "tanh", "sum"]);
    assert_eq!(graph.nodes[2].inputs, [x.id(), c.id()]);
    let dot = graph.dot();
    assert!(dot.starts_with("digraph") && dot.matches("->").count() == 4, "{dot}");
    let json: serde_json::Value = serde_json::from_str(&graph.json()).unwrap();
    assert_eq!(json["nodes"][3]["shape"], serde_json::json!([4]));
    let svg = graph.svg();
    assert_eq!(svg.matches("<rect").count(), 5);
    assert_eq!(svg.matches("<path").count(), 4);
}

#[test]
fn integers_do_not_meet_floats() {
    let device = &testing_devices()[0];
    let ids = Var::constant(Tensor::zeros(device, DType::U32, &[2]).unwrap());
    let x = Var::leaf(Tensor::ones(device, &[2]).unwrap());
    assert!(x.add(&ids).unwrap_err().to_string().contains("cast"));
    assert!(ids.exp().unwrap_err().to_string().contains("cast"));
    assert!(!ids.add(&ids).unwrap().requires_grad());
}
