//! Inputs that were made to do harm: each is answered at once, in words, within bounds, and with
//! nothing in it that a terminal would obey.
mod common;

use common::limits::{assert_sound, limited, refused, watched};
use common::{good, nano, strata};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// What clears a screen, sets a title, turns text around.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\r";

/// A checkpoint of the smallest model, trained on a text in single characters.
fn checkpoint(tokenizer: &str) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("few.txt"), "abc abd\n".repeat(200)).unwrap();
    let words = ["--steps", "1", "--data", "few.txt", "--tokenizer", tokenizer, "--out", "run"];
    good(folder.path(), &nano(&words));
    let run = folder.path().join("run");
    // Without it this is a model of somebody else's, whose files no checksum knows.
    fs::remove_file(run.join("trainer.json")).unwrap();
    (folder, run)
}

fn edit(run: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = run.join(file);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
}

#[test]
fn a_tokenizer_that_cannot_spell_the_text_names_the_character() {
    let (folder, _) = checkpoint("char");
    let at = folder.path();
    fs::create_dir(at.join("texts")).unwrap();
    fs::write(at.join("texts/long.txt"), "abc ".repeat(300) + "Z").unwrap();
    let eval = |data: &str, says: &[&str]| {
        refused(at, &["eval", "--checkpoint", "run", "--data", data], 1, says);
        let words = ["train", "--init", "run", "--steps", "1", "--context", "16", "--data", data];
        refused(at, &[&words[..], &["--out", "next"]].concat(), 1, says);
        assert!(!at.join("next").exists(), "nothing is left behind");
    };
    eval("stories", &["no token for '", "stories need", "--data"]);
    eval("book", &["no token for '"]);
    eval("texts", &["long.txt", "no token for 'Z'", "byte 1200"]);
    eval("texts/long.txt", &["long.txt", "no token for 'Z'", "byte 1200"]);
    let says = ["no token for 'Z'", "byte 1"];
    refused(at, &["generate", "--checkpoint", "run", "--prompt", "aZ"], 1, &says);
    let prompt = format!("a{NASTY}");
    refused(at, &["generate", "--checkpoint", "run", "--prompt", &prompt], 1, &["\\u{1b}"]);
    good(at, &["generate", "--checkpoint", "run", "--prompt", "ab", "--tokens", "3"]);
    good(at, &["eval", "--checkpoint", "run", "--data", "few.txt"]);
}

#[test]
fn damaged_tokenizers_on_every_source() {
    let end = |id: u64, content: &str| json!({"id": id, "content": content, "special": true});
    type Edit = Box<dyn Fn(&mut Value)>;
    let edits: Vec<(&str, Edit)> = vec![
        ("no tokens", Box::new(|t| t["model"]["vocab"] = json!({}))),
        (
            "no control token",
            Box::new(|t| {
                t["added_tokens"] = json!([]);
                t["model"]["vocab"].as_object_mut().unwrap().remove("<|endoftext|>");
            }),
        ),
        ("a giant id", Box::new(|t| t["model"]["vocab"]["zz"] = json!(1 << 24))),
        ("beyond the model", Box::new(|t| t["model"]["vocab"]["q"] = json!(4000))),
        (
            "a control token beyond it",
            Box::new(move |t| t["added_tokens"] = json!([end(4000, NASTY)])),
        ),
        (
            "an alphabet without e",
            Box::new(|t| {
                t["model"]["vocab"].as_object_mut().unwrap().remove("e");
            }),
        ),
        ("a name to fear", Box::new(|t| t["model"]["type"] = json!(NASTY.repeat(100_000)))),
        ("a merge to fear", Box::new(|t| t["model"]["merges"] = json!([NASTY]))),
        ("one id twice", Box::new(|t| t["model"]["vocab"][NASTY] = json!(3))),
        ("no merges", Box::new(|t| t["model"]["merges"] = json!([]))),
        ("a normalizer", Box::new(|t| t["normalizer"] = json!({"type": NASTY}))),
    ];
    for kind in ["char", "bpe"] {
        let (folder, run) = checkpoint(kind);
        let at = folder.path();
        fs::create_dir(at.join("texts")).unwrap();
        fs::write(at.join("texts/some.txt"), "abc abd\n".repeat(40)).unwrap();
        let whole = fs::read(run.join("tokenizer.json")).unwrap();
        for (what, change) in &edits {
            fs::write(run.join("tokenizer.json"), &whole).unwrap();
            edit(&run, "tokenizer.json", change);
            for words in [
                &["eval", "--data", "stories", "--context", "8"][..],
                &["eval", "--data", "few.txt"],
                &["eval", "--data", "texts"],
                &["generate", "--tokens", "4"],
                &["generate", "--tokens", "4", "--prompt", "e abc"],
            ] {
                let words = [words, &["--checkpoint", "run"]].concat();
                let ended = limited(at, &words);
                let whole = format!("{kind}, {what}: {words:?}\n{}\n{}", ended.out, ended.err);
                assert!(matches!(ended.status.code(), Some(0 | 1)), "{whole}");
                let errors = usize::from(ended.status.code() == Some(1));
                assert_eq!(ended.err.matches("error:").count(), errors, "{whole}");
                // What a model writes is raw in a pipe; the rest is not.
                let out = if words[0] == "generate" { String::new() } else { ended.out.clone() };
                assert_sound(&common::limits::Ended { out, ..ended }, &whole);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn special_files_in_place_of_a_text() {
    let (folder, _) = checkpoint("bpe");
    let at = folder.path();
    fifo(&at.join("pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(at.join("socket")).unwrap();
    fs::File::create(at.join("sparse")).unwrap().set_len(1 << 40).unwrap();
    std::os::unix::fs::symlink("circle", at.join("circle")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at.join("link")).unwrap();
    fs::create_dir_all(at.join("empty")).unwrap();
    fifo(&at.join("empty/pipe"));
    std::os::unix::fs::symlink(at, at.join("empty/back")).unwrap();
    let mut cases = vec![
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("link", "a device"),
        ("sparse", "smaller file"),
        ("circle", "circle"),
        ("empty", "no UTF-8 text file"),
        ("few.txt/below", "few.txt/below"),
    ];
    if cfg!(target_os = "linux") {
        cases.extend([("/proc/self/mem", "/proc/self/mem"), ("/proc/kmsg", "/proc/kmsg")]);
    }
    for (data, says) in cases {
        refused(at, &nano(&["--steps", "1", "--data", data, "--out", "next"]), 1, &[says]);
        refused(at, &["eval", "--checkpoint", "run", "--data", data], 1, &[says]);
        assert!(!at.join("next").exists(), "nothing is left behind");
    }
    // Between texts they are passed over.
    fs::write(at.join("empty/text.txt"), "abc abd\n".repeat(200)).unwrap();
    good(at, &["eval", "--checkpoint", "run", "--data", "empty"]);
}

#[test]
fn a_folder_of_very_many_files_is_refused() {
    let (folder, _) = checkpoint("bpe");
    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    let first = many.join("0");
    fs::write(&first, "").unwrap();
    // Links are made quickly; a file has at most some 65,000 of them.
    for i in 1..=100_001 {
        let own = i % 50_000 == 0;
        let made = if own {
            fs::write(many.join(i.to_string()), "")
        } else {
            fs::hard_link(&first, many.join(i.to_string()))
        };
        if made.is_err() {
            fs::write(many.join(i.to_string()), "").unwrap();
        }
    }
    let words = ["eval", "--checkpoint", "run", "--data", "many"];
    refused(folder.path(), &words, 1, &["more than 100000 files", "smaller folder"]);
}

#[cfg(unix)]
fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo makes {}", path.display());
}

#[cfg(unix)]
#[test]
fn results_go_where_a_link_or_a_device_leads() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("far")).unwrap();
    std::os::unix::fs::symlink("far/run.json", at.join("link.json")).unwrap();
    let run = |json: &str| {
        nano(&["--steps", "1", "--force", "--out", "run", "--json", json])
            .into_iter()
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    good(at, &run("link.json"));
    assert!(fs::symlink_metadata(at.join("link.json")).unwrap().is_symlink(), "a link stays one");
    let whole: Value = serde_json::from_slice(&fs::read(at.join("far/run.json")).unwrap()).unwrap();
    assert!(whole.is_object());
    good(at, &run("/dev/null"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    fifo(&at.join("pipe"));
    refused(at, &run("pipe"), 1, &["pipe"]);
    assert!(
        fs::symlink_metadata(at.join("pipe")).unwrap().file_type().is_fifo(),
        "a pipe stays one"
    );
}

#[test]
fn variables_that_make_no_sense_are_said() {
    let (folder, _) = checkpoint("bpe");
    let words = ["generate", "--checkpoint", "run", "--tokens", "2"];
    let run = |name: &str, value: &str| {
        let ended = watched(strata(folder.path()).args(words).env(name, value));
        (ended.status.code(), ended.err)
    };
    for value in ["100000", "1e9", "-1", "abc", "65536", "99999999999999999999", NASTY] {
        let (code, err) = run("RAYON_NUM_THREADS", value);
        assert_eq!(code, Some(0), "{err}");
        assert!(err.contains("warning:") && err.contains("RAYON_NUM_THREADS"), "{value}: {err}");
        assert!(!err.contains(|c: char| c.is_control() && c != '\n'), "{err:?}");
    }
    for value in ["", "0", "1", "3"] {
        let (code, err) = run("RAYON_NUM_THREADS", value);
        assert!(code == Some(0) && !err.contains("RAYON_NUM_THREADS"), "{value}: {err}");
    }
    for value in ["tpu", NASTY, "cpu:9", "wgpu:99999999999999999999", "cuda:-1"] {
        let (code, err) = run("STRATA_DEVICE", value);
        assert_eq!(code, Some(1), "{value}: {err}");
        assert!(!err.contains(|c: char| c.is_control() && c != '\n'), "{err:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_says_how_much_and_which_batch_fits() {
    let folder = tempdir().unwrap();
    let train = "train --preset gpt-nano --steps 1 --out run";
    let within = |words: &str| {
        // Addresses are bounded as memory is on a small computer.
        let line = format!("ulimit -v 900000; exec \"$0\" {train} {words}");
        let program = strata(folder.path()).get_program().to_owned();
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(folder.path()).env("STRATA_DEVICE", "cpu").env("RAYON_NUM_THREADS", "2");
        watched(shell.arg("-c").arg(line).arg(program))
    };
    let ended = within("--batch 1024");
    let said = format!("{}\n{}", ended.out, ended.err);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(ended.err.contains("a batch of 1,024 rows of 64 tokens in f32 needs about"), "{said}");
    let (_, flags) = ended.err.trim_end().rsplit_once(": ").unwrap();
    assert!(flags.starts_with("--batch ") && flags.contains(" --accumulate "), "{said}");
    let ended = within(flags);
    assert_eq!(ended.status.code(), Some(0), "what is advised fits: {}\n{}", ended.out, ended.err);
}

#[test]
fn a_comma_in_a_number_is_no_thousand() {
    let here = Path::new(".");
    let verbs: [(&[&str], &[&str]); 3] = [
        (
            &["train"],
            &[
                "--steps",
                "--minutes",
                "--batch",
                "--context",
                "--lr",
                "--dropout",
                "--weight-decay",
                "--seed",
            ],
        ),
        (
            &["generate", "--checkpoint", "."],
            &["--tokens", "--temperature", "--top-k", "--top-p", "--seed"],
        ),
        (&["eval", "--checkpoint", ".", "--data", "stories"], &["--context", "--batch"]),
    ];
    let wrong = [
        "1,5",
        "1,,5",
        "1_5",
        "1__000",
        "1,000_000",
        "10,00",
        ",100",
        "100,",
        "_1",
        "1'000",
        "1 000",
        "1,000.5",
        "0x10",
        "",
        NASTY,
    ];
    for (verb, flags) in verbs {
        for flag in flags {
            for value in wrong {
                let err = refused(here, &[verb, &[flag, value]].concat(), 2, &[flag]);
                assert!(err.contains("must be"), "{err}");
            }
        }
    }
    // What is meant is understood: the folder is what is wrong then.
    refused(here, &["generate", "--checkpoint", "nowhere", "--tokens", "1,000"], 1, &["nowhere"]);
    refused(here, &["generate", "--checkpoint", "nowhere", "--tokens", "1_000"], 1, &["nowhere"]);
}

/// A file of tensors with names of the caller's.
fn tensors(names: &[&str]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    for (i, name) in names.iter().enumerate() {
        let at = [4 * i, 4 * i + 4];
        header.insert((*name).into(), json!({"dtype": "F32", "shape": [1], "data_offsets": at}));
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.resize(file.len() + 4 * names.len(), 0);
    file
}

#[test]
fn names_of_tensors_and_files_move_no_cursor() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    let long = "x".repeat(1 << 20);
    fs::write(at.join("a.safetensors"), tensors(&[NASTY, "wte\nerror: forged", &long])).unwrap();
    // Colours are what would let a terminal's codes through.
    for colours in [false, true] {
        let mut command = strata(at);
        command.args(["inspect", "a.safetensors"]);
        if colours {
            command.env("CLICOLOR_FORCE", "1");
        }
        let ended = watched(&mut command);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
        assert!(
            ended.out.contains("\\u{1b}[2J") && ended.out.contains("\\u{202e}"),
            "{:?}",
            ended.out
        );
        assert!(ended.out.contains("wte\\nerror: forged") && ended.out.len() < 2000);
        for code in ["\u{1b}[2J", "\u{1b}]", "\u{9b}", "\u{202e}", "\u{7}"] {
            assert!(!ended.out.contains(code), "{:?}", ended.out);
        }
        assert_eq!(ended.out.contains("\u{1b}[1m"), colours, "our own styles: {:?}", ended.out);
    }
    let json = limited(at, &["inspect", "a.safetensors", "--format", "json"]);
    let value: Value = serde_json::from_str(&json.out).unwrap();
    assert!(value["tensors"].as_array().unwrap().iter().any(|t| t["name"] == NASTY));
    assert_sound(&json, "json");
}

#[test]
fn words_on_the_command_line_move_no_cursor() {
    let folder = tempdir().unwrap();
    let at = folder.path();
    let long = "x".repeat(100_000);
    let deep = format!("{NASTY}/{NASTY}");
    for word in [NASTY, &long, &deep] {
        let cases: [(&[&str], i32); 12] = [
            (&[word], 2),
            (&["train", word], 2),
            (&["train", "--preset", word], 2),
            (&["train", "--lr", word], 2),
            (&["train", "--device", word], 2),
            (&["train", "--rung", word], 2),
            (&["train", "--resume", word], 1),
            (&["train", "--init", word], 1),
            (&["train", "--data", word, "--preset", "gpt-nano"], 1),
            (&["generate", "--checkpoint", word], 1),
            (&["inspect", word], 1),
            (&["demo", word], 1),
        ];
        for (words, code) in cases {
            for colours in [false, true] {
                let mut command = strata(at);
                command.args(words);
                if colours {
                    command.env("CLICOLOR_FORCE", "1");
                }
                let ended = watched(&mut command);
                let shown = format!("{:?}: {:?}", &words[..words.len() - 1], ended.err);
                assert_eq!(ended.status.code(), Some(code), "{shown}");
                assert!(ended.err.len() < 5000, "{} bytes: {:?}", ended.err.len(), &words[..1]);
                for code in ["\u{1b}[2J", "\u{1b}]", "\u{9b}", "\u{202e}", "\u{7}", "\r"] {
                    assert!(!ended.err.contains(code), "{shown}");
                }
            }
        }
    }
}
