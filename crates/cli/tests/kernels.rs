//! `--kernels DIR`: kernels of a reader's own, good and hostile.
mod common;

use common::{good, nano, run, text};
use std::fs;
use std::path::Path;
use strata_ml::device::{Device, Settings, testing};
use tempfile::tempdir;

/// The step of a model on the software adapter, with this text in front of our embedding.
fn words(file: &Path, kernel: &str) -> Vec<&'static str> {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, kernel).unwrap();
    nano(&["--steps", "1", "--device", "wgpu", "--kernels", "mine"])
}

#[test]
fn a_readers_kernel_is_tried_out_and_then_trained_on() {
    if let Err(error) = Device::open("wgpu", Settings::default()) {
        return testing::skip("wgpu", &error.to_string());
    }
    let folder = tempdir().unwrap();
    let file = folder.path().join("mine/embedding/1_naive.wgsl");
    let ours = include_str!("../../../shaders/embedding/1_naive.wgsl");
    good(folder.path(), &words(&file, ours));

    let long = format!("{ours}const LONG = 1{};\n", "+1".repeat(9_000));
    let deep = format!("{ours}const NOT = {}true;\n", "!".repeat(100_000));
    let end = ours.rfind('}').unwrap();
    let used = format!("{}own[0] += 1.0;\n}}\n", &ours[..end]);
    let large = format!("{used}var<private> own: array<f32, 16000000>;\n");
    let says =
        [(long, "more than 400 operators"), (deep, "words and signs"), (large, "WGSL allows 8192")];
    for (kernel, why) in says {
        let output = run(folder.path(), &words(&file, &kernel));
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("1_naive.wgsl") && error.contains(why), "{error}");
    }
}
