//! A device that ends long loops gets no launch that has one: another rung, or an error in words.
use strata_device::{
    Backend, Choice, CpuArgs, Device, Error, Info, Kernel, Ladder, Launch, Layer, Machine, Result,
    Rung, Settings, Signature, many_short, piece,
};

/// The CPU, saying of itself that it ends loops after 1,000 rounds.
#[derive(Debug)]
struct Short {
    inner: Box<dyn Backend>,
    info: Info,
}

impl Layer for Short {
    fn inner(&self) -> &dyn Backend {
        &*self.inner
    }

    fn info(&self) -> &Info {
        &self.info
    }
}

fn device(loop_rounds: u32) -> Device {
    let cpu = Choice { machine: Machine::Cpu, index: None };
    let inner = pollster::block_on(cpu.backend(&Settings::default())).unwrap();
    let mut info = inner.info().clone();
    info.caps.loop_rounds = loop_rounds;
    Device::new(Box::new(Short { inner, info }), Settings::default())
}

fn nothing(_: CpuArgs) {}

static KERNEL: Kernel = Kernel::new("test/loops", "loops", &Signature::NONE).cpu(nothing);

/// Shows itself as an op's arguments do.
struct Args(usize);

impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor(f32 [{}] on cpu:0 (a CPU))", self.0)
    }
}

const fn rung(name: &'static str, plan: fn(&Args, &Device) -> Result<Vec<Launch>>) -> Rung<Args> {
    const KERNELS: &[&Kernel] = &[&KERNEL];
    Rung::new(name, KERNELS, plan)
}

/// Rungs that go round so many times, a ninth, a third.
static LADDER: Ladder<Args> = Ladder {
    op: "test",
    rungs: &[
        rung("1_long", |a, _| Ok(vec![Launch::new(&KERNEL).rounds(a.0)])),
        rung("2_short", |a, _| Ok(vec![Launch::new(&KERNEL).rounds(a.0 / 9)])),
        rung("3_usual", |a, _| Ok(vec![Launch::new(&KERNEL).rounds(a.0 / 3)])),
    ],
};

#[test]
fn a_rung_that_is_too_long_leaves_its_place_to_the_next() {
    let device = device(1000);
    let chosen = |n: usize| LADDER.choose(&Args(n), &device).map(|r| r.name);
    // One round more: the step through the grid.
    assert_eq!(chosen(2999).unwrap(), "3_usual");
    assert_eq!(chosen(3000).unwrap(), "2_short");
    LADDER.run(&Args(8999), &device).unwrap();
    let label = device.info().label();
    let error = LADDER.run(&Args(9000), &device).unwrap_err();
    assert!(matches!(error, Error::TooLong { rounds: 3001, most: 1000, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "test of f32 [9000]: a kernel's loops would go round 3001 times, and {label} ends them \
             after 1000 without a word; use the CPU or a graphics card, or smaller shapes"
        )
    );
}

#[test]
fn a_forced_rung_says_so_and_names_what_would_serve() {
    let device = device(1000).with_rung("test", "1_long");
    assert_eq!(LADDER.choose(&Args(999), &device).unwrap().name, "1_long");
    let error = LADDER.run(&Args(3000), &device).unwrap_err().to_string();
    let label = device.info().label();
    let want = format!(
        "test: rung 1_long does not take f32 [3000] on {label}, which ends loops after 1000 rounds: \
         3001 would be needed; 2_short would serve"
    );
    assert_eq!(error, want);
}

#[test]
fn only_very_many_very_short_rows_are_taken_otherwise() {
    assert!(many_short([1 << 14, 31]) && many_short([1 << 24, 1]));
    assert!(!many_short([1 << 14, 32]) && !many_short([(1 << 14) - 1, 1]));
    // On the processor the highest serves them, too: the lowest would be too long here.
    let device = device(1000);
    LADDER.run_rows(&Args(2999), &device, [1 << 14, 1]).unwrap();
}

#[test]
fn a_launch_of_its_own_is_refused_too() {
    let device = device(1000);
    device.launch(&Launch::new(&KERNEL).rounds(999)).unwrap();
    let error = device.launch(&Launch::new(&KERNEL).rounds(1000)).unwrap_err().to_string();
    assert!(error.starts_with("test/loops:loops: a kernel's loops"), "{error}");
    // Steps through a grid that is full count as often as they are taken.
    let many = 3 * 65_535 * 256;
    assert_eq!(Launch::new(&KERNEL).cover(many, 256).rounds(4).longest(), 15);
    assert_eq!(Launch::new(&KERNEL).spread(65_536, 32).rounds(4).longest(), 10);
    assert_eq!(Launch::new(&KERNEL).rounds(usize::MAX).longest(), usize::MAX);
}

#[test]
fn devices_that_end_no_loops_refuse_none() {
    let device = device(0);
    let huge = Args(1 << 40);
    assert_eq!(LADDER.choose(&huge, &device).unwrap().name, "3_usual");
    LADDER.run(&huge, &device).unwrap();
    assert_eq!(piece(&device, 1 << 40, 64, |n| n), 1 << 40);
}

#[test]
fn long_sums_are_split_where_a_binding_may_begin() {
    let device = device(1000);
    assert_eq!(piece(&device, 900, 64, |n| n), 900);
    for n in [1001, 5000, 65_000, 1 << 40] {
        let piece = piece(&device, n, 64, |n| n);
        assert!(piece <= 1000 && piece % 64 == 0 && piece > 400, "{n}: {piece}");
    }
    assert_eq!(piece(&device, 5000, 64, |_| 2000), 64);
    assert_eq!(piece(&device, 40, 1, |n| 300 * n), 2);
}
