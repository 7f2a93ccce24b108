//! Every verb's flags, with values that nobody means.

use super::{OUTSIDE, command};
use crate::targets::tiny;
use crate::{Pack, Random, Target, mutate};

pub fn targets() -> Vec<Target> {
    vec![Target {
        name: "flags",
        about: "command lines of every verb",
        run: command::run,
        seeds: good,
        mutate: damage,
        ..OUTSIDE
    }]
}

/// Command lines that are right; `ckpt` is a checkpoint, `a.txt` a text.
const GOOD: [&str; 35] = [
    "train --preset gpt-nano --steps 2 --batch 2 --context 8 --data a.txt --tokenizer char --out run --device cpu",
    "train --preset gpt-nano --steps 1 --batch 1 --lr 1e-3 --schedule wsd --dropout 0.1 --weight-decay 0.1 --seed 7 --data stories --out run --device cpu --json out.json",
    "train --resume ckpt --steps 4 --device cpu --data a.txt",
    "train --init ckpt --data a.txt --steps 2 --batch 2 --context 8 --out run --device cpu",
    "train --preset gpt-nano --minutes 0.01 --data folder --out run --force --device cpu",
    "train --preset gpt-nano --steps 1 --save-every 1 --out run --device cpu --data a.txt",
    "generate --checkpoint ckpt --prompt the --tokens 3 --temperature 0.7 --top-k 5 --top-p 0.9 --seed 3 --device cpu",
    "generate --checkpoint ckpt --tokens 4 --json --device cpu",
    "eval --checkpoint ckpt --data a.txt --context 8 --batch 2 --part all --device cpu",
    "eval --checkpoint ckpt --data a.txt --part held-out --json --device cpu",
    "inspect ckpt",
    "export ckpt out --dtype bf16 --json --force",
    "inspect ckpt --format json",
    "inspect ckpt/model.safetensors",
    "inspect --graph --preset gpt-nano --format svg --device cpu",
    "inspect --ladders --format json",
    "demo",
    "demo 02 --device cpu",
    "demo --json",
    "demo matmul --device cpu --rung matmul=1_naive",
    "list",
    "list ex03 --json",
    "next",
    "hint ex03 tiled",
    "diff ex03 tiled",
    "reset ex03 tiled",
    "reveal ex03 tiled",
    "progress",
    "check ex03 tiled",
    "exercises init own",
    "exercises sync --check",
    "doctor --json",
    "bench --help",
    "book --help",
    "fuzz --help",
];

/// Flags of any verb.
const FLAGS: [&str; 46] = [
    "--preset",
    "--steps",
    "--minutes",
    "--batch",
    "--context",
    "--lr",
    "--schedule",
    "--dropout",
    "--weight-decay",
    "--seed",
    "--data",
    "--tokenizer",
    "--out",
    "--force",
    "--resume",
    "--init",
    "--json",
    "--mine",
    "--device",
    "--kernels",
    "--precision",
    "--dtype",
    "--rung",
    "--checkpoint",
    "--prompt",
    "--tokens",
    "--temperature",
    "--top-k",
    "--top-p",
    "--part",
    "--format",
    "--graph",
    "--ladders",
    "--op",
    "--help",
    "--version",
    "--save-every",
    "--all",
    "--check",
    "--port",
    "--quick",
    "--ladder",
    "--filter",
    "--yes",
    "--",
    "-",
];

/// Values that are at the edge, or beyond it.
const VALUES: [&str; 48] = [
    "1,5",
    "1,,5",
    "1_000",
    "_1",
    ",",
    "1e3",
    "0x10",
    "٣",
    "²",
    "1/2",
    "+5",
    " 5",
    "5 ",
    "NaN",
    "-inf",
    "1e-400",
    "18446744073709551616",
    "99999999999999999999999999999",
    "0.95000001",
    "wgpu",
    "wgpu:99999999999",
    "cuda:-1",
    "cpu:0",
    "CPU",
    "bf16",
    "FP16",
    "matmul=1_naive",
    "matmul=",
    "=x",
    "=",
    "matmul=1_naive=2",
    "/dev/zero",
    "pipe",
    "loop",
    "null",
    "folder",
    "empty",
    "ckpt",
    "a.txt",
    "none",
    "b.bin",
    "ckpt/config.json",
    "ckpt/model.safetensors",
    ".",
    "\u{1b}[31m",
    "\u{9b}2J",
    "é\u{301}\u{202e}",
    "%n%s",
];

const VARIABLES: [&str; 18] = [
    "RAYON_NUM_THREADS=100000",
    "RAYON_NUM_THREADS=-1",
    "RAYON_NUM_THREADS=0",
    "RAYON_NUM_THREADS=99999999999999999999",
    "STRATA_TIME_LIMIT=18446744073709551615",
    "STRATA_TIME_LIMIT=-1",
    "STRATA_TIME_LIMIT=1e9",
    "STRATA_MEMORY_LIMIT=0",
    "STRATA_MEMORY_LIMIT=18446744073709551615",
    "STRATA_DEVICE=",
    "STRATA_DEVICE=wgpu:999",
    "STRATA_DEVICE=\u{1b}[2J",
    "STRATA_PRECISION=bf16",
    "STRATA_PRECISION=\u{1b}[2J",
    "STRATA_NVRTC=pipe",
    "STRATA_NVRTC=/dev/zero",
    "NO_COLOR=",
    "COLUMNS=99999999999",
];

/// What lies beside every command line.
pub fn surroundings() -> Pack {
    let mut pack = Pack::default()
        .with("a.txt", "the cat and the hat sat on the mat. ".repeat(6))
        .with("b.bin", vec![0xff, 0xfe, 0, 1, 2])
        .with("empty", "")
        .with("folder/a.txt", "one text, and one more text of it. ".repeat(4))
        .with("pipe:pipe", "")
        .with("link:loop", "loop")
        .with("link:null", "/dev/null");
    for (name, content) in tiny().files {
        pack = pack.with(&format!("ckpt/{name}"), content);
    }
    pack
}

fn good() -> Vec<Vec<u8>> {
    let argv = |line: &&str| line.replace(' ', "\n");
    GOOD.iter().map(|line| surroundings().with("argv", argv(line)).bytes()).collect()
}

fn damage(data: &mut Vec<u8>, random: &mut Random) {
    let mut pack = Pack::parse(data);
    if let Some((_, argv)) = pack.files.iter_mut().find(|(name, _)| name == "argv") {
        let text = String::from_utf8_lossy(argv).into_owned();
        let mut words: Vec<String> = text.lines().map(str::to_string).collect();
        change(&mut words, random);
        *argv = words.join("\n").into_bytes();
    }
    *data = pack.bytes();
}

/// Changes a command line.
fn change(words: &mut Vec<String>, random: &mut Random) {
    let at = random.below(words.len());
    let value = match random.below(3) {
        0 => random.pick(&mutate::NUMBERS),
        1 => random.pick(&mutate::WORDS),
        _ => random.pick(&VALUES),
    };
    // A line is a word.
    let value = value.replace(['\n', '\r', '\0'], "");
    let values: Vec<usize> = (1..words.len()).filter(|&i| !words[i].starts_with("--")).collect();
    match random.below(12) {
        0..5 if !values.is_empty() => words[values[random.below(values.len())]] = value,
        5 => words.insert((at + 1).min(words.len()), random.pick(&FLAGS).to_string()),
        6 => {
            let at = (at + 1).min(words.len());
            words.splice(at..at, [random.pick(&FLAGS).to_string(), value]);
        }
        7 if words.len() > 1 => drop(words.remove(at)),
        8 => words.insert(0, random.pick(&VARIABLES).to_string()),
        9 if !words.is_empty() => words.insert(at, words[at].clone()),
        10 => words.push(format!("{}={value}", random.pick(&FLAGS))),
        _ => words.push(value.repeat(1 + random.below(3_000))),
    }
}
