//! Checkpoints that are not what they should be: a clear error each time, never a panic.
mod common;

use common::{cpu, saved, shape};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use strata_data::TokenizerKind;
use strata_device::testing::testing_devices;
use strata_tensor::DType;
use strata_transformer::Gpt;
use strata_transformer::checkpoint::{
    self, NamedTensor, read_tensors, write_tensors, write_tensors_as,
};
use strata_transformer::train::Trainer;

fn fails(folder: &Path, words: &[&str]) {
    let message = checkpoint::load(folder, &cpu()).unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn what_is_saved_opens_again_on_every_device() {
    for device in testing_devices() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path(), &device);
        let loaded = checkpoint::load(folder.path(), &device).unwrap();
        assert_eq!(*loaded.model.config(), shape());
        assert_eq!(loaded.tokenizer.kind(), TokenizerKind::Bpe);
        assert_eq!(loaded.state.unwrap().state.step, 0);
        let want = Gpt::new(&shape(), &device, 1).unwrap();
        let read = |m: &Gpt| m.parameters().values().unwrap().to_vec::<f32>().unwrap();
        assert_eq!(read(&loaded.model), read(&want));
    }
}

#[test]
fn what_16_bits_cannot_hold_is_not_saved_as_infinity() {
    let of = |x: f32| NamedTensor { name: "w".into(), shape: vec![2], data: vec![1.0, x] };
    let fails = |x: f32, dtype| write_tensors_as(&[(&of(x), dtype)]).unwrap_err().to_string();
    let error = fails(70_000.0, DType::F16);
    assert_eq!(error, "tensor w holds 70000, and f16 ends at 65504: save it in f32");
    assert!(fails(f32::MAX, DType::BF16).contains("bf16 ends at"));
    assert!(fails(1.0, DType::U32).contains("u32; use f32, bf16 or f16"));
    for kept in [f32::INFINITY, f32::NAN, 65_504.0] {
        assert!(write_tensors_as(&[(&of(kept), DType::F16)]).is_ok(), "{kept}");
    }
}

#[test]
fn truncated_flipped_and_missing_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    saved(folder.path(), &cpu());
    let good = fs::read(at("model.safetensors")).unwrap();
    fs::write(at("model.safetensors"), &good[..good.len() / 2]).unwrap();
    fails(folder.path(), &["model.safetensors", "checksum"]);
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(at("model.safetensors"), flipped).unwrap();
    fails(folder.path(), &["model.safetensors", "checksum"]);
    fs::remove_file(at("model.safetensors")).unwrap();
    fails(folder.path(), &["model.safetensors", "read"]);
    fs::write(at("model.safetensors"), &good).unwrap();
    fs::write(at("trainer.json"), "{").unwrap();
    fails(folder.path(), &["trainer.json"]);
    fs::remove_file(at("trainer.json")).unwrap();
    checkpoint::load(folder.path(), &cpu()).unwrap();
    let message = Trainer::resume(folder.path(), &cpu()).unwrap_err().to_string();
    assert!(message.contains("no run to resume") && !message.contains("--"), "{message}");
    fs::write(at("model.safetensors"), &good[..100]).unwrap();
    fails(folder.path(), &["model.safetensors", "truncated"]);
    fs::write(at("tokenizer.json"), "not json").unwrap();
    fs::write(at("model.safetensors"), &good).unwrap();
    fails(folder.path(), &["tokenizer.json"]);
    fails(&folder.path().join("nowhere"), &["nowhere", "no such folder"]);
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    fs::remove_file(folder.path().join("trainer.json")).unwrap();
    let path = folder.path().join("model.safetensors");
    let whole: Vec<NamedTensor> = read_tensors(&path).unwrap().into_values().collect();
    let change = |f: &dyn Fn(&mut Vec<NamedTensor>)| {
        let mut tensors = whole.clone();
        f(&mut tensors);
        fs::write(&path, write_tensors(&tensors).unwrap()).unwrap();
    };
    change(&|t| t.retain(|t| t.name != "transformer.ln_f.bias"));
    fails(folder.path(), &["transformer.ln_f.bias", "missing"]);
    change(&|t| {
        let wpe = t.iter_mut().find(|t| t.name == "transformer.wpe.weight").unwrap();
        wpe.shape.swap(0, 1);
        wpe.shape = vec![wpe.shape[0] * 2, wpe.shape[1] / 2];
    });
    fails(folder.path(), &["transformer.wpe.weight", "[32, 8]", "[16, 16]"]);
    change(&|t| {
        t.push(NamedTensor { name: "transformer.h.7.what".into(), shape: vec![1], data: vec![0.0] })
    });
    fails(folder.path(), &["transformer.h.7.what"]);
    // Names without the prefix, and the tied head beside the table, are GPT-2 files too.
    change(&|t| {
        for t in t.iter_mut() {
            t.name = t.name.replace("transformer.", "");
        }
        let table = t.iter().find(|t| t.name == "wte.weight").unwrap();
        let head = NamedTensor { name: "lm_head.weight".into(), ..table.clone() };
        t.push(head);
    });
    checkpoint::load(folder.path(), &cpu()).unwrap();
}

#[test]
fn configurations_of_other_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    let trainer = fs::read(folder.path().join("trainer.json")).unwrap();
    for (from, to, word) in [
        ("\"gpt2\"", "\"llama\"", "model_type"),
        ("\"gelu_new\"", "\"relu\"", "activation_function"),
        ("\"n_head\": 2", "\"n_head\": 0", "n_head"),
        ("\"n_head\": 2", "\"n_head\": 3", "multiple"),
        ("\"n_layer\": 1", "\"n_layer\": 2", "2 layers of config.json"),
        ("\"n_embd\": 16", "\"n_embd\": 4294967296", "n_embd"),
        ("\"n_embd\": 16,", "", "n_embd"),
        ("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "tie_word_embeddings"),
    ] {
        fs::write(&path, text.replace(from, to)).unwrap();
        // Whatever was changed since the save is found by its checksum; a file of another program
        // has none.
        fs::write(folder.path().join("trainer.json"), &trainer).unwrap();
        fails(folder.path(), &["config.json", "checksum"]);
        fs::remove_file(folder.path().join("trainer.json")).unwrap();
        fails(folder.path(), &[word]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tensors_survive_the_file(
        data in proptest::collection::vec(any::<u32>(), 0..40), split in 0usize..40,
    ) {
        let bits: Vec<f32> = data.iter().map(|&b| f32::from_bits(b)).collect();
        let (a, b) = bits.split_at(split.min(bits.len()));
        let part = |name: &str, x: &[f32]| NamedTensor {
            name: name.into(), shape: vec![x.len()], data: x.to_vec(),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        let bytes = write_tensors(&[part("a", a), part("b", b)]).unwrap();
        prop_assert_eq!(&bytes, &write_tensors(&[part("a", a), part("b", b)]).unwrap());
        fs::write(&path, bytes).unwrap();
        let back = read_tensors(&path).unwrap();
        let same = |x: &[f32], y: &[f32]| x.iter().map(|v| v.to_bits()).eq(y.iter().map(|v| v.to_bits()));
        prop_assert!(same(&back["a"].data, a) && same(&back["b"].data, b));
    }

    #[test]
    fn tensors_in_16_bits_are_rounded_to_the_nearest(
        numbers in proptest::collection::vec(-6e4f32..6e4, 0..40),
    ) {
        let part = |name: &str| NamedTensor {
            name: name.into(), shape: vec![numbers.len()], data: numbers.clone(),
        };
        let (a, b, c) = (part("a"), part("b"), part("c"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        let all = [(&a, DType::BF16), (&b, DType::F16), (&c, DType::F32)];
        fs::write(&path, write_tensors_as(&all).unwrap()).unwrap();
        let back = read_tensors(&path).unwrap();
        let near = |back: &[f32], bits: i32| back.iter().zip(&numbers).all(|(&got, &want)| {
            let (got, want) = (f64::from(got), f64::from(want));
            (got - want).abs() <= want.abs() * 2f64.powi(-bits) + 3e-8
        });
        prop_assert!(near(&back["a"].data, 8) && near(&back["b"].data, 11));
        prop_assert_eq!(&back["c"].data, &numbers);
    }

    #[test]
    fn damaged_files_are_errors_and_never_panics(
        cut in 0usize..2000, at in 0usize..2000, flip in 1u8..=255,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        let tensor = NamedTensor { name: "a".into(), shape: vec![4, 5], data: vec![1.0; 20] };
        let mut bytes = write_tensors(&[tensor]).unwrap();
        let n = bytes.len();
        bytes[at % n] ^= flip;
        fs::write(&path, &bytes[..cut.min(n)]).unwrap();
        // A flipped bit of a number reads as another number; all else must be refused.
        if let Ok(back) = read_tensors(&path) {
            prop_assert!(cut >= n && back.len() == 1);
        }
    }
}
