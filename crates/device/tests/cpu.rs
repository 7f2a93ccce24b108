//! The CPU machine: what would reach outside its memory, or into another's, is an error. The backend is
//! asked directly too, since anybody may do so.
use pollster::block_on;
use std::sync::Arc;
use strata_device::cpu::Cpu;
use strata_device::{Backend, Binding, DType, Device, Error, Launch, Memory, Settings, kernel};

kernel! {
    mod twice {
        bindings { x: read f32, y: write f32 }
        params {}
    }
    static DOUBLE = "test/1_double"(double) { cpu: double }
}

fn double(twice::Cpu { x, y, .. }: twice::Cpu<'_>) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = 2.0 * x);
}

kernel! {
    mod sized {
        bindings { x: read f32, y: write f32 }
        params { n: usize, shape: [usize; 4] }
    }
    static SIZED = "test/1_sized"(sized) { cpu: sized }
}

fn sized(sized::Cpu { x, y, params, .. }: sized::Cpu<'_>) {
    assert_eq!(params.shape, [1, 2, 3, params.n]);
    y.copy_from_slice(x);
}

fn memory(cpu: &Cpu, bytes: usize) -> Arc<Memory> {
    Arc::new(cpu.allocate(bytes).unwrap())
}

fn bind(bindings: &[(&Arc<Memory>, usize, usize)]) -> Launch {
    let mut launch = Launch::new(&DOUBLE);
    launch.bindings.extend(bindings.iter().map(|&(memory, offset, bytes)| Binding {
        memory: memory.clone(),
        offset,
        bytes,
        dtype: None,
    }));
    launch
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, words: &str) {
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains(words), "{error:?} does not say {words:?}");
}

#[test]
fn memory_of_another_instance_is_refused_everywhere() {
    let (ours, theirs) = (Cpu::new(), Cpu::new());
    let (a, b) = (memory(&ours, 256), memory(&theirs, 256));
    let says = "another device";
    refused(ours.write(&b, 0, &[0; 4]), says);
    refused(block_on(ours.read(&b, 0, 4)), says);
    for launch in [bind(&[(&a, 0, 4), (&b, 0, 4)]), bind(&[(&b, 0, 4), (&a, 0, 4)])] {
        refused(ours.launch(&launch), says);
        refused(ours.time(&launch), says);
    }
    // A recording is made of launches, and each is looked at again.
    theirs.begin_recording().unwrap();
    theirs.launch(&bind(&[(&b, 0, 4), (&memory(&theirs, 256), 0, 4)])).unwrap();
    let recording = theirs.end_recording().unwrap();
    refused(ours.replay(&recording), says);
    theirs.replay(&recording).unwrap();
}

#[test]
fn devices_of_one_kind_are_told_apart() {
    let open = || Device::open("cpu", Settings::default()).unwrap();
    let (ours, theirs) = (open(), open());
    let (a, b) = (ours.alloc(256).unwrap(), theirs.alloc(256).unwrap());
    let launch = DOUBLE.launch(twice::Bindings { x: a.whole(), y: b.whole() }, twice::Params {});
    refused(ours.launch(&launch), "to_device");
    refused(theirs.launch(&launch), "to_device");
    let ((), recording) = ours.record(|| ours.alloc(256).map(drop)).unwrap();
    refused(theirs.replay(&recording), "another device");
}

/// Two threads, two devices, one block: what the locks could not keep apart.
#[test]
fn two_instances_cannot_write_one_block() {
    let (ours, theirs) = (Cpu::new(), Cpu::new());
    let block = memory(&ours, 1 << 16);
    let write = |cpu: &Cpu, byte: u8| {
        (0..200).filter(|_| cpu.write(&block, 0, &[byte; 1 << 16]).is_ok()).count()
    };
    std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(|| write(&ours, 1)), scope.spawn(|| write(&theirs, 2)));
        assert_eq!((a.join().unwrap(), b.join().unwrap()), (200, 0));
    });
    let bytes = block_on(ours.read(&block, 0, 1 << 16)).unwrap();
    assert!(bytes.iter().all(|&b| b == 1));
}

#[test]
fn ranges_that_wrap_around_are_outside() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let (a, b) = (device.alloc(512).unwrap(), device.alloc(512).unwrap());
    let far = usize::MAX - 255;
    for (offset, bytes) in [(far, 256), (far, 512), (0, usize::MAX), (256, usize::MAX - 255)] {
        let launch = DOUBLE
            .launch(twice::Bindings { x: a.slice(offset, bytes), y: b.whole() }, twice::Params {});
        refused(device.launch(&launch), "of a buffer of 512");
        let launch = DOUBLE
            .launch(twice::Bindings { x: a.whole(), y: b.slice(offset, bytes) }, twice::Params {});
        refused(device.launch(&launch), "of a buffer of 512");
        refused(device.time(&launch), "of a buffer of 512");
    }
    refused(a.read_blocking(far, 256), "outside a buffer");
    refused(a.read_blocking(4, usize::MAX), "outside a buffer");
    refused(a.write(far, &[0; 256]), "outside a buffer");
}

#[test]
fn a_backend_checks_for_itself() {
    let cpu = Cpu::new();
    let (a, b) = (memory(&cpu, 512), memory(&cpu, 512));
    for (offset, bytes) in [(256, 512), (512, 4), (4, 4), (0, 0), (usize::MAX - 255, 256)] {
        refused(cpu.launch(&bind(&[(&a, offset, bytes), (&b, 0, 512)])), "binding 0");
        refused(cpu.launch(&bind(&[(&a, 0, 512), (&b, offset, bytes)])), "binding 1");
    }
    refused(cpu.launch(&bind(&[(&a, 0, 4)])), "takes 2 buffers");
    refused(cpu.launch(&bind(&[(&a, 0, 4), (&b, 0, 4), (&b, 256, 4)])), "takes 2 buffers");
    // One block, read and written.
    refused(cpu.launch(&bind(&[(&a, 0, 256), (&a, 256, 256)])), "show one buffer");
    for (offset, bytes) in [(512, 4), (0, 513), (usize::MAX, 2), (510, 4)] {
        refused(cpu.write(&a, offset, &vec![0; bytes.min(1024)]), "outside a buffer");
        refused(block_on(cpu.read(&a, offset, bytes)), "outside a buffer");
    }
    cpu.launch(&bind(&[(&a, 0, 512), (&b, 0, 512)])).unwrap();
}

#[test]
fn numbers_that_32_bits_do_not_hold_are_refused_not_cut_off() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let (a, b) = (device.alloc(4).unwrap(), device.alloc(4).unwrap());
    let with = |n: usize, last: usize| {
        let bindings = sized::Bindings { x: a.whole(), y: b.whole() };
        SIZED.launch(bindings, sized::Params { n, shape: [1, 2, 3, last] })
    };
    let launch = || with(4, 4);
    let big = (1usize << 32) + 1;
    for launch in
        [with(big, 4), with(4, big), launch().grid(1, big, 1), launch().grid(usize::MAX, 1, 1)]
    {
        refused(device.launch(&launch), "32 bits");
    }
    // A product of threads that wraps around to few.
    refused(device.launch(&launch().block(1 << 22, 1 << 22, 1 << 20)), "workgroup");
    let most = u32::MAX as usize;
    device.launch(&with(most, most)).unwrap();
}

#[test]
fn a_launch_that_is_not_what_its_kernel_declares_is_refused() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let (a, b) = (device.alloc(4).unwrap(), device.alloc(4).unwrap());
    let twice = |x, y| DOUBLE.launch(twice::Bindings { x, y }, twice::Params {});
    // As a kernel that takes the same buffers but other params.
    let other = SIZED.launch(
        sized::Bindings { x: a.whole(), y: b.whole() },
        sized::Params { n: 4, shape: [1, 2, 3, 4] },
    );
    refused(device.launch(&Launch { kernel: &DOUBLE, ..other.clone() }), "takes other things");
    let mut short = other;
    short.params.pop();
    refused(device.launch(&short), "params have 5 words, 4 were given");
    let integers = twice(a.whole().of(DType::I32), b.whole());
    refused(device.launch(&integers), "`x` is declared as f32, i32 was bound");
    let halves = twice(a.whole(), b.whole().of(DType::BF16));
    refused(device.launch(&halves), "`y` is declared as f32, bf16 was bound");
    device.launch(&twice(a.whole().of(DType::F32), b.whole())).unwrap();
}

#[test]
fn more_memory_than_there_is_is_an_error() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    for bytes in [1 << 46, 1 << 60, usize::MAX / 2, usize::MAX - 300, usize::MAX] {
        match device.alloc(bytes) {
            Err(Error::OutOfMemory { bytes: asked, .. } | Error::TooLarge { bytes: asked, .. }) => {
                assert!(asked >= bytes)
            }
            other => panic!("{bytes} bytes: {other:?}"),
        }
    }
    device.alloc(1 << 20).unwrap();
}
