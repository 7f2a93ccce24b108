//! The launches that a tape's nodes keep under a trace.
use strata_ml::device::testing::testing_devices;
use strata_ml::device::trace::{self, Traced};
use strata_ml::matmul::MatmulExt;
use strata_ml::prelude::*;

fn leaf(device: &Device, shape: &[usize]) -> Var {
    let n: usize = shape.iter().product();
    let data: Vec<f32> = (0..n).map(|i| (i % 11) as f32 / 7.0 - 0.6).collect();
    Var::leaf(Tensor::from_slice(device, &data, shape).unwrap())
}

/// sum(gelu(a · b)) with its inputs, nodes in the order they were made.
struct Net {
    a: Var,
    b: Var,
    product: Var,
    activated: Var,
    loss: Var,
}

fn net(device: &Device) -> Net {
    let (a, b) = (leaf(device, &[65, 70]), leaf(device, &[70, 33]));
    let product = a.matmul(&b).unwrap();
    let activated = product.gelu().unwrap();
    let loss = activated.sum_all().unwrap();
    Net { a, b, product, activated, loss }
}

fn paths(launches: &[Traced]) -> Vec<&'static str> {
    launches.iter().map(|l| l.launch().kernel.path).collect()
}

fn all_of(launches: &[Traced], op: &str) -> bool {
    !launches.is_empty() && launches.iter().all(|l| l.launch().kernel.path.starts_with(op))
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    for device in testing_devices() {
        let net = net(&device);
        net.loss.backward().unwrap();
        for var in [&net.a, &net.product, &net.activated, &net.loss] {
            assert!(var.launches().is_empty() && var.backward_launches().is_empty());
        }
        assert!(!trace::is_on() && trace::drain().is_empty());
    }
}

#[test]
fn each_node_keeps_the_kernels_that_it_ran() {
    for device in testing_devices() {
        let net = trace::on(|| {
            let net = net(&device);
            net.loss.backward().unwrap();
            assert!(trace::drain().is_empty(), "the walk leaves nothing behind");
            net
        });
        assert!(net.a.launches().is_empty(), "a leaf was computed by nobody");
        for (var, op) in
            [(&net.product, "matmul/"), (&net.activated, "gelu/"), (&net.loss, "reduce/")]
        {
            assert!(all_of(var.launches(), op), "{op}: {:?}", paths(var.launches()));
            let cost: f64 = var.launches().iter().map(|l| l.launch().cost.flops).sum();
            assert!(cost > 0.0, "{op} costs {cost}");
        }
        assert_eq!(net.product.launches()[0].launch().cost.flops, 2.0 * 65.0 * 70.0 * 33.0);
        let back = net.product.backward_launches();
        assert!(back.len() >= 2 && all_of(&back, "matmul/"), "{:?}", paths(&back));
        let back = net.activated.backward_launches();
        // The sum's gradient is one number, stretched: its copy in full is part of the op.
        let [copy, gelu] = back.as_slice() else { panic!("{:?}", paths(&back)) };
        assert!(copy.launch().kernel.path.starts_with("copy/"), "{:?}", paths(&back));
        assert!(gelu.launch().kernel.path.starts_with("gelu_backward/"), "{:?}", paths(&back));
        assert!(back.iter().all(|l| l.launch().cost.bytes > 0.0 && l.device().same(&device)));
        // The graph's nodes are these variables.
        let graph = net.loss.graph();
        let kept = graph.nodes.iter().map(|n| n.var.launches().len());
        assert_eq!(kept.filter(|&n| n > 0).count(), 3);
    }
}

#[test]
fn timing_a_launch_changes_no_tensor() {
    for device in testing_devices() {
        let net = trace::on(|| {
            let net = net(&device);
            net.loss.backward().unwrap();
            net
        });
        let values = || -> Vec<Vec<f32>> {
            let Net { a, b, product, activated, loss } = &net;
            let vars = [a, b, product, activated, loss].map(|v| v.value().clone());
            let grads = [a, b].map(|v| v.grad().unwrap());
            vars.iter().chain(&grads).map(|t| t.to_vec().unwrap()).collect()
        };
        let before = values();
        for node in net.loss.graph().nodes {
            for traced in node.var.launches().iter().chain(&node.var.backward_launches()) {
                let time = traced.time().unwrap();
                assert!(!time.is_zero(), "{:?} took no time", traced.launch().kernel);
            }
        }
        assert_eq!(values(), before);
    }
}

#[test]
fn without_a_tape_the_result_keeps_its_launches() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[4]);
    let (quiet, next) = trace::on(|| {
        let quiet = no_grad(|| x.gelu().unwrap());
        (quiet, x.exp().unwrap())
    });
    assert!(!quiet.requires_grad() && all_of(quiet.launches(), "gelu/"));
    // Nothing of one op is left for the next.
    assert_eq!(paths(next.launches()), ["map/1_naive"]);
}

#[test]
fn what_a_hook_or_a_leaf_launches_is_not_the_ops() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[4]);
    x.gelu().unwrap().sum_all().unwrap().backward().unwrap();
    let y = trace::on(|| {
        let y = x.gelu().unwrap();
        y.hook(|g| g.affine(2.0, 0.0).map(Some));
        y.sum_all().unwrap().backward().unwrap();
        y
    });
    assert!(all_of(&y.backward_launches(), "gelu_backward/"));
    // The second gradient was added to the first.
    assert_eq!(paths(&x.backward_launches()), ["accumulate/1_naive"]);
}
