//! Readers' kernels where they run: in front of ours, and as answers that are judged.

use super::{OUTSIDE, command};
use crate::targets::kernel_words;
use crate::{Pack, Random, Target, mutate, seeds};

pub fn targets() -> Vec<Target> {
    vec![Target {
        name: "kernels",
        about: "WGSL and CUDA files of a reader, by --kernels and as answers to exercises",
        run: command::run,
        seeds: good,
        mutate: damage,
        lacks: || command::lacks().or_else(no_adapter),
        ..OUTSIDE
    }]
}

fn no_adapter() -> Option<String> {
    use strata_ml::device::{Machine, devices};
    let found = pollster::block_on(devices());
    let wgpu = found.into_iter().find(|found| found.machine == Machine::Wgpu);
    wgpu.and_then(|found| found.info.err()).map(|error| error.to_string())
}

/// A verb, the kernel that stands in front of ours, and where it lies in the tree.
const OWN: [(&str, &str, &str); 8] = [
    ("demo 04 --device wgpu --kernels own", "own/gelu/1_naive.wgsl", "shaders/gelu/1_naive.wgsl"),
    (
        "demo 06 --device wgpu --kernels own",
        "own/softmax/2_online.wgsl",
        "shaders/softmax/2_online.wgsl",
    ),
    (
        "demo 03 --device wgpu --kernels own",
        "own/matmul/3_tiled.wgsl",
        "shaders/matmul/3_tiled.wgsl",
    ),
    ("check ex03 tiled", "ex03-matmul/shaders/matmul/3_tiled.wgsl", "solutions/"),
    ("check ex03 tiled", "ex03-matmul/kernels/matmul/3_tiled.cu", "solutions/"),
    ("check ex01 saxpy", "ex01-tensor/shaders/saxpy/1_grid_stride.wgsl", "solutions/"),
    ("check ex01 tree", "ex01-tensor/shaders/reduce/2_tree.wgsl", "solutions/"),
    ("check ex04 swiglu", "ex04-gelu/shaders/swiglu/1_fused.wgsl", "solutions/"),
];

fn good() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (line, name, file) in OWN {
        let from = if file.ends_with('/') { format!("{file}{name}") } else { file.to_string() };
        let text = seeds::file(&from);
        if text.is_empty() {
            continue;
        }
        let home = format!("version = \"0.1.0\"\nclone = {:?}\n\n[generated]\n", seeds::root());
        let pack = Pack::default().with("argv", line.replace(' ', "\n")).with(name, text);
        all.push(pack.with(strata_grader::home::FILE, home).bytes());
    }
    all
}

fn damage(data: &mut Vec<u8>, random: &mut Random) {
    let mut pack = Pack::parse(data);
    for (name, content) in &mut pack.files {
        match name.rsplit('.').next() {
            Some("wgsl") => mutate::text(content, random, &kernel_words::WGSL),
            Some("cu") => mutate::text(content, random, &kernel_words::CUDA),
            _ => {}
        }
    }
    *data = pack.bytes();
}
