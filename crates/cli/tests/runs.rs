//! A run from the first step to the last, broken off and resumed, read and written about.
mod common;

use common::{good, nano, run, strata, text};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use tempfile::tempdir;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    fs::read(folder.join(file)).unwrap()
}

/// The steps of a run's log.
fn log(folder: &Path) -> Vec<Value> {
    text(&bytes(folder, "log.jsonl")).lines().map(json).collect()
}

#[test]
fn a_run_leaves_everything_it_promises() {
    let folder = tempdir().unwrap();
    let out = good(folder.path(), &nano(&["--steps", "20", "--json", "run.json"]));
    for word in
        ["gpt-nano", "136,960 parameters", "held-out loss", "floor", "writes:", "strata generate"]
    {
        assert!(out.contains(word), "{word}: {out}");
    }
    let run_folder = folder.path().join("runs/gpt-nano-stories");
    let steps = log(&run_folder);
    assert_eq!(steps.len(), 20);
    assert!(steps[0]["loss"].as_f64().unwrap() > 5.0);
    assert!(steps[9]["utilisation"].as_f64().is_some_and(|share| share > 0.0 && share < 1.5));
    for word in ["in f32; MFU is the share of", "measured now", "tokens/s in f32"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    assert!(
        steps[19]["validation"].as_f64().unwrap() > steps[19]["validation_floor"].as_f64().unwrap()
    );
    let svg = text(&bytes(&run_folder, "loss.svg"));
    assert!(svg.starts_with("<svg") && svg.contains("held out"));
    let whole = json(&text(&bytes(folder.path(), "run.json")));
    assert_eq!(whole["outcome"]["status"], "finished");
    assert_eq!(whole["settings"]["batch"], 2);
    let speed = &whole["outcome"]["speed"];
    assert_eq!((&whole["precision"], &speed["precision"]), (&"f32".into(), &"f32".into()));
    assert!(speed["utilisation"].as_f64().unwrap() > 0.0, "{speed}");
    assert!(speed["ceiling"]["flops_per_second"].as_f64().unwrap() > 0.0, "{speed}");
    assert!(whole["outcome"]["memory_bytes"].as_u64().unwrap() > 100_000);
    assert_eq!(whole["steps"].as_array().unwrap().len(), 20);
    let left: Vec<_> =
        fs::read_dir(&run_folder).unwrap().flatten().map(|f| f.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_run_of_steps_of_several_batches_says_so_and_is_resumed() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    let more = ["--accumulate", "3", "--label-smoothing", "0.1", "--out", "run"];
    let out = good(at, &nano(&[&more[..], &["--steps", "4", "--json", "run.json"]].concat()));
    for word in ["4 steps of 3 batches of 2 rows", "label smoothing 0.1", "held-out ones not"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    let whole = json(&text(&bytes(at, "run.json")));
    assert_eq!(whole["settings"]["accumulate"], 3);
    let kept = json(&text(&bytes(&at.join("run"), "trainer.json")));
    assert_eq!((&kept["config"]["accumulate"], &kept["state"]["step"]), (&3.into(), &4.into()));
    let tokens = |v: &Value| v["state"]["tokens"].as_u64().unwrap();
    let before = tokens(&kept);
    let out = good(at, &["train", "--resume", "run", "--steps", "8"]);
    assert!(out.contains("8 steps of 3 batches of 2 rows"), "{out}");
    let kept = json(&text(&bytes(&at.join("run"), "trainer.json")));
    // Each step has three batches of two stories.
    assert!(tokens(&kept) > before * 3 / 2, "{before}, then {kept}");
    let words = ["train", "--resume", "run", "--steps", "9", "--accumulate", "2"];
    common::bad(at, &words, 2, &["--accumulate", "cannot be used with"]);
    // One batch is not worth a word.
    let out = good(at, &nano(&["--steps", "1"]));
    assert!(!out.contains("batches of") && !out.contains("smoothing"), "{out}");
}

#[test]
fn a_model_writes_and_is_scored() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("t.txt"), "Ein Käse, zwei Käse, drei Käse. ".repeat(100)).unwrap();
    let data = ["--steps", "5", "--data", "t.txt", "--tokenizer", "char", "--out", "run"];
    let out = good(folder.path(), &nano(&data));
    assert!(out.contains("char tokenizer"), "{out}");
    let words =
        ["generate", "--checkpoint", "run", "--prompt", "Käse", "--tokens", "30", "--seed", "3"];
    let first = good(folder.path(), &words);
    assert!(first.starts_with("Käse"), "{first}");
    assert_eq!(first, good(folder.path(), &words), "one seed, one text");
    let made = json(&good(folder.path(), &[&words[..], &["--json"]].concat()));
    assert_eq!(made["text"].as_str().unwrap().trim_end(), first.trim_end());
    assert!(made["first_token_ms"].as_f64().unwrap() > 0.0);
    assert!(made["tokens_per_second"].as_f64().unwrap() > 0.0);
    let output = run(folder.path(), &["generate", "--checkpoint", "run", "--prompt", "Ω"]);
    assert!(text(&output.stderr).contains("'Ω'"), "a character it never saw is named");

    let words = ["eval", "--checkpoint", "run", "--data", "t.txt", "--json"];
    let held_out = json(&good(folder.path(), &words));
    let all = json(&good(folder.path(), &[&words[..], &["--part", "all"]].concat()));
    let number = |v: &Value, key: &str| v[key].as_f64().unwrap_or_else(|| panic!("{key}: {v}"));
    assert!(number(&all, "tokens") > 5.0 * number(&held_out, "tokens"));
    // Of 32 characters 3 are two bytes long, so a byte costs a little less than a character.
    let bits = number(&all, "nats_per_token") / std::f64::consts::LN_2;
    assert!(number(&all, "bits_per_byte") < bits && number(&all, "bits_per_byte") > 0.85 * bits);
}

#[test]
fn all_of_a_text_is_scored_token_by_token() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("t.txt"), "abcd efgh ijkl. ".repeat(100)).unwrap();
    let data = ["--steps", "3", "--data", "t.txt", "--tokenizer", "char", "--out", "run"];
    good(at, &nano(&data));
    let tokens = |text: &str, more: &[&str]| {
        fs::write(at.join("other.txt"), text).unwrap();
        let words = ["eval", "--checkpoint", "run", "--data", "other.txt", "--json"];
        let found = json(&good(at, &[&words[..], more].concat()));
        (found["tokens"].as_u64().unwrap(), found["nats_per_token"].as_f64().unwrap())
    };
    // A character is a token. A short text is one short window, a long one ends in one.
    for n in [2, 5, 16, 17, 18, 138, 300] {
        let text: String = "abcd efgh ijkl. ".chars().cycle().take(n).collect();
        for context in ["16", "64"] {
            assert_eq!(tokens(&text, &["--context", context]).0, n as u64 - 1, "{n} at {context}");
        }
    }
    // However many windows are scored at a time, and the whole as the mean of its windows.
    let text: String = "dcba ijkl ".chars().cycle().take(200).collect();
    let (count, all) = tokens(&text, &["--context", "16", "--batch", "1"]);
    let (_, again) = tokens(&text, &["--context", "16", "--batch", "5"]);
    assert!((all - again).abs() < 1e-5, "{all} {again}");
    let windows = (0..199).step_by(16).map(|start| {
        let end = (start + 17).min(200);
        let (count, mean) = tokens(&text[start..end], &["--context", "64"]);
        count as f64 * mean
    });
    let sum: f64 = windows.sum();
    assert_eq!(count, 199);
    assert!((sum / 199.0 - all).abs() < 1e-5, "{} {all}", sum / 199.0);
    common::bad(at, &["eval", "--checkpoint", "run", "--data", "one.txt"], 1, &["--data"]);
    fs::write(at.join("one.txt"), "a").unwrap();
    let says = ["one.txt", "a score needs 2", "(--data)"];
    common::bad(at, &["eval", "--checkpoint", "run", "--data", "one.txt"], 1, &says);
}

#[test]
fn an_edited_text_is_said() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    let line = "abcd efgh ijkl. ".repeat(100);
    fs::write(at.join("t.txt"), &line).unwrap();
    let data = ["--steps", "2", "--data", "t.txt", "--tokenizer", "char", "--out", "run"];
    good(at, &nano(&data));
    let told = |words: &[&str]| {
        let output = run(at, words);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr).contains("was edited since")
    };
    let eval = ["eval", "--checkpoint", "run", "--data", "t.txt"];
    let resume = |steps| ["train", "--resume", "run", "--data", "t.txt", "--steps", steps];
    assert!(!told(&eval) && !told(&resume("3")));
    fs::write(at.join("t.txt"), line.replacen("abcd", "dcba", 1)).unwrap();
    assert!(told(&eval), "its last tenth may have been trained on");
    assert!(told(&resume("4")));
    assert!(!told(&resume("5")) && !told(&eval), "it is the run's own now");
    // Of another text it does not matter.
    fs::write(at.join("other.txt"), &line).unwrap();
    assert!(!told(&["eval", "--checkpoint", "run", "--data", "other.txt"]));
}

#[test]
fn shards_are_read_like_one_file() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    good(at, &nano(&["--steps", "1", "--out", "run"]));
    let file = |name: &str| at.join("run").join(name);
    fs::remove_file(file("trainer.json")).unwrap();
    let words = ["generate", "--checkpoint", "run", "--prompt", "Once", "--tokens", "5"];
    let whole = good(at, &words);
    let shown = good(at, &["inspect", "run"]);
    fs::rename(file("model.safetensors"), file("one.safetensors")).unwrap();
    let listed = json(&good(at, &["inspect", "run/one.safetensors", "--format", "json"]));
    let names = listed["tensors"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap());
    let map: serde_json::Map<String, Value> =
        names.map(|name| (name.into(), "one.safetensors".into())).collect();
    let index = serde_json::json!({"weight_map": map}).to_string();
    fs::write(file("model.safetensors.index.json"), index).unwrap();
    assert_eq!(good(at, &words), whole);
    assert_eq!(good(at, &["inspect", "run"]), shown);
    fs::remove_file(file("one.safetensors")).unwrap();
    for words in [&words[..], &["inspect", "run"]] {
        common::bad(at, words, 1, &["one.safetensors", "missing"]);
    }
}

#[test]
fn a_prompt_as_long_as_the_context_and_longer() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "1", "--out", "run"]));
    let prompt = "Once upon a time ".repeat(40);
    let words = ["generate", "--checkpoint", "run", "--prompt", &prompt, "--tokens", "80"];
    assert!(good(folder.path(), &words).starts_with("Once upon"));
}

#[test]
fn fine_tuning_begins_with_a_checkpoint() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "2", "--out", "first"]));
    fs::write(folder.path().join("t.txt"), "the fox and the bell. ".repeat(300)).unwrap();
    let words = [
        "train",
        "--init",
        "first",
        "--data",
        "t.txt",
        "--steps",
        "2",
        "--batch",
        "2",
        "--context",
        "16",
    ];
    let out = good(folder.path(), &words);
    assert!(folder.path().join("runs/first-tuned-t/model.safetensors").is_file(), "{out}");
    let (a, b) = (folder.path().join("first"), folder.path().join("runs/first-tuned-t"));
    assert_eq!(bytes(&a, "tokenizer.json"), bytes(&b, "tokenizer.json"));
}

#[test]
fn a_model_leaves_its_run_in_half_the_bytes() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    good(at, &nano(&["--steps", "1", "--out", "run"]));
    let said = json(&good(at, &["export", "run", "small", "--dtype", "bf16", "--json"]));
    let size = |path: &str| fs::metadata(at.join(path)).unwrap().len();
    assert_eq!(said["bytes_before"], size("run/model.safetensors"));
    assert_eq!(said["bytes"], size("small/model.safetensors"));
    assert!(size("small/model.safetensors") * 100 < size("run/model.safetensors") * 55);
    assert_eq!(fs::read_dir(at.join("small")).unwrap().count(), 3, "no optimizer's state");
    let config = fs::read_to_string(at.join("small/config.json")).unwrap();
    assert!(config.contains("bfloat16"), "{config}");
    good(at, &["generate", "--checkpoint", "small", "--tokens", "3", "--device", "cpu"]);
    let shown = json(&good(at, &["inspect", "small", "--format", "json"]));
    assert!(shown["tensors"].as_array().unwrap().len() > 20);

    let again = ["export", "run", "small", "--dtype", "f16"];
    common::bad(at, &again, 1, &["small holds model.safetensors", "--force"]);
    assert!(good(at, &[&again[..], &["--force"]].concat()).contains("in f16"));
    common::bad(at, &["export", "small", "small", "--force"], 1, &["itself"]);
    let before =
        [bytes(&at.join("run"), "model.safetensors"), bytes(&at.join("run"), "config.json")];
    common::bad(at, &["export", "small", "run", "--force"], 1, &["holds a run"]);
    common::bad(at, &["export", "run", "run/new/.."], 1, &["without `..`"]);
    let after =
        [bytes(&at.join("run"), "model.safetensors"), bytes(&at.join("run"), "config.json")];
    assert!(before == after && !at.join("run/new").exists());
    fs::create_dir(at.join("app")).unwrap();
    fs::write(at.join("app/config.json"), "mine").unwrap();
    common::bad(at, &["export", "run", "app"], 1, &["app holds config.json"]);
    assert_eq!(bytes(&at.join("app"), "config.json"), b"mine");
    common::bad(at, &["export", "nowhere", "b"], 1, &["nowhere"]);
    common::bad(at, &["export", "run", "b", "--dtype", "i8"], 2, &["i8", "bf16"]);
    assert!(!at.join("b").exists());
}

#[test]
fn a_checkpoint_and_a_graph_can_be_looked_into() {
    let folder = tempdir().unwrap();
    good(folder.path(), &nano(&["--steps", "1", "--out", "run"]));
    let shown = json(&good(folder.path(), &["inspect", "run", "--format", "json"]));
    assert_eq!(shown["config"]["n_embd"], 64);
    assert_eq!(shown["trainer"]["state"]["step"], 1);
    assert!(shown["tensors"].as_array().unwrap().len() > 20);
    assert!(good(folder.path(), &["inspect", "run"]).contains("transformer.wte.weight"));
    assert!(good(folder.path(), &["inspect", "--graph"]).contains("layernorm"));
    assert!(good(folder.path(), &["inspect", "--graph", "--format", "dot"]).starts_with("digraph"));
    assert!(good(folder.path(), &["inspect", "--graph", "--format", "svg"]).starts_with("<svg"));
    json(&good(folder.path(), &["inspect", "--graph", "--format", "json"]));
    json(&good(folder.path(), &["inspect", "--ladders", "--format", "json"]));
    common::bad(folder.path(), &["inspect", "run", "--format", "svg"], 1, &["--graph"]);
}

#[test]
fn the_doctor_reports() {
    let here = Path::new(".");
    let report = json(&good(here, &["doctor", "--json"]));
    let devices = report["devices"].as_array().unwrap();
    let state =
        |machine: &str| devices.iter().find(|d| d["machine"] == machine).unwrap()["state"].clone();
    assert_eq!(state("cpu"), "works");
    for machine in ["cuda", "wgpu"] {
        assert!(["works", "absent"].contains(&state(machine).as_str().unwrap()), "{report:#}");
    }
    assert!(good(here, &["doctor"]).contains("cpu:0"));
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let folder = tempdir().unwrap();
    let mut command = strata(folder.path());
    command.args(nano(&["--steps", "200", "--out", "run"]));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    drop(lines);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{err}");
    assert!(!err.contains("panicked") && !err.contains("error:"), "{err}");
}

/// The same run, once through and once broken off by Ctrl-C and resumed: the same bytes.
#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_resuming_is_exact() {
    let folder = tempdir().unwrap();
    let length = ["--steps", "150", "--dropout", "0.1", "--seed", "7"];
    good(folder.path(), &nano(&[&length[..], &["--out", "whole"]].concat()));

    let mut command = strata(folder.path());
    command.args(nano(&[&length[..], &["--out", "broken"]].concat()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = lines.find(|line| line.as_ref().is_ok_and(|l| l.starts_with("step ")));
    assert!(started.is_some());
    let signal = ["-INT", &child.id().to_string()].map(String::from);
    assert!(std::process::Command::new("kill").args(signal).status().unwrap().success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let rest = rest.join("\n");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("--resume broken"), "{rest}");

    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    assert!(log(&broken).len() < 150, "it was broken off");
    let out = good(folder.path(), &["train", "--resume", "broken"]);
    assert!(out.contains("Going on after step"), "{out}");
    for file in ["model.safetensors", "optimizer.safetensors", "tokenizer.json"] {
        assert!(bytes(&whole, file) == bytes(&broken, file), "{file} differs");
    }
    let steps: Vec<_> = log(&broken).iter().map(|s| s["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=150).collect::<Vec<_>>(), "the log has every step once");
    let end =
        common::bad(folder.path(), &["train", "--resume", "broken"], 1, &["has come to its end"]);
    assert!(end.contains("--steps 300"), "{end}");
    good(folder.path(), &["train", "--resume", "broken", "--steps", "152"]);
}
