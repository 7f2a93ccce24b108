//! The CUDA machine. Without a card: clear errors, and kernels that compile. With one: launches,
//! params, constants, shared memory, recordings, timing.
#![cfg(all(feature = "cuda", not(target_family = "wasm")))]
use strata_device::cuda::{self, Cuda};
use strata_device::{
    Backend, Buffer, Device, Error, Kernel, Machine, Overlay, Settings, Signature, StepState,
    kernel, random,
};

use std::io::Write as _;
use std::sync::Mutex;

/// The card, or `None` after saying why there is none (an error where `STRATA_REQUIRE` names cuda).
fn card() -> Option<Device> {
    match Device::open("cuda", Settings::default()) {
        Ok(device) => Some(device),
        Err(error) => {
            skip(&format!("no CUDA device: {error}"));
            None
        }
    }
}

fn skip(reason: &str) {
    let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "cuda"), "STRATA_REQUIRE: {reason}");
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.iter().any(|r| r == reason) {
        // Not `eprintln!`, which the test harness hides for tests that pass.
        // Not eprintln: the test harness would swallow it.
        #[allow(clippy::explicit_write)]
        writeln!(std::io::stderr(), "SKIPPED: {reason}").unwrap();
        said.push(reason.into());
    }
}

/// Whether NVRTC is here.
fn compiler() -> bool {
    cuda::compile_available().inspect_err(|error| skip(&format!("no NVRTC: {error}"))).is_ok()
}

kernel! {
    mod add_scaled {
        bindings { x: read f32, y: write f32 }
        params { n: usize, a: f32 }
    }
    static AXPY = "tests/axpy"(axpy) {
        cuda: r#"
#ifndef SCALE
#define SCALE 1
#endif
struct Params { unsigned n; float a; };
extern "C" __global__ void axpy(const float* x, float* y, Params p) {
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * blockDim.x)
        y[i] += SCALE * p.a * x[i];
}
"#,
        includes: &[]
    }
}

kernel! {
    mod break_off {
        bindings { y: write f32 }
        params {  }
    }
    static BROKEN = "tests/broken"(broken) {
        cuda: "extern \"C\" __global__ void broken(float* y) {\n    int i = threadIdx.x;\n    y[i] = nothing;\n}\n",
        includes: &[]
    }
}

kernel! {
    mod include {
        bindings { y: write f32 }
        params {  }
    }
    static BROKEN_HEADER = "tests/header"(header) {
        cuda: "#include \"part.cuh\"\nextern \"C\" __global__ void header(float* y) { y[0] = part(); }\n",
        includes: &[("part.cuh", "#pragma once\n__device__ float part() { return oops; }\n")]
    }
}

#[test]
fn without_a_card_the_error_says_what_to_do() {
    match Cuda::open(0, None) {
        Ok(card) => println!("{card:?}: {:?}", card.info()),
        Err(error) => {
            skip(&format!("no CUDA device: {error}"));
            let Error::Unavailable { machine, reason, fix } = &error else {
                panic!("not an Unavailable error: {error}")
            };
            assert_eq!(*machine, Machine::Cuda);
            assert!(!reason.is_empty() && !fix.is_empty());
            // A card that is too old for NVRTC is listed, and refused when opened.
            assert!(matches!(cuda::list(), Ok(_) | Err(Error::Unavailable { .. })));
        }
    }
    for far in [9_999, usize::MAX] {
        assert!(matches!(Cuda::open(far, None), Err(Error::Unavailable { .. })), "cuda:{far}");
    }
}

#[test]
fn a_broken_kernel_names_its_file_and_line() {
    if !compiler() {
        return;
    }
    let Err(Error::Compile { path, log, .. }) = cuda::compile(&BROKEN, &[], "sm_80", None) else {
        panic!("a broken kernel compiled")
    };
    assert_eq!(path, "kernels/tests/broken.cu");
    assert!(log.contains("kernels/tests/broken.cu:3:") && log.contains("nothing"), "{log}");

    let error = cuda::compile(&BROKEN_HEADER, &[], "sm_80", None).unwrap_err().to_string();
    assert!(error.contains("kernels/include/part.cuh:2:"), "{error}");

    let error = cuda::compile(&BROKEN, &[], "sm_1", None).unwrap_err().to_string();
    assert!(error.contains("sm_1"), "{error}");
}

#[test]
fn an_overlay_replaces_the_text_and_is_named_in_errors() {
    if !compiler() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("strata-overlay-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    let file = folder.join("tests").join("axpy.cu");
    std::fs::write(&file, "// mine\n\nvoid axpy( {\n").unwrap();
    let overlay = Overlay::open(&folder).unwrap();
    let error = cuda::compile(&AXPY, &[], "sm_80", Some(&overlay)).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(error.contains(&format!("{}:3:", file.display())), "{error}");
}

#[test]
fn every_kernel_compiles_for_ampere_and_hopper() {
    if !compiler() {
        return;
    }
    let mut failures = Vec::new();
    for &(path, text) in strata_kernels::KERNELS {
        // What hopper.cuh holds (TMA, wgmma) exists on Hopper alone.
        let kernel = Kernel::new(path, "", &Signature::NONE).cuda(text, strata_kernels::INCLUDES);
        let hopper = text.contains("#include \"hopper");
        let archs: &[&str] = if hopper { &["sm_90a"] } else { &["sm_80", "sm_90a"] };
        for arch in archs {
            match cuda::compile(&kernel, &[], arch, None) {
                Ok(image) => {
                    assert!(image.starts_with(b"\x7fELF"), "{path} for {arch}: not an image")
                }
                Err(error) => failures.push(error.to_string()),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

kernel! {
    mod use_headers {
        bindings { s: read StepState, out: write f32 }
        params {  }
    }
    static HEADERS = "tests/headers"(headers) {
        cuda: r#"
#include "bf16.cuh"
#include "philox.cuh"
#include "reduce.cuh"
#include "step_state.cuh"
extern "C" __global__ void headers(const StepState* s, float* out) {
    unsigned i = threadIdx.x;
    uint4 r = philox(make_uint4(i, s->step, 0, 0), make_uint2(s->seed, 0));
    out[i] = __uint_as_float(r.x);
    out[256 + i] = block_sum((float)i);
    out[512 + i] = block_max(i == 77 ? 5.0f : -(float)i);
    float x = philox_uniform(r.y) - 0.5f;
    out[768 + i] = to_f32(to_bf16(x));
    out[1024 + i] = to_f32(to_f16(x));
}
"#,
        includes: strata_kernels::INCLUDES
    }
}

#[test]
fn headers_compile_everywhere() {
    if !compiler() {
        return;
    }
    for arch in ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"] {
        let image = cuda::compile(&HEADERS, &[], arch, None).unwrap();
        assert!(image.starts_with(b"\x7fELF"), "{arch}");
    }
    let ptx = cuda::compile(&HEADERS, &[], "compute_80", None).unwrap();
    assert!(String::from_utf8_lossy(&ptx).contains(".target sm_80"));
}

fn floats(device: &Device, values: &[f32]) -> Buffer {
    let buffer = device.alloc(values.len() * 4).unwrap();
    buffer.write(0, bytemuck::cast_slice(values)).unwrap();
    buffer
}

fn back(buffer: &Buffer) -> Vec<f32> {
    let bytes = buffer.read_blocking(0, buffer.bytes()).unwrap();
    bytemuck::pod_collect_to_vec(&bytes)
}

#[test]
fn headers_compute_what_the_host_computes() {
    let Some(device) = card() else { return };
    let state = StepState { step: 3, seed: 11, ..StepState::default() };
    let state = device.step_state(state).unwrap();
    let out = floats(&device, &[0.0; 1280]);
    let launch = HEADERS
        .launch(
            use_headers::Bindings { s: state.whole(), out: out.whole() },
            use_headers::Params {},
        )
        .block(256, 1, 1);
    device.launch(&launch).unwrap();
    let out = back(&out);
    for i in 0..256 {
        let r = random::philox([i as u32, 3, 0, 0], [11, 0]);
        assert_eq!(out[i].to_bits(), r[0], "philox {i}");
        assert_eq!(out[256 + i], 32_640.0, "sum");
        assert_eq!(out[512 + i], 5.0, "max");
        let x = random::uniform(r[1]) - 0.5;
        assert_eq!(out[768 + i], half::bf16::from_f32(x).to_f32(), "bf16 {i}");
        assert_eq!(out[1024 + i], half::f16::from_f32(x).to_f32(), "f16 {i}");
    }
}

#[test]
fn params_and_constants_arrive() {
    let Some(device) = card() else { return };
    let n = 100_003;
    let x = floats(&device, &(0..n).map(|i| i as f32).collect::<Vec<_>>());
    let y = floats(&device, &vec![1.0; n]);
    let launch = |scale| {
        let bindings = add_scaled::Bindings { x: x.whole(), y: y.whole() };
        let launch = AXPY.launch(bindings, add_scaled::Params { n, a: 0.5 });
        launch.cover(n, 256).constant("SCALE", scale)
    };
    device.launch(&launch(1)).unwrap();
    device.launch(&launch(4)).unwrap();
    let y = back(&y);
    assert!(y.iter().enumerate().all(|(i, &y)| y == 1.0 + 2.5 * i as f32));
}

kernel! {
    mod none {
        bindings { y: write f32 }
        params {}
    }
    static NO_ENTRY = "tests/none"(none) {
        cuda: "extern \"C\" __global__ void other(float* y) { y[0] = 1; }",
        includes: &[]
    }
}

#[test]
fn a_launch_that_does_not_fit_its_kernel_is_an_error() {
    let Some(device) = card() else { return };
    let (x, y) = (floats(&device, &[1.0; 4]), floats(&device, &[1.0; 4]));
    let bound = || {
        let bindings = add_scaled::Bindings { x: x.whole(), y: y.whole() };
        AXPY.launch(bindings, add_scaled::Params { n: 4, a: 1.0 })
    };
    let mut short = bound();
    short.params.pop();
    let error = device.launch(&short).unwrap_err().to_string();
    assert!(error.contains("params have 2 words, 1 were given"), "{error}");
    let error = device
        .launch(&NO_ENTRY.launch(none::Bindings { y: y.whole() }, none::Params {}))
        .unwrap_err();
    assert!(error.to_string().contains("no entry"), "{error}");
    let error = device.launch(&bound().shared(1 << 30)).unwrap_err();
    assert!(error.to_string().contains("shared memory"), "{error}");
    // The device still works.
    device.launch(&bound()).unwrap();
    assert_eq!(back(&y)[0], 2.0);
}

kernel! {
    mod turn {
        bindings { y: write f32 }
        params { n: usize }
    }
    static REVERSE = "tests/reverse"(reverse) {
        cuda: r#"
struct Params { unsigned n; };
extern "C" __global__ void reverse(float* y, Params p) {
    extern __shared__ float tile[];
    for (unsigned i = threadIdx.x; i < p.n; i += blockDim.x) tile[i] = y[i];
    __syncthreads();
    for (unsigned i = threadIdx.x; i < p.n; i += blockDim.x) y[i] = tile[p.n - 1 - i];
}
"#,
        includes: &[]
    }
}

#[test]
fn shared_memory_may_exceed_the_default_48_kib() {
    let Some(device) = card() else { return };
    for n in [1024usize, 16_000] {
        if n * 4 > device.info().caps.shared_bytes as usize {
            println!(
                "SKIPPED: this card has only {} bytes a block",
                device.info().caps.shared_bytes
            );
            continue;
        }
        let y = floats(&device, &(0..n).map(|i| i as f32).collect::<Vec<_>>());
        let launch =
            REVERSE.launch(turn::Bindings { y: y.whole() }, turn::Params { n }).block(256, 1, 1);
        device.launch(&launch.shared((n * 4) as u32)).unwrap();
        assert!(back(&y).iter().enumerate().all(|(i, &y)| y == (n - 1 - i) as f32));
    }
}

kernel! {
    mod add_rate {
        bindings { s: read StepState, x: read f32, y: write f32 }
        params {  }
    }
    static ADD = "tests/add"(add) {
        cuda: r#"
#include "step_state.cuh"
extern "C" __global__ void add(const StepState* s, const float* x, float* y) {
    y[threadIdx.x] = x[threadIdx.x] + s->lr;
}
"#,
        includes: strata_kernels::INCLUDES
    }
}

#[test]
fn a_recording_replays_with_what_its_buffers_hold() {
    let Some(device) = card() else { return };
    let state = device.step_state(StepState { lr: 1.0, ..StepState::default() }).unwrap();
    let x = floats(&device, &[0.0; 32]);
    let step = || -> strata_device::Result<()> {
        let between = device.alloc(128)?;
        let add = |a: &Buffer, b: &Buffer| {
            let launch = ADD.launch(
                add_rate::Bindings { s: state.whole(), x: a.whole(), y: b.whole() },
                add_rate::Params {},
            );
            device.launch(&launch.block(32, 1, 1))
        };
        add(&x, &between)?;
        add(&between, &x)
    };
    let ((), recording) = device.record(step).unwrap();
    assert_eq!(back(&x)[0], 0.0, "recording runs nothing");
    for n in 1..=3 {
        device.replay(&recording).unwrap();
        assert_eq!(back(&x), [2.0 * n as f32; 32]);
    }
    let lr = StepState { lr: 10.0, ..StepState::default() };
    state.write(0, bytemuck::bytes_of(&lr)).unwrap();
    device.replay(&recording).unwrap();
    assert_eq!(back(&x), [26.0; 32]);
    let ((), empty) = device.record(|| Ok::<_, Error>(())).unwrap();
    device.replay(&empty).unwrap();
}

#[test]
fn writes_of_any_size_arrive_in_order() {
    let Some(device) = card() else { return };
    // Small writes go through a ring of two halves of 4 MiB: run around it more than twice.
    let words = 200_000;
    let buffer = device.alloc(words * 4).unwrap();
    for round in 0..30u32 {
        let data: Vec<u32> = (0..words as u32).map(|i| i ^ (round << 20)).collect();
        buffer.write(0, bytemuck::cast_slice(&data)).unwrap();
        if round % 7 == 0 {
            let got = buffer.read_blocking(0, words * 4).unwrap();
            assert!(got == bytemuck::cast_slice::<u32, u8>(&data), "round {round}");
        }
    }
    let large: Vec<u32> = (0..5 << 20).collect();
    let buffer = device.alloc(large.len() * 4).unwrap();
    buffer.write(0, bytemuck::cast_slice(&large)).unwrap();
    let got = buffer.read_blocking(0, large.len() * 4).unwrap();
    assert!(got == bytemuck::cast_slice::<u32, u8>(&large));
}

#[test]
fn a_timed_launch_takes_time_and_runs() {
    let Some(device) = card() else { return };
    let n = 1 << 24;
    let (x, y) = (floats(&device, &vec![1.0; n]), floats(&device, &vec![0.0; n]));
    let bindings = add_scaled::Bindings { x: x.whole(), y: y.whole() };
    let launch = AXPY.launch(bindings, add_scaled::Params { n, a: 1.0 });
    let launch = launch.cover(n, 256);
    device.prepare(&launch).unwrap();
    let time = device.time(&launch).unwrap();
    assert!(time.as_nanos() > 0 && time.as_secs() < 10, "{time:?}");
    assert_eq!(back(&y)[n - 1], 1.0);
}

#[test]
fn too_much_memory_is_an_error() {
    let Some(device) = card() else { return };
    let all = device.info().caps.max_buffer;
    assert!(matches!(device.alloc(all + 1), Err(Error::TooLarge { .. })));
    let first = device.alloc(all / 2).ok();
    let rest = device.alloc(all - all / 8);
    assert!(matches!(rest, Err(Error::OutOfMemory { .. })), "{rest:?}");
    drop(first);
    device.trim();
    floats(&device, &[1.0]);
}

#[test]
fn handles_may_be_dropped_on_other_threads_and_after_the_device() {
    let Some(device) = card() else { return };
    let x = floats(&device, &[1.0; 4]);
    let y = floats(&device, &[1.0; 4]);
    std::thread::spawn(move || assert_eq!(back(&x), [1.0; 4])).join().unwrap();
    drop(device);
    assert_eq!(back(&y), [1.0; 4]);
}
