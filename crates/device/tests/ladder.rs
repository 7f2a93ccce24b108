//! A forced rung that cannot serve says so in words: which, why, and what would.
use strata_device::{CpuArgs, Device, Kernel, Ladder, Rung, Settings, Signature};

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
