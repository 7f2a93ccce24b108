//! What does a thing cost that is twice as large? Time and memory of ops, of the tape, of texts,
//! tokenizers, checkpoints and the grader's reading, at n, 2n and 4n:
//!
//!     cargo bench --profile dev --bench growth [-- NAME]
//!
//! Each doubling may cost 2.5 times as much. Every size runs in a process of its own, on the CPU
//! device, and counts processor time, so that other programs at work do little harm; a case that
//! fails is measured twice more before it is believed.

mod measure;
mod ops;
mod texts;

use measure::{Measured, measured};
use std::process::ExitCode;

/// A doubling may cost so much.
const FACTOR: f64 = 2.5;
/// Below these, a difference is the machine's: seconds and bytes.
const NOISE: (f64, f64) = (0.004, 6e6);

/// What runs again and again at one size; what it needs is made before.
type Work = Box<dyn FnMut()>;

/// Something whose cost should grow with its size.
struct Case {
    name: &'static str,
    /// The smallest of the three sizes.
    n: usize,
    make: fn(usize) -> Work,
}

fn main() -> ExitCode {
    let cases: Vec<Case> = ops::cases().into_iter().chain(texts::cases()).collect();
    // `cargo bench` adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [one, name, n] = &words[..]
        && one == "--one"
    {
        let case = cases.iter().find(|case| case.name == name).expect("a case");
        measure::here((case.make)(n.parse().expect("a size")));
        return ExitCode::SUCCESS;
    }
    if !measure::MEMORY {
        println!("SKIPPED: memory: this system does not tell a process its peak");
    }
    println!("{:34} {:>9} {:>9} {:>6} {:>6} {:>9} {:>6}", "", "n", "ms", "2n", "4n", "MB", "4n");
    let chosen = |case: &&Case| words.first().is_none_or(|word| case.name.contains(word.as_str()));
    let mut wrong = Vec::new();
    for case in cases.iter().filter(chosen) {
        let mut grown = grow(case);
        for _ in 0..2 {
            if grown.steep() && !grown.broken() {
                grown = grown.better(grow(case));
            }
        }
        grown.print(case);
        if grown.steep() {
            wrong.push(case.name);
        }
    }
    if wrong.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\na doubling costs more than {FACTOR} times as much: {}", wrong.join(", "));
    ExitCode::FAILURE
}

/// A case at three sizes.
struct Grown([Measured; 3]);

fn grow(case: &Case) -> Grown {
    Grown([1, 2, 4].map(|times| measured(case.name, case.n * times)))
}

impl Grown {
    /// Whether a quarter of the largest cost is more than two doublings allow.
    fn steep(&self) -> bool {
        let Grown([one, _, four]) = self;
        self.broken()
            || four.seconds > FACTOR * FACTOR * one.seconds + NOISE.0
            || four.bytes > FACTOR * FACTOR * one.bytes + NOISE.1
    }

    /// What broke off has no cost.
    fn broken(&self) -> bool {
        self.0.iter().any(|measured| !measured.seconds.is_finite())
    }

    /// The least of two tries at each size.
    fn better(self, other: Grown) -> Grown {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Grown([a.least(x), b.least(y), c.least(z)])
    }

    fn print(&self, case: &Case) {
        let Grown([one, two, four]) = self;
        let over = |a: f64, b: f64| if b > 0.0 { format!("{:.1}", a / b) } else { "-".into() };
        println!(
            "{:34} {:>9} {:>9.2} {:>6} {:>6} {:>9.1} {:>6}",
            case.name,
            case.n,
            one.seconds * 1e3,
            over(two.seconds, one.seconds),
            over(four.seconds, one.seconds),
            four.bytes / 1e6,
            over(four.bytes, one.bytes),
        );
    }
}
