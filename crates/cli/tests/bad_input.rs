//! Whatever is typed, the answer is one clear message: never a panic, never half a run.
mod common;

use common::{bad, good, nano};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn folder_with(name: &str, content: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn train_on(name: &str, content: &[u8], says: &[&str]) {
    let folder = folder_with(name, content);
    bad(folder.path(), &nano(&["--steps", "2", "--data", name]), 1, says);
    assert!(!folder.path().join("runs/gpt-nano-text").exists(), "nothing is left behind");
}

#[test]
fn texts_that_cannot_be_learned_from() {
    let folder = tempdir().unwrap();
    let says = ["nowhere.txt", "no such file", "--data takes"];
    bad(folder.path(), &nano(&["--data", "nowhere.txt"]), 1, &says);
    train_on("text.txt", b"", &["text.txt", "empty"]);
    train_on("text.txt", b"\x00\xffbinary\x00", &["text.txt", "not UTF-8", "byte 0"]);
    train_on("text.txt", &[b'a'; 5000], &["only 'a'", "5000 times"]);
    train_on("text.txt", b"too short", &["window of context 16", "--context"]);
    bad(folder.path(), &nano(&["--data", "."]), 1, &["no UTF-8 text file"]);
}

#[test]
fn a_text_without_enough_merges_is_said_and_trains() {
    let folder = folder_with("few.txt", "abc abd ".repeat(200).as_bytes());
    let out = good(folder.path(), &nano(&["--steps", "1", "--data", "few.txt"]));
    assert!(out.contains("ran out of merges") && out.contains("512"), "{out}");
    assert!(out.contains("vocabulary 512"), "the model keeps its rows: {out}");
}

#[test]
fn numbers_out_of_range() {
    let here = Path::new(".");
    let cases: [(&str, &[&str]); 11] = [
        ("--steps", &["0", "-1", "NaN", "4294967296", "1.5", "99999999999999999999999"]),
        ("--minutes", &["0", "-3", "NaN", "inf", "1e30", "soon"]),
        ("--batch", &["0", "-4", "NaN", "1000000"]),
        ("--accumulate", &["0", "-1", "1.5", "NaN", "65537"]),
        ("--label-smoothing", &["-0.1", "1.1", "NaN", "inf"]),
        ("--context", &["0", "-4", "NaN", "99999999999"]),
        ("--lr", &["0", "-0.1", "NaN", "inf", "1e9"]),
        ("--dropout", &["-0.1", "1", "NaN", "inf"]),
        ("--weight-decay", &["-1", "NaN", "inf"]),
        ("--seed", &["-1", "NaN", "99999999999999999999999"]),
        ("--schedule", &["zigzag", ""]),
    ];
    for (flag, values) in cases {
        for value in values {
            bad(here, &["train", flag, value], 2, &[flag]);
        }
    }
    let error = bad(here, &["train", "--preset", "gpt-nano", "--context", "65"], 1, &["--context"]);
    assert!(error.contains("1 to 64"), "{error}");
    let words = ["train", "--preset", "gpt-nano", "--batch", "2", "--accumulate", "40000"];
    bad(here, &words, 1, &["accumulate is 40000", "1 and 32768", "--accumulate, --batch"]);
    for (flag, value) in
        [("--temperature", "-1"), ("--top-p", "0"), ("--top-k", "-1"), ("--tokens", "0")]
    {
        bad(here, &["generate", "--checkpoint", ".", flag, value], 2, &[flag]);
    }
    for words in [
        &["--steps", "1", "--minutes", "1"][..],
        &["--resume", ".", "--lr", "1"],
        &["--resume", ".", "--accumulate", "2"],
        &["--resume", ".", "--label-smoothing", "0.1"],
    ] {
        bad(here, &[&["train"], words].concat(), 2, &["cannot be used with"]);
    }
}

#[test]
fn devices_rungs_and_kernels_that_are_not_there() {
    let here = Path::new(".");
    bad(here, &["train", "--device", "tpu"], 2, &["unknown device", "tpu"]);
    bad(here, &["train", "--device", "cuda:99"], 1, &["cuda"]);
    bad(here, &["train", "--device", "wgpu:99"], 1, &["wgpu"]);
    bad(here, &["train", "--rung", "matmul"], 2, &["matmul=1_naive"]);
    bad(here, &["train", "--rung", "stew=1_naive"], 2, &["no op", "matmul"]);
    bad(here, &["train", "--rung", "matmul=99_magic"], 2, &["no rung", "1_naive"]);
    bad(here, &["train", "--kernels", "nowhere"], 1, &["nowhere"]);
    bad(here, &["train", "--preset", "gpt-5"], 2, &["gpt-12m"]);
}

#[test]
fn folders_that_cannot_be_written() {
    let folder = folder_with("file", b"in the way");
    for out in ["file", "file/below"] {
        bad(folder.path(), &nano(&["--steps", "1", "--out", out]), 1, &["cannot write", out]);
    }
    let json = "no/such/folder/run.json";
    bad(folder.path(), &nano(&["--steps", "1", "--out", "a", "--json", json]), 1, &[json]);
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"in the way");
}

#[test]
fn a_checkpoint_is_never_overwritten_by_accident() {
    let folder = tempdir().unwrap();
    let words = nano(&["--steps", "1", "--out", "mine"]);
    good(folder.path(), &words);
    bad(folder.path(), &words, 1, &["--resume mine", "--force"]);
    good(folder.path(), &[&words[..], &["--force"]].concat());
    // Without --out each run has a folder of its own.
    good(folder.path(), &nano(&["--steps", "1"]));
    good(folder.path(), &nano(&["--steps", "1"]));
    for run in ["gpt-nano-stories", "gpt-nano-stories-2"] {
        assert!(folder.path().join("runs").join(run).join("model.safetensors").is_file());
    }
}

#[test]
fn damaged_checkpoints() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "1", "--out", "run"]));
    let damage = |file: &str, change: &dyn Fn(&mut Vec<u8>), says: &[&str]| {
        let path = folder.path().join("run").join(file);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        bad(folder.path(), &["generate", "--checkpoint", "run", "--tokens", "3"], 1, says);
        bad(folder.path(), &["train", "--resume", "run", "--steps", "2"], 1, says);
        fs::write(&path, &whole).unwrap();
    };
    damage("model.safetensors", &|b| b.truncate(b.len() / 2), &["model.safetensors"]);
    damage("model.safetensors", &|b| b.truncate(3), &["model.safetensors"]);
    damage(
        "model.safetensors",
        &|b| *b.last_mut().unwrap() ^= 1,
        &["model.safetensors", "damaged"],
    );
    // The optimizer's state is of no use to a model that writes: what it needs is whole.
    let path = folder.path().join("run/optimizer.safetensors");
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    bytes[5000] ^= 64;
    fs::write(&path, bytes).unwrap();
    good(folder.path(), &["generate", "--checkpoint", "run", "--tokens", "3"]);
    for words in [&["train", "--resume", "run", "--steps", "2"][..], &["inspect", "run"]] {
        bad(folder.path(), words, 1, &["optimizer.safetensors", "damaged"]);
    }
    fs::write(&path, &whole).unwrap();
    damage("trainer.json", &|b| b.truncate(40), &["trainer.json"]);
    damage("config.json", &|b| b.truncate(40), &["config.json"]);
    damage("tokenizer.json", &|b| b.truncate(40), &["tokenizer.json"]);
    damage(
        "config.json",
        &|b| replace(b, "\"n_layer\": 2", "\"n_layer\": 3"),
        &["config.json", "damaged"],
    );
    damage(
        "config.json",
        &|b| replace(b, "\"n_head\": 2", "\"n_head\": 0"),
        &["config.json", "damaged"],
    );
    damage(
        "config.json",
        &|b| replace(b, "\"n_embd\": 64", "\"n_embd\": 99999999999"),
        &["config.json", "damaged"],
    );
    for words in [
        &["generate", "--checkpoint", "nowhere"][..],
        &["eval", "--checkpoint", "nowhere", "--data", "stories"],
        &["train", "--resume", "nowhere"],
        &["train", "--init", "nowhere"],
        &["inspect", "nowhere"],
    ] {
        bad(folder.path(), words, 1, &["nowhere"]);
    }
}

fn replace(bytes: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    *bytes = text.replace(from, to).into_bytes();
}

#[test]
fn a_diverging_run_names_the_tensor_and_keeps_its_checkpoint() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "2", "--out", "run", "--schedule", "constant"]));
    let path = folder.path().join("run/model.safetensors");
    let before = fs::read(&path).unwrap();
    // A weight of infinity, under the checksum that goes with it, is what a broken run looks like.
    let mut bytes = before.clone();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    fs::remove_file(folder.path().join("run/trainer.json")).unwrap();
    let words = [
        "train",
        "--init",
        "run",
        "--steps",
        "3",
        "--out",
        "next",
        "--batch",
        "2",
        "--context",
        "16",
    ];
    bad(folder.path(), &words, 1, &["step 1", "non-finite"]);
    assert_eq!(fs::read(&path).unwrap(), bytes, "the checkpoint it began with is untouched");
    assert!(!folder.path().join("next/model.safetensors").exists(), "no broken weights are saved");
}

#[test]
fn a_model_of_no_numbers_writes_nothing_and_is_not_scored() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "1", "--out", "run"]));
    let path = folder.path().join("run/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    for number in bytes[header..].as_chunks_mut::<4>().0 {
        *number = f32::NAN.to_le_bytes();
    }
    fs::write(&path, bytes).unwrap();
    fs::remove_file(folder.path().join("run/trainer.json")).unwrap();
    for words in [
        &["generate", "--checkpoint", "run", "--prompt", "Once", "--tokens", "5"][..],
        &["generate", "--checkpoint", "run", "--prompt", "Once", "--tokens", "5", "--json"],
        &["generate", "--checkpoint", "run", "--temperature", "0", "--tokens", "1"],
        &["eval", "--checkpoint", "run", "--data", "stories"],
        &["eval", "--checkpoint", "run", "--data", "stories", "--json"],
    ] {
        bad(folder.path(), words, 1, &["not finite", "transformer."]);
    }
    // One can still look at it.
    assert!(good(folder.path(), &["inspect", "run"]).contains("NaN"));
}

#[test]
fn what_a_checkpoint_lacks_is_no_flags_business() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "1", "--out", "run"]));
    let run = folder.path().join("run");
    fs::remove_file(run.join("trainer.json")).unwrap();
    bad(folder.path(), &["train", "--resume", "run"], 1, &["no run to resume", "--init run"]);
    for file in ["tokenizer.json", "config.json", "model.safetensors"] {
        let bytes = fs::read(run.join(file)).unwrap();
        fs::remove_file(run.join(file)).unwrap();
        for words in [
            &["generate", "--checkpoint", "run"][..],
            &["eval", "--checkpoint", "run", "--data", "stories"],
            &["train", "--init", "run", "--steps", "1", "--out", "next"],
        ] {
            let error = bad(folder.path(), words, 1, &[file]);
            assert!(!error.contains("--data"), "{error}");
        }
        fs::write(run.join(file), bytes).unwrap();
    }
}

#[test]
fn kernels_of_the_reader_that_do_not_compile_name_their_file() {
    let folder = tempdir().unwrap();
    let broken = folder.path().join("mine/shaders/fill");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("1_naive.wgsl"), "this is\nno shader\n").unwrap();
    let words = nano(&["--steps", "1", "--device", "wgpu", "--kernels", "mine"]);
    let output = common::run(folder.path(), &words);
    let err = common::text(&output.stderr);
    if err.contains("wgpu is not available") {
        eprintln!("SKIPPED: wgpu: there is no adapter to compile for");
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("1_naive.wgsl") && err.contains("does not compile"), "{err}");
}
