//! Checkpoints that ask for more than they hold: refused by their numbers, before memory is taken.
mod common;

use common::{cpu, edit, saved};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use strata_data::{Batch, IGNORE};
use strata_device::StepState;
use strata_tensor::{DType, Tensor};
use strata_transformer::checkpoint;
use strata_transformer::train::Trainer;
use strata_transformer::{Gpt, GptConfig, KvCache, LayerCache, Pass};

/// Peak memory of this process so far, in bytes; none where the system does not tell.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

#[test]
fn configurations_larger_than_their_file_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    fs::remove_file(folder.path().join("trainer.json")).unwrap();
    let config = folder.path().join("config.json");
    let good = fs::read(&config).unwrap();
    let start = Instant::now();
    let sizes: [u64; 11] = [
        17,
        281,
        4096,
        65_536,
        1 << 20,
        1 << 24,
        (1 << 24) + 1,
        1 << 32,
        (1 << 32) + 16,
        1 << 53,
        u64::MAX,
    ];
    for name in ["vocab_size", "n_positions", "n_embd", "n_layer", "n_head"] {
        for size in sizes {
            fs::write(&config, &good).unwrap();
            edit(&config, |v| v[name] = json!(size));
            let message = checkpoint::load(folder.path(), &cpu()).unwrap_err().to_string();
            assert!(message.contains("checkpoint"), "{name} {size}: {message}");
        }
        for wrong in [json!(-1), json!(1.5), json!("16"), json!(null), json!([16]), json!(1e300)] {
            fs::write(&config, &good).unwrap();
            edit(&config, |v| v[name] = wrong.clone());
            assert!(checkpoint::load(folder.path(), &cpu()).is_err(), "{name} {wrong}");
        }
    }
    // Two at once, so that each alone would pass.
    for (layers, width, heads) in [(4096, 1, 1), (4096, 1024, 8), (1, 1 << 16, 512)] {
        fs::write(&config, &good).unwrap();
        edit(&config, |v| {
            v["n_layer"] = json!(layers);
            v["n_embd"] = json!(width);
            v["n_head"] = json!(heads);
        });
        assert!(checkpoint::load(folder.path(), &cpu()).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    match peak() {
        Some(bytes) => assert!(bytes < 1 << 30, "{bytes} bytes"),
        None => println!("SKIPPED: peak memory: this system does not tell it"),
    }
}

#[test]
fn states_that_no_run_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    let file = folder.path().join("trainer.json");
    let good = fs::read(&file).unwrap();
    let refused = |pointer: &str, value: Value| {
        fs::write(&file, &good).unwrap();
        edit(&file, |v| *v.pointer_mut(pointer).unwrap() = value.clone());
        let Err(error) = Trainer::resume(folder.path(), &cpu()) else {
            panic!("{pointer} {value} was taken")
        };
        let message = error.to_string();
        assert!(message.contains("trainer.json") || message.contains("config.json"), "{message}");
        assert!(checkpoint::load(folder.path(), &cpu()).is_err());
    };
    for seconds in [json!(1e308), json!(2e19), json!(18_446_744_073_709_551_615u64), json!(-1)] {
        refused("/state/seconds", seconds);
    }
    for tokens in [json!(1), json!(u64::MAX)] {
        refused("/state/tokens", tokens);
    }
    // As 32 bits have it, this is just below 0.
    refused("/config/betas/0", json!(-1e-60));
    refused("/config/betas/1", json!(0.999_99f64.next_up()));
    for step in [json!(1u64 << 32), json!(u64::MAX), json!(-1), json!(1.5)] {
        refused("/state/step", step);
    }
    for batch in [json!(0), json!(65_537), json!(u64::MAX), json!("1")] {
        refused("/config/batch", batch);
    }
    // As many tokens as the rows have, none, and one too many.
    fs::write(&file, &good).unwrap();
    edit(&file, |v| {
        v["state"] = json!({"step": 3, "tokens": 24, "seconds": 1.0, "validation": null});
    });
    Trainer::resume(folder.path(), &cpu()).unwrap();
    edit(&file, |v| v["state"]["tokens"] = json!(0));
    Trainer::resume(folder.path(), &cpu()).unwrap();
    edit(&file, |v| v["state"]["tokens"] = json!(25));
    let message = Trainer::resume(folder.path(), &cpu()).unwrap_err().to_string();
    assert!(message.contains("3 steps of 1 rows of 8 tokens score at most 24"), "{message}");
    for length in [
        json!({"steps": 0}),
        json!({"steps": 1u64 << 32}),
        json!({"minutes": 1e308}),
        json!({"years": 1}),
    ] {
        refused("/config/length", length);
    }
    for name in ["vocab_size", "n_positions", "n_embd", "n_layer", "n_head"] {
        refused(&format!("/config/model/{name}"), json!(1 << 20));
    }
    for (name, value) in [
        ("lr", json!(0)),
        ("dropout", json!(1)),
        ("eval_every", json!(0)),
        ("schedule", json!("fast")),
    ] {
        refused(&format!("/config/{name}"), value);
    }
}

#[test]
fn a_width_that_cannot_be_taken_four_times_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    let config = folder.path().join("config.json");
    let good = fs::read(&config).unwrap();
    for (inner, width) in [(json!(0), 1u64 << 62), (json!(64), u64::MAX), (json!("64"), u64::MAX)] {
        fs::write(&config, &good).unwrap();
        edit(&config, |v| {
            v["n_inner"] = inner.clone();
            v["n_embd"] = json!(width);
        });
        let message = checkpoint::read_config(&config).unwrap_err().to_string();
        assert!(message.contains("n_inner"), "{message}");
    }
    fs::write(&config, &good).unwrap();
    edit(&config, |v| v["n_inner"] = json!(64));
    checkpoint::read_config(&config).unwrap();
}

#[test]
fn no_step_comes_after_the_last_that_can_be_counted() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    edit(&folder.path().join("trainer.json"), |v| {
        let step = u32::MAX;
        v["state"] = json!({"step": step, "tokens": step, "seconds": 1.0, "validation": null});
    });
    let (mut trainer, _, _) = Trainer::resume(folder.path(), &cpu()).unwrap();
    let batch = Batch {
        inputs: vec![1; 8],
        targets: vec![IGNORE; 8],
        batch: 1,
        context: 8,
        scored: 0,
        bytes: 0,
        floor_nats: None,
    };
    let message = trainer.step(&batch, 1e-3).unwrap_err().to_string();
    assert!(message.contains("4294967296"), "{message}");
}

#[test]
fn caches_of_another_shape_are_refused() {
    let device = cpu();
    let fresh = |shape: &[usize]| Tensor::zeros(&device, DType::F32, shape).unwrap();
    let cache =
        |keys: &[usize], values: &[usize]| LayerCache { keys: fresh(keys), values: fresh(values) };
    let (fits, state) = ([1, 2, 4, 8], device.step_state(StepState::default()).unwrap());
    let qkv = fresh(&[1, 1, 48]);
    cache(&fits, &fits).append(&qkv, &state).unwrap();
    for (keys, values) in [
        (&[16][..], &[16][..]),
        (&[1, 2, 4], &[1, 2, 4]),
        (&fits, &[1, 2, 4]),
        (&fits, &[1, 2, 2, 8]),
        (&[2, 2, 4, 8], &[2, 2, 4, 8]),
        (&[0, 1 << 40, 1, 1 << 40], &[0, 1 << 40, 1, 1 << 40]),
    ] {
        assert!(cache(keys, values).append(&qkv, &state).is_err(), "{keys:?} {values:?}");
    }
    let odd =
        LayerCache { keys: fresh(&[1, 2, 8, 4]).transpose(2, 3).unwrap(), values: fresh(&fits) };
    assert!(odd.append(&qkv, &state).is_err());
    assert!(cache(&fits, &fits).append(&qkv, &device.alloc(4).unwrap()).is_err());
    cache(&fits, &fits).append(&qkv, &device.alloc(40).unwrap()).unwrap();

    let config = |n_layer| GptConfig { n_layer, ..GptConfig::preset("gpt-nano").unwrap() };
    let (gpt, ids) = (Gpt::new(&config(2), &device, 1).unwrap(), [1u32]);
    let ids = Tensor::from_slice(&device, &ids, &[1, 1]).unwrap();
    let pass = Pass { state: &state, dropout: 0.0 };
    let run = |layers| {
        let cache = KvCache::new(&config(layers), 1, &device).unwrap();
        gpt.forward_cached(&ids, pass, &cache).map(drop)
    };
    run(2).unwrap();
    assert!(run(1).unwrap_err().to_string().contains("1 layers"));
    assert!(KvCache::new(&config(usize::MAX), 1, &device).is_err());

    // A cache in 16 bits is for a model that computes in them.
    let halves = KvCache::stored(&config(2), 1, &device, DType::BF16).unwrap();
    assert_eq!(halves.layer(0).unwrap().keys.dtype(), DType::BF16);
    let error = gpt.forward_cached(&ids, pass, &halves).unwrap_err().to_string();
    assert!(error.starts_with("kv_append takes f32, got bf16 as `cache`"), "{error}");
}

#[test]
fn files_that_are_no_plain_files_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "config.json",
        "trainer.json",
        "model.safetensors",
        "tokenizer.json",
        "optimizer.safetensors",
    ] {
        let path = folder.path().join(name);
        saved(folder.path(), &cpu());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let message = Trainer::resume(folder.path(), &cpu()).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains("a folder"), "{message}");
        fs::remove_dir(&path).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            let message = Trainer::resume(folder.path(), &cpu()).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("a device"), "{message}");
            fs::remove_file(&path).unwrap();
        }
    }
}
