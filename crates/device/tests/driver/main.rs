//! The CUDA machine against a driver that is not there: `fake.c` holds every call against the rules of
//! `cuda.h`, and tells what is still alive in the end. It is compiled and put before the real one in a
//! process of its own, since a driver is loaded once.
#![cfg(all(feature = "cuda", target_os = "linux"))]
use pollster::block_on;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use strata_device::cuda::Cuda;
use strata_device::testing::skip;
use strata_device::{Backend, Buffer, Device, Error, Launch, Settings, kernel};

/// Compiles the fake; its folder, or `None` where there is no C compiler.
fn fake(name: &str, flags: &[&str]) -> Option<PathBuf> {
    let folder = std::env::temp_dir().join(format!("strata-fake-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver/fake.c");
    let library = folder.join("libcuda.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-pthread"])
        .args(flags)
        .arg("-o")
        .args([&library, &source])
        .output();
    match compiled {
        Err(error) => {
            skip("cc", &format!("the CUDA driver cannot be faked: {error}"));
            return None;
        }
        Ok(output) => {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{log}");
        }
    }
    std::fs::copy(&library, folder.join("libnvrtc.so.13")).unwrap();
    Some(folder)
}

/// Runs [`child`] before a fake driver: it must end well, with no rule broken, and nothing left alive
/// unless the driver failed.
fn run(name: &str, flags: &[&str], environment: &[(&str, &str)], failing: bool) {
    let Some(folder) = fake(name, flags) else { return };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env("LD_LIBRARY_PATH", &folder)
        .env("STRATA_NVRTC", folder.join("libnvrtc.so.13"))
        .env("XDG_CACHE_HOME", &folder)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {}\n{said}{shown}", output.status);
    assert!(shown.contains("1 passed"), "{name}: {shown}");
    assert!(!said.contains("BROKEN") && (failing || !said.contains("ALIVE")), "{name}: {said}");
}

#[test]
fn every_call_keeps_the_rules_and_nothing_is_left() {
    run("now", &[], &[], false);
}

#[test]
fn a_driver_that_does_not_tell_a_kernels_arguments() {
    run("old", &["-DOLD"], &[], false);
}

#[test]
fn a_system_that_pins_no_memory_or_only_some() {
    run("pins-0", &[], &[("FAKE_PINS", "0")], false);
    run("pins-1", &[], &[("FAKE_PINS", "1")], false);
}

#[test]
fn an_answer_that_nobody_knows_yet_is_an_error() {
    run("news", &[], &[("FAKE_NEWS", "1")], true);
}

kernel! {
    mod pretend {
        bindings { a: read f32, b: write f32 }
        params { words: [usize; 16] }
    }
    static KERNEL = "tests/fake"(fake) { cuda: "fake", includes: &[] }
    static ABSENT = "tests/absent"(absent) { cuda: "absent", includes: &[] }
}

#[test]
#[ignore = "runs in a process of its own"]
fn child() {
    let open = || Device::open("cuda", Settings::default()).unwrap();
    let (device, other) = (open(), Device::open("cuda:1", Settings::default()).unwrap());
    assert!(device.info().name.starts_with("xxx") && device.info().name.len() == 255);
    let (a, b) = (device.alloc(1 << 20).unwrap(), device.alloc(12 << 20).unwrap());
    if std::env::var_os("FAKE_NEWS").is_some() {
        let error = device.synchronize().unwrap_err();
        assert!(matches!(error, Error::Driver { .. }), "{error}");
        assert!(error.to_string().contains("CUDA error 4711"), "{error}");
        // What cannot be waited for is not freed: the process ends with it.
        std::process::exit(exit_after_news());
    }
    // Small writes through the staging memory, more than both halves hold; and one that waits.
    for i in 0..40u8 {
        a.write(0, &vec![i; 1 << 20]).unwrap();
        assert_eq!(a.read_blocking(512, 4).unwrap(), [i; 4]);
    }
    b.write(0, &vec![7; 12 << 20]).unwrap();
    assert!(b.read_blocking(0, 12 << 20).unwrap().iter().all(|&x| x == 7));

    let params = pretend::Params { words: std::array::from_fn(|i| i) };
    let both = |a: &Buffer, b| KERNEL.launch(pretend::Bindings { a: a.whole(), b }, params);
    let launch = both(&a, b.slice(256, 1024));
    device.launch(&launch).unwrap();
    device.launch(&launch.clone().shared(100 << 10)).unwrap();
    assert!(device.launch(&launch.clone().shared(300 << 10)).is_err());
    assert!(device.launch(&Launch { kernel: &ABSENT, ..launch.clone() }).is_err());
    // A time that is not a number is no time, and no panic.
    assert_eq!(device.time(&launch).unwrap(), Duration::ZERO);

    // Memory and recordings of another device.
    let stranger = other.alloc(1 << 20).unwrap();
    let mixed = both(&a, stranger.whole());
    let error = device.launch(&mixed).unwrap_err().to_string();
    assert!(error.contains("another device"), "{error}");
    let backend = Cuda::open(0, None).unwrap();
    for memory in [a.memory(), stranger.memory()] {
        assert!(backend.write(memory, 0, &[0; 4]).is_err());
        assert!(block_on(backend.read(memory, 0, 4)).is_err());
    }
    let far = usize::MAX - 255;
    let mut beyond = launch.clone();
    beyond.bindings[1].offset = far;
    assert!(backend.launch(&beyond).is_err() && device.launch(&beyond).is_err());

    // Recorded while another thread waits for the stream, again and again.
    let recording = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (0..2000).for_each(|_| device.synchronize().unwrap()));
        let mut kept = Vec::new();
        while !waiting.is_finished() {
            let step = || {
                let scratch = device.alloc(4096)?;
                let inner = both(&a, scratch.whole());
                device.launch(&inner)?;
                device.launch(&launch)
            };
            let ((), recording) = device.record(step).unwrap();
            device.replay(&recording).unwrap();
            assert!(other.replay(&recording).is_err());
            kept.push(recording);
            kept.truncate(3);
        }
        kept.pop()
    });
    let ((), empty) = device.record(|| Ok::<_, Error>(())).unwrap();
    device.replay(&empty).unwrap();
    // A recording that fails ends its capture.
    let bad = || device.launch(&launch.clone().shared(300 << 10));
    assert!(device.record(bad).is_err());
    device.launch(&launch).unwrap();

    assert_eq!(device.left(), Some(32 << 20));
    assert!(matches!(device.alloc(40 << 20), Err(Error::OutOfMemory { .. })));
    assert!(matches!(device.alloc(usize::MAX), Err(Error::TooLarge { .. })));
    // In the order that is least natural: the recording and the buffers outlive the device's handle.
    drop(device);
    drop((b, launch, beyond, mixed));
    drop(recording);
    drop((a, empty, other));
}

/// The child that must not go on, and whose memory stays: it says so as the harness would.
fn exit_after_news() -> i32 {
    println!("test result: ok. 1 passed");
    0
}
