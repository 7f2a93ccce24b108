//! A target that goes wrong in every way there is: so the tests know that each way is seen.

use crate::{Kind, Target, limits, mutate};
use std::hint::black_box;

pub const TARGET: Target = Target {
    name: "faults",
    about: "every fault there is, for this program's own tests",
    kind: Kind::Inside,
    run,
    seeds: || vec![b"fine".to_vec()],
    mutate: mutate::bytes,
    lacks: || None,
    share: 1,
};

fn run(bytes: &[u8]) {
    match bytes {
        b"panic" => panic!("as the input asks"),
        b"thread" => std::thread::scope(|scope| {
            scope.spawn(|| panic!("in another thread"));
        }),
        b"memory" => drop(black_box(vec![1u8; limits::MEMORY + (1 << 20)])),
        b"much" => drop(black_box(vec![1u8; limits::MEMORY / 2])),
        b"stack" => drop(black_box(deep(1))),
        b"abort" => std::process::abort(),
        b"hang" => loop {
            black_box(0);
        },
        _ => {}
    }
}

fn deep(n: u64) -> u64 {
    let room = black_box([n; 64]);
    if black_box(n) == 0 { 0 } else { deep(n + 1) + room[n as usize % 64] }
}
