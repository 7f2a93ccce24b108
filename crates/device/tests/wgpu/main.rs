//! The WebGPU machine: right numbers, nothing outside a binding touched, faults as errors.
#![cfg(feature = "wgpu")]

mod errors;

use pollster::block_on;
use strata_device::wgpu::Wgpu;
use strata_device::{Buffer, Device, Error, Launch, Machine, Settings, kernel};

const INCLUDES: &[(&str, &str)] =
    &[("scaled.wgsl", "fn scaled(x: f32, s: f32) -> f32 {\n    return x * s;\n}\n")];

/// out = a * scale + BIAS, and OUTER on top.
const SCALE: &str = "\
// include: scaled
override WG: u32 = 64u;
override BIAS: u32 = 0u;
const OUTER: u32 = 0u; // tune: 0 1000

struct Params { n: u32, scale: f32 }

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn scale(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        out[i] = scaled(a[i], p.scale) + f32(BIAS + OUTER);
    }
}
";

/// Adds b to a in place; no params, and writes past the end to see that naga stops it.
const ADD: &str = "\
@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;

@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
    a[id.x] += b[id.x];
}
";

kernel! {
    mod multiply {
        bindings { a: read f32, out: write f32 }
        params { n: usize, scale: f32 }
    }
    static SCALED = "test/1_scale"(scale) { wgsl: SCALE, includes: INCLUDES }
}

kernel! {
    mod add_to {
        bindings { a: write f32, b: read f32 }
        params {}
    }
    static ADDED = "test/2_add"(add) { wgsl: ADD, includes: &[] }
}

fn device() -> Option<Device> {
    open(Settings::default())
}

/// The software or hardware adapter of this computer; without one the test is announced as skipped.
fn open(settings: Settings) -> Option<Device> {
    match Device::open("wgpu", settings) {
        Ok(device) => Some(device),
        Err(error @ Error::Unavailable { .. }) => {
            let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|r| r.trim() == "wgpu"), "STRATA_REQUIRE: {error}");
            println!("SKIPPED: no WebGPU adapter ({error})");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

fn upload(device: &Device, data: &[f32]) -> Buffer {
    let buffer = device.alloc(data.len() * 4).unwrap();
    buffer.write(0, bytemuck::cast_slice(data)).unwrap();
    buffer
}

fn download(buffer: &Buffer) -> Vec<f32> {
    let bytes = buffer.read_blocking(0, buffer.bytes()).unwrap();
    bytemuck::pod_collect_to_vec(&bytes)
}

fn scale(a: &Buffer, out: &Buffer, n: usize, by: f32) -> Launch {
    SCALED
        .launch(
            multiply::Bindings { a: a.whole(), out: out.whole() },
            multiply::Params { n, scale: by },
        )
        .cover(n, 64)
}

#[test]
fn params_constants_and_includes_reach_the_kernel() {
    let Some(device) = device() else { return };
    let n = 1000;
    let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
    let (a, out) = (upload(&device, &x), upload(&device, &vec![-1.0; n + 24]));
    let launch = scale(&a, &out, n, 0.5).constant("BIAS", 3).constant("ONLY_CUDA_HAS_IT", 9);
    device.launch(&launch).unwrap();
    let got = download(&out);
    assert!((0..n).all(|i| got[i] == i as f32 * 0.5 + 3.0), "{:?}", &got[..8]);
    assert!(got[n..].iter().all(|&v| v == -1.0), "the guard behind the output was written");
    let tuned = scale(&a, &out, n, 1.0).constant("OUTER", 1000);
    device.launch(&tuned).unwrap();
    assert_eq!(download(&out)[7], 1007.0);
}

#[test]
fn a_binding_is_a_window_that_kernels_cannot_leave() {
    let Some(device) = device() else { return };
    let (a, b) = (upload(&device, &[1.0; 256]), upload(&device, &[2.0; 256]));
    // 10 floats from 64 on; the 64 invocations of the workgroup write past the window's end.
    let launch = ADDED
        .launch(add_to::Bindings { a: a.slice(256, 40), b: b.slice(512, 40) }, add_to::Params {})
        .block(64, 1, 1);
    device.launch(&launch).unwrap();
    let want = |i| if (64..74).contains(&i) { 3.0 } else { 1.0 };
    let got = download(&a);
    // Bounds checks may send stray writes to the window's last element, never outside it.
    let outside = (0..64).chain(74..256);
    assert!(outside.into_iter().all(|i| got[i] == 1.0), "{got:?}");
    assert!((64..73).all(|i| got[i] == want(i)), "{got:?}");
}

#[test]
fn launches_run_in_order_within_one_submit_and_beyond() {
    let Some(device) = device() else { return };
    let (a, b) = (upload(&device, &[1.0; 100]), upload(&device, &[0.0; 100]));
    for i in 0..1500 {
        let (from, to) = if i % 2 == 0 { (&a, &b) } else { (&b, &a) };
        device.launch(&scale(from, to, 100, 1.0).constant("BIAS", 1)).unwrap();
    }
    assert_eq!(download(&a), [1501.0; 100]);
    assert_eq!(download(&b), [1500.0; 100]);
    // A write comes after the launches before it and before those after it.
    device.launch(&scale(&a, &b, 100, 2.0)).unwrap();
    a.write(0, bytemuck::cast_slice(&[5.0f32; 100])).unwrap();
    assert_eq!(download(&b), [3002.0; 100]);
    let later = a.read(0, 4);
    device.launch(&scale(&b, &a, 100, 0.0)).unwrap();
    assert_eq!(block_on(later).unwrap(), 5.0f32.to_le_bytes(), "a read shows what was before it");
}

#[test]
fn heavy_launches_are_split_over_submits() {
    let Some(device) = device() else { return };
    let (a, b) = (upload(&device, &[1.0; 64]), upload(&device, &[0.0; 64]));
    let step = || {
        for i in 0..20 {
            let (from, to) = if i % 2 == 0 { (&a, &b) } else { (&b, &a) };
            device.launch(&scale(from, to, 64, 1.0).constant("BIAS", 1).cost(2e10, 0.0))?;
        }
        Ok::<(), Error>(())
    };
    step().unwrap();
    let ((), recording) = device.record(step).unwrap();
    device.replay(&recording).unwrap();
    assert_eq!(download(&a), [41.0; 64]);
}

#[test]
fn thousands_of_distinct_params_and_bind_groups() {
    let Some(device) = device() else { return };
    let (a, out) = (upload(&device, &[1.0; 8]), device.alloc(32 * 256).unwrap());
    for i in 0..5000usize {
        let window = out.slice(i % 32 * 256, 32);
        let bindings = multiply::Bindings { a: a.whole(), out: window };
        let launch = SCALED.launch(bindings, multiply::Params { n: 8, scale: i as f32 });
        device.launch(&launch.cover(8, 64)).unwrap();
    }
    let got = download(&out);
    for window in 0..32 {
        let last = (0..5000).rev().find(|i| i % 32 == window).unwrap() as f32;
        assert_eq!(got[window * 64..window * 64 + 8], [last; 8]);
    }
}

#[test]
fn a_recorded_step_replays_with_what_its_buffers_hold() {
    let Some(device) = device() else { return };
    let (a, out) = (upload(&device, &[2.0; 50]), upload(&device, &[0.0; 50]));
    let (inner, recording) = device
        .record(|| {
            let inner = device.alloc(200)?;
            device.launch(&scale(&a, &inner, 50, 10.0))?;
            device.launch(&scale(&inner, &out, 50, 1.0).constant("BIAS", 1))?;
            assert!(matches!(a.read_blocking(0, 4), Err(Error::Recording { .. })));
            Ok::<Buffer, Error>(inner)
        })
        .unwrap();
    drop(inner);
    assert_eq!(download(&out), [0.0; 50], "recording must not run anything");
    device.replay(&recording).unwrap();
    assert_eq!(download(&out), [21.0; 50]);
    a.write(0, bytemuck::cast_slice(&[3.0f32; 50])).unwrap();
    for _ in 0..3 {
        device.replay(&recording).unwrap();
        device.launch(&scale(&out, &a, 50, 1.0)).unwrap();
    }
    // 3 -> 31 -> 311 -> 3111
    assert_eq!(download(&a), [3111.0; 50]);
    let other = open(Settings::default()).unwrap();
    assert!(matches!(other.replay(&recording), Err(Error::Recording { .. })));
}

#[test]
fn the_second_step_allocates_nothing() {
    let Some(device) = device() else { return };
    let step = || {
        let (a, b) = (upload(&device, &[1.0; 3000]), device.alloc(12_000).unwrap());
        device.launch(&scale(&a, &b, 3000, 2.0)).unwrap();
        download(&b)
    };
    step();
    let before = device.stats();
    for _ in 0..10 {
        assert_eq!(step()[2999], 2.0);
    }
    let after = device.stats();
    assert_eq!((before.allocations, before.bytes), (after.allocations, after.bytes));
    device.trim();
    assert_eq!(device.stats().bytes, 0);
}

#[test]
fn one_launch_can_be_timed() {
    let Some(device) = device() else { return };
    let n = 1 << 20;
    let (a, out) = (upload(&device, &vec![1.0; n]), device.alloc(n * 4).unwrap());
    let time = device.time(&scale(&a, &out, n, 4.0)).unwrap();
    assert!(time.as_nanos() > 0 && time.as_secs() < 60, "{time:?}");
    assert_eq!(download(&out)[n - 1], 4.0);
}

#[test]
fn threads_share_a_device() {
    let Some(device) = device() else { return };
    let works = |i: usize| {
        let a = upload(&device, &[i as f32; 32]);
        let out = device.alloc(128).unwrap();
        (0..50).all(|_| {
            device.launch(&scale(&a, &out, 32, 2.0)).unwrap();
            download(&out) == [i as f32 * 2.0; 32]
        })
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|i| scope.spawn(move || works(i))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

#[test]
fn large_transfers_come_back_whole() {
    let Some(device) = device() else { return };
    let words: Vec<u32> = (0..20 << 20).collect();
    let a = device.alloc(words.len() * 4).unwrap();
    a.write(0, bytemuck::cast_slice(&words)).unwrap();
    let bytes = a.read_blocking(4, words.len() * 4 - 4).unwrap();
    assert!(bytes == bytemuck::cast_slice::<u32, u8>(&words[1..]));
    assert_eq!(a.read_blocking(0, 0).unwrap(), [0u8; 0]);
}

#[test]
fn the_list_says_what_is_here() {
    match block_on(Wgpu::list()) {
        Ok(list) => {
            assert!(list.iter().enumerate().all(|(i, info)| info.index == i));
            assert!(list.iter().all(|info| info.machine == Machine::Wgpu && !info.name.is_empty()));
            for info in list {
                println!("{} {} {:?}", info.label(), info.driver, info.caps);
            }
        }
        Err(error) => assert!(matches!(error, Error::Unavailable { .. }), "{error}"),
    }
}
