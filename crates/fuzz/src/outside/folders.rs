//! Verbs on damaged checkpoints, and on folders with pipes, links, holes and folders where files are
//! wanted.

use super::{OUTSIDE, command, flags::surroundings};
use crate::{Pack, Random, Target, mutate};

pub fn targets() -> Vec<Target> {
    vec![Target {
        name: "folders",
        about: "generate, eval, inspect, train --resume and --init on damaged folders and special files",
        run: command::run,
        seeds: good,
        mutate: damage,
        share: 6,
        ..OUTSIDE
    }]
}

const LINES: [&str; 10] = [
    "generate --checkpoint ckpt --tokens 3 --device cpu",
    "generate --checkpoint ckpt --tokens 3 --json --prompt the --device cpu",
    "eval --checkpoint ckpt --data a.txt --device cpu",
    "eval --checkpoint ckpt --data stories --batch 64 --device cpu",
    "inspect ckpt",
    "export ckpt out --dtype f16",
    "inspect ckpt --format json",
    "train --resume ckpt --minutes 0.005 --device cpu --data a.txt",
    "train --resume ckpt --minutes 0.005 --device cpu",
    "train --init ckpt --data a.txt --steps 2 --batch 2 --out run --json out.json --device cpu",
];

fn good() -> Vec<Vec<u8>> {
    let log = "{\"step\":1,\"loss\":5.5,\"floor\":null,\"lr\":0.001,\"norm\":1.0,\"tokens_per_second\":9.0,\"seconds\":0.1,\"validation\":null,\"validation_floor\":null}\n";
    let pack = |line: &&str| {
        let pack = surroundings().with("ckpt/log.jsonl", log).with("argv", line.replace(' ', "\n"));
        pack.bytes()
    };
    LINES.iter().map(pack).collect()
}

/// What can stand where a file is wanted.
const SPECIAL: [(&str, &str); 7] = [
    ("pipe:", ""),
    ("link:", "/dev/zero"),
    ("link:", "/dev/null"),
    ("link:", "nowhere"),
    ("link:", "."),
    ("folder:", ""),
    ("sparse:", "4000000000000"),
];

fn damage(data: &mut Vec<u8>, random: &mut Random) {
    let mut pack = Pack::parse(data);
    let ours = |name: &str| name.starts_with("ckpt/") || name.contains(":ckpt/");
    if random.once_in(4) {
        special(&mut pack, random);
        return *data = pack.bytes();
    }
    // The checkpoint's own files, as a pack of their own: what is known of one is known here.
    let mut inner = Pack::default();
    for (name, content) in pack.files.iter().filter(|(name, _)| ours(name)) {
        inner = inner.with(name.trim_start_matches("ckpt/"), content.clone());
    }
    let mut bytes = inner.bytes();
    mutate::pack(&mut bytes, random, &mutate::WORDS);
    if !random.once_in(5) {
        mutate::sign(&mut bytes);
    }
    pack.files.retain(|(name, _)| !ours(name));
    for (name, content) in Pack::parse(&bytes).files {
        let name = if name.contains(':') { name } else { format!("ckpt/{name}") };
        pack.files.push((name, content));
    }
    *data = pack.bytes();
}

/// Puts something special in the place of a file, or where one will be written.
fn special(pack: &mut Pack, random: &mut Random) {
    let written = [
        "ckpt/log.jsonl",
        "ckpt/loss.svg",
        "out.json",
        "run",
        "run/log.jsonl",
        "ckpt/.strata.lock",
        "ckpt/.commit",
        "ckpt/model.safetensors",
    ];
    let (kind, content) = SPECIAL[random.below(SPECIAL.len())];
    let files: Vec<usize> = (0..pack.files.len()).filter(|&i| pack.files[i].0 != "argv").collect();
    if random.once_in(2) || files.is_empty() {
        let name = format!("{kind}{}", random.pick(&written));
        pack.files.push((name, content.into()));
    } else {
        let (name, old) = &mut pack.files[files[random.below(files.len())]];
        let plain = name.rsplit(':').next().unwrap_or_default().to_string();
        *name = format!("{kind}{plain}");
        *old = content.into();
    }
}
