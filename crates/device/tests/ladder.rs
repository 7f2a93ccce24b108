//! A forced rung that cannot serve says so in words: which, why, and what would.
use strata_device::{
    Buffer, CpuArgs, DType, Device, Error, Kernel, Ladder, Launch, Rung, Settings, Signature,
    kernel,
};

/// Shows itself as an op's arguments do: a tensor, and what no reader wants to see.
#[derive(Debug)]
struct Args {
    _input: Tensor,
    width: usize,
}

struct Tensor;

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tensor(f32 [4, 9] on cpu:0 (a CPU))")
    }
}

fn nothing(_: CpuArgs) {}

static HERE: Kernel = Kernel::new("test/here", "here", &Signature::NONE).cpu(nothing);
static ELSEWHERE: Kernel =
    Kernel::new("test/elsewhere", "elsewhere", &Signature::NONE).cuda("", &[]);

const fn rung(
    name: &'static str,
    kernels: &'static [&'static Kernel],
    accepts: fn(&Args) -> bool,
) -> Rung<Args> {
    Rung::new(name, kernels, |_, _| Ok(Vec::new())).accepts(accepts)
}

static LADDER: Ladder<Args> = Ladder {
    op: "test",
    rungs: &[
        rung("1_naive", &[&HERE], |a| a.width < 9),
        rung("2_wide", &[&HERE], |a| a.width < 99),
        rung("3_card", &[&ELSEWHERE], |_| true),
    ],
};

#[test]
fn a_rung_that_cannot_serve_says_why_and_what_would() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let label = device.info().label();
    let choose = |rung: &str, width: usize| {
        let args = Args { _input: Tensor, width };
        let device = device.with_rung("test", rung);
        LADDER.choose(&args, &device).map(|r| r.name).map_err(|e| e.to_string())
    };
    assert_eq!(choose("1_naive", 8), Ok("1_naive"));
    let says = |rung: &str, width: usize, want: String| assert_eq!(choose(rung, width), Err(want));
    let shapes = format!("does not take f32 [4, 9] on {label}");
    says("1_naive", 9, format!("test: rung 1_naive {shapes}; 2_wide would serve"));
    says("2_wide", 99, format!("test: rung 2_wide {shapes}; none of its rungs would serve"));
    let card = format!("test: rung 3_card has no kernel for {label}");
    says("3_card", 8, format!("{card}; 1_naive, 2_wide would serve"));
    says("4_magic", 8, "test: rung 4_magic does not exist; 1_naive, 2_wide would serve".into());
    let none = LADDER.choose(&Args { _input: Tensor, width: 99 }, &device).err().unwrap();
    assert_eq!(none.to_string(), format!("test has no rung for {label} that takes f32 [4, 9]"));
}

/// A buffer of some dtype.
#[derive(Debug)]
struct Stored(Buffer, DType);

kernel! {
    mod wide {
        bindings { x: read f32 }
        params {}
    }
    static WIDE = "test/wide"(wide) { cpu: takes_wide }
}

kernel! {
    mod narrow {
        bindings { x: read half::bf16 }
        params {}
    }
    static HALF = "test/half"(half) { cpu: takes_half }
}

fn takes_wide(_: wide::Cpu<'_>) {}
fn takes_half(_: narrow::Cpu<'_>) {}

fn launch(kernel: &'static Kernel, a: &Stored) -> Vec<Launch> {
    vec![Launch::new(kernel).bind(&a.0.whole().of(a.1))]
}

#[test]
fn the_kernels_dtypes_choose_among_rungs() {
    static BOTH: Ladder<Stored> = Ladder {
        op: "test",
        rungs: &[
            Rung::new("1_naive", &[&WIDE], |a, _| Ok(launch(&WIDE, a))),
            Rung::new("2_half", &[&HALF], |a, _| Ok(launch(&HALF, a))),
        ],
    };
    static ONE: Ladder<Stored> = Ladder {
        op: "test",
        rungs: &[Rung::new("1_naive", &[&WIDE], |a, _| Ok(launch(&WIDE, a)))],
    };
    let device = Device::open("cpu", Settings::default()).unwrap();
    let stored = |dtype| Stored(device.alloc(64).unwrap(), dtype);
    for (dtype, rung) in [(DType::F32, "1_naive"), (DType::BF16, "2_half")] {
        assert_eq!(BOTH.choose(&stored(dtype), &device).unwrap().name, rung);
        BOTH.run(&stored(dtype), &device).unwrap();
    }
    let says = |ladder: &Ladder<Stored>, dtype| {
        let error = ladder.run(&stored(dtype), &device).unwrap_err();
        assert!(matches!(error, Error::DType { got, .. } if got == dtype), "{error}");
        error
    };
    let unknown = "as `x`: it has no rung for that; convert with `cast`";
    let error = says(&BOTH, DType::F16);
    assert_eq!(error.to_string(), format!("test takes bf16 or f32, got f16 {unknown}"));
    let error = says(&ONE, DType::BF16).named("exp");
    assert_eq!(error.to_string(), format!("exp takes f32, got bf16 {unknown}"));
    // A forced rung is not left for another.
    let forced = device.with_rung("test", "2_half");
    let error = BOTH.run(&stored(DType::F32), &forced).unwrap_err().to_string();
    assert!(
        error.contains("rung 2_half does not take") && error.contains("1_naive would"),
        "{error}"
    );
}
