//! What JavaScript may hand over is checked here, once for all carriers, and so are the words.
use serde_json::{Value, json};
use strata_bindings::*;

fn error<T>(outcome: Result<T>) -> (&'static str, String) {
    let error = outcome.err().expect("it must be refused");
    (error.code, error.message)
}

#[test]
fn numbers_that_are_no_sizes_are_refused() {
    let cpu = cpu_device().unwrap();
    let refused = [
        (error(zeros(&cpu, 0, vec![2., 1.5])), ("shape", "not 1.5 (shape [2, 1.5])")),
        (error(zeros(&cpu, 0, vec![-1.])), ("shape", "not -1 (shape [-1])")),
        (error(zeros(&cpu, 9, vec![])), ("dtype", "there is no dtype 9")),
        (error(randn(&cpu, vec![2.], f64::NAN)), ("argument", "the seed must be a whole number")),
        (error(from_bytes(&cpu, 0, vec![2.], vec![0u8; 4])), ("shape", "1 were given for it")),
        (error(cpu.with_rung("zip".into(), "9_none".into())), ("rung", "has no rung \"9_none\"")),
        (error(cpu.with_precision("fp8".into())), ("argument", "use f32, tf32, f16 or bf16")),
        (
            error(cpu.with_precision("tf32".into())),
            ("device", "no products in tf32; it has f32, bf16"),
        ),
        (error(open_device("cpu".into(), "{".into()).unwrap().wait("open")), ("argument", "open:")),
        (error(prepare_dataset("{}".into(), None, |_: &Value| true)), ("argument", "prepare:")),
    ];
    for ((code, message), (want, part)) in refused {
        assert!(code == want && message.contains(part), "{code}: {message}");
    }
}

#[test]
fn a_number_is_one_tensors_until_it_is_given_back() {
    let cpu = cpu_device().unwrap();
    let before = live_handles().unwrap();
    let a = full(&cpu, vec![2., 2.], 3.).unwrap();
    assert_eq!(describe(a).unwrap(), [0., 0., 1., 0., 2., 2., 2., 2., 1.]);
    assert_eq!(item(sum(a, vec![0., 1.], false).unwrap()).unwrap(), 12.);
    assert!(live_bytes().unwrap() >= 16.);
    free(a).unwrap();
    free(a).unwrap();
    assert_eq!(live_handles().unwrap(), before + 1.);
    for gone in [a, 0, u32::MAX] {
        let (code, message) = error(neg(gone));
        assert!(code == "disposed" && message.contains("keep() it"), "{message}");
    }
}

#[test]
fn a_tape_is_walked_once_and_hooks_are_heard() {
    let cpu = cpu_device().unwrap();
    let x = full(&cpu, vec![], 3.).unwrap();
    set_requires_grad(x, true).unwrap();
    hook(x, |grad| mul(grad, grad).map_err(|error| error.message)).unwrap();
    let y = square(x).unwrap();
    backward(y, 0, false).unwrap();
    assert_eq!(item(grad(x).unwrap()).unwrap(), 36.);
    assert_eq!(op_of(y).unwrap(), "square", "what made it is still known");
    let (code, message) = error(backward(y, 0, false));
    assert!(code == "graph" && message.contains("retainGraph"), "{message}");
    hook(x, |_| Err("the hook threw".into())).unwrap();
    assert!(error(backward(square(x).unwrap(), 0, false)).1.contains("the hook threw"));
    assert_eq!(error(write(square(x).unwrap(), vec![0u8; 4])).0, "graph");
}

#[test]
fn panics_are_errors() {
    let (code, message) = error(catch_panic(|| -> Result<()> { panic!("so") }));
    assert_eq!(code, "internal");
    assert!(message.contains("a bug in Strata: so."), "{message}");
}

#[test]
fn every_rung_is_listed_with_its_texts() {
    let all: Value = serde_json::from_str(&ladders().unwrap()).unwrap();
    let matmul = all.as_array().unwrap().iter().find(|l| l["op"] == "matmul").unwrap();
    let first = &matmul["rungs"][0];
    assert_eq!(first["name"], "1_naive");
    assert_eq!(first["precision"], "f32");
    assert_eq!(first["precisions"], json!(["f32", "f16", "bf16"]));
    assert_eq!(cpu_device().unwrap().precision().unwrap(), "f32");
    assert!(first["kernels"][0]["wgsl"].as_str().unwrap().contains("fn "), "{first}");
    assert_eq!(first["kernels"][0]["path"], json!("matmul/1_naive"));
}

/// What a crate depends on, by the sections of its Cargo.toml.
fn dependencies(cargo_toml: &str) -> Vec<&str> {
    let mut of_dependencies = false;
    let mut found = Vec::new();
    for line in cargo_toml.lines() {
        if line.starts_with('[') {
            of_dependencies = line.contains("dependencies");
        } else if of_dependencies && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            found.extend(Some(name).filter(|name| !name.is_empty() && !name.starts_with('#')));
        }
    }
    found
}

#[test]
fn carriers_know_the_bindings_and_the_bindings_no_carrier() {
    let node = dependencies(include_str!("../../node/Cargo.toml"));
    let ours: Vec<_> = node.into_iter().filter(|name| name.starts_with("strata-")).collect();
    assert_eq!(ours, ["strata-bindings", "strata-unify"]);
    let bindings = dependencies(include_str!("../Cargo.toml"));
    assert!(bindings.contains(&"strata-ml"), "{bindings:?}");
    let carrier = |name: &&str| name.starts_with("napi") || name.contains("bindgen");
    assert!(!bindings.iter().any(carrier), "{bindings:?}");
}
