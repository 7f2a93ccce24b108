//! The notes themselves: off by default, nested, and off again whatever happens.
use std::panic::{AssertUnwindSafe, catch_unwind};
use strata_device::trace::{self, Traced};
use strata_device::{Buffer, Device, Launch, Settings, kernel};

kernel! {
    mod twice {
        bindings { from: read f32, to: write f32 }
        params {}
    }
    static DOUBLE = "test/double"(double) { cpu: double }
}

fn double(twice::Cpu { from, to, .. }: twice::Cpu<'_>) {
    to.iter_mut().zip(from).for_each(|(to, x)| *to += 2.0 * x);
}

/// Enough to take a time that every clock can see.
const BYTES: usize = 1 << 18;

struct Bench {
    device: Device,
    from: Buffer,
    to: Buffer,
}

impl Bench {
    fn new() -> Self {
        let device = Device::open("cpu", Settings::default()).unwrap();
        let (from, to) = (device.alloc(BYTES).unwrap(), device.alloc(BYTES).unwrap());
        from.write(0, bytemuck::cast_slice(&vec![1.5f32; BYTES / 4])).unwrap();
        to.write(0, &vec![0; BYTES]).unwrap();
        Bench { device, from, to }
    }

    fn launch(&self) {
        let launch = DOUBLE.launch(
            twice::Bindings { from: self.from.whole(), to: self.to.whole() },
            twice::Params {},
        );
        self.device.launch(&launch.cost(4.0, 32.0)).unwrap();
    }

    fn result(&self) -> Vec<u8> {
        self.to.read_blocking(0, BYTES).unwrap()
    }
}

#[test]
fn nothing_is_noted_unless_asked_for() {
    let bench = Bench::new();
    bench.launch();
    assert!(!trace::is_on() && trace::drain().is_empty());
    assert!(trace::on(trace::drain).is_empty(), "launches from before are not in a trace");
}

#[test]
fn notes_are_taken_once_and_nest() {
    let bench = Bench::new();
    trace::on(|| {
        bench.launch();
        trace::on(|| bench.launch());
        assert!(trace::is_on(), "the inner end is not the outer one's");
        bench.launch();
        assert_eq!(trace::drain().len(), 3);
        assert!(trace::drain().is_empty());
        bench.launch();
    });
    assert!(!trace::is_on() && trace::drain().is_empty());
    // The one that nobody took is forgotten.
    assert!(trace::on(trace::drain).is_empty());
}

#[test]
fn a_panic_switches_it_off() {
    let bench = Bench::new();
    let end = catch_unwind(AssertUnwindSafe(|| {
        trace::on(|| {
            bench.launch();
            panic!("on purpose");
        })
    }));
    assert!(end.is_err() && !trace::is_on());
    assert!(trace::on(trace::drain).is_empty());
}

#[test]
fn other_threads_and_failed_launches_leave_no_notes() {
    let bench = Bench::new();
    let notes = trace::on(|| {
        std::thread::scope(|s| {
            s.spawn(|| bench.launch());
        });
        let unbound = Launch::new(&DOUBLE).bind(&bench.from.whole());
        assert!(bench.device.launch(&unbound).is_err());
        trace::drain()
    });
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn a_note_can_be_timed_again_and_again_and_disturbs_nothing() {
    fn shared<T: Send + Sync>(_: &T) {}
    let bench = Bench::new();
    let notes: Vec<Traced> = trace::on(|| {
        bench.launch();
        trace::drain()
    });
    shared(&notes);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(note.launch().cost.flops, 4.0);
    assert!(note.device().same(&bench.device));
    let before = bench.result();
    for _ in 0..2 {
        assert!(!note.time().unwrap().is_zero());
    }
    assert_eq!(bench.result(), before);
    // Timing leaves no notes of its own.
    let mine = trace::on(|| {
        note.time().unwrap();
        trace::drain()
    });
    assert!(mine.is_empty());
    // Its buffers may be gone: the note keeps the memory.
    let Bench { device, from, to } = bench;
    drop((from, to));
    // First with that memory in the device's cache, where what the kernel writes must not go.
    assert!(!note.time().unwrap().is_zero());
    device.trim();
    assert!(!note.time().unwrap().is_zero());
}
